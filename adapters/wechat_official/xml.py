"""The XML that WeChat speaks: one element with texts in it, nothing below them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree.ElementTree import ParseError

from defusedxml import ElementTree

# What XML cannot hold, in whatever form: https://www.w3.org/TR/xml/#charsets
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read(body: bytes) -> dict[str, str]:
    """The texts in *body* by their names. Raises `ValueError`: it is none of WeChat's.

    A document type, and with it every entity, is refused before anything is made of it.
    """
    if body.lstrip()[:1] == b"{":
        raise ValueError("it is JSON: choose XML as 数据格式 in WeChat's console")
    try:
        root = ElementTree.fromstring(body.decode(), forbid_dtd=True)
    except (ParseError, LookupError) as exc:
        raise ValueError("it is no XML") from exc
    if root.tag != "xml":
        raise ValueError("it is no XML of WeChat's")
    return {child.tag: child.text or "" for child in root}


def write(fields: Mapping[str, str | int]) -> str:
    """*fields* as WeChat reads them; what XML cannot hold is left out."""
    return f"<xml>{''.join(_element(name, value) for name, value in fields.items())}</xml>"


def _element(name: str, value: str | int) -> str:
    return f"<{name}>{value if isinstance(value, int) else _quoted(value)}</{name}>"


def _quoted(text: str) -> str:
    # The end of a quotation cannot be quoted: it is torn in two.
    inner = _FORBIDDEN.sub("", text).replace("]]>", "]]]]><![CDATA[>")
    return f"<![CDATA[{inner}]]>"
