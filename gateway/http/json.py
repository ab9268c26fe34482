"""JSON that survives what is no Unicode."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import orjson

from gateway.text import clean

DEEPEST = 200
"""No payload of a platform's is nested so deep, and to show, compare or write such a value still works."""
_MOST_DIGITS = 20
# A string, or what begins and ends an array or an object; no sign is looked at twice.
_SIGN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)


def loads(payload: bytes | str) -> Any:
    """The JSON value in *payload*; what is no Unicode in it is replaced. Raises `ValueError`.

    A number that 64 bits do not hold is a float; what is nested deeper than `DEEPEST` is left out.
    """
    try:
        value = orjson.loads(payload)
    except orjson.JSONDecodeError:
        # Lone surrogates ("\\ud83d") and endless numbers are JSON to the standard library alone.
        text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else payload
        try:
            value = _read(text)
        except RecursionError:
            value = _read(_shallow(text))
    if may_be_deep(payload):
        # The rest may be needed: one strange message among others must not keep them from us.
        for part in _too_deep(value):
            part.clear()
    return value


def _read(text: str) -> Any:
    return json.loads(clean(json.dumps(json.loads(text, parse_int=_number), ensure_ascii=False)))


def _shallow(text: str) -> str:
    """JSON without what is nested deeper than `DEEPEST`: of about 1,000 levels no parser reads the rest."""
    kept, begin, depth = list[str](), 0, 0
    for found in _SIGN.finditer(text):
        if found[0] in ("[", "{"):
            depth += 1
            if depth == DEEPEST + 1:
                kept.append(text[begin : found.end()])
        elif found[0] in ("]", "}"):
            if depth == DEEPEST + 1:
                begin = found.start()
            depth -= 1
    return "".join(kept) + (text[begin:] if depth <= DEEPEST else "")


def is_deep(value: Any) -> bool:
    """True where a JSON *value* is nested deeper than `DEEPEST`."""
    return bool(_too_deep(value))


def _too_deep(value: Any) -> list[Any]:
    """The parts of a JSON *value* that are nested too deep."""
    level = [value]
    for _ in range(DEEPEST):
        level = [child for node in level for child in _children(node) if isinstance(child, (dict, list))]
    return level


def _children(node: Any) -> Iterable[Any]:
    return node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()


def may_be_deep(payload: bytes | str) -> bool:
    """Whether JSON has enough brackets for too deep a value: what `is_deep` costs, hardly any has to pay."""
    if isinstance(payload, str):
        return payload.count("[") + payload.count("{") >= DEEPEST
    return payload.count(b"[") + payload.count(b"{") >= DEEPEST


def _number(digits: str) -> int | float:
    number = int(digits) if len(digits) <= _MOST_DIGITS else 2**64
    return number if -(2**63) <= number < 2**64 else float(digits)


def dumps(value: object) -> bytes:
    """*value* as JSON; what is no Unicode in it is replaced."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return clean(json.dumps(value, ensure_ascii=False)).encode()
