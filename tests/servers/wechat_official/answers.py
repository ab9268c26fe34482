"""What the account's server answered to a push, read as strictly as WeChat reads it."""

from __future__ import annotations

from xml.etree import ElementTree  # what comes from our own server

from .api import LONGEST_TEXT
from .crypto import decrypt, sign
from .world import Account, Push

_SEALED = {"Encrypt", "MsgSignature", "TimeStamp", "Nonce"}


class Unreadable(Exception):
    """It is no answer."""


def read(account: Account, push: Push, status: int, body: bytes) -> str | None:
    """The text that the person is to be shown, or None: nothing. Raises `Unreadable`."""
    if status != 200:
        raise Unreadable(f"status {status}")
    if body in (b"", b"success"):
        return None
    fields = _fields(body)
    if set(fields) == _SEALED:
        if account.mode == "plain":
            raise Unreadable("encrypted in plain mode")
        fields = _opened(account, fields)
    elif account.mode == "secure":
        raise Unreadable("not encrypted in secure mode")
    return _text(push, fields)


def _fields(body: bytes | str) -> dict[str, str]:
    try:
        root = ElementTree.fromstring(body)
    except (ElementTree.ParseError, ValueError) as exc:
        raise Unreadable(f"no XML: {body[:100]!r}") from exc
    if root.tag != "xml" or any(len(child) for child in root):
        raise Unreadable(f"not the XML of a message: {body[:100]!r}")
    return {child.tag: child.text or "" for child in root}


def _opened(account: Account, fields: dict[str, str]) -> dict[str, str]:
    signed = (account.token, fields["TimeStamp"], fields["Nonce"], fields["Encrypt"])
    if sign(*signed) != fields["MsgSignature"]:
        raise Unreadable("the signature of the answer is wrong")
    try:
        return _fields(decrypt(account.key, account.app_id, fields["Encrypt"]))
    except (ValueError, IndexError) as exc:
        raise Unreadable(f"cannot be decrypted: {exc}") from exc


def _text(push: Push, fields: dict[str, str]) -> str:
    if fields.get("ToUserName") != push.person.id or fields.get("FromUserName") != push.fields["ToUserName"]:
        raise Unreadable("from or to somebody else")
    if not fields.get("CreateTime", "").isdecimal():
        raise Unreadable("without a time")
    if fields.get("MsgType") != "text" or not fields.get("Content"):
        raise Unreadable("without a text")
    if len(fields["Content"].encode()) > LONGEST_TEXT:
        raise Unreadable(f"more than {LONGEST_TEXT} bytes")
    return fields["Content"]
