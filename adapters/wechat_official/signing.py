"""Is it WeChat who calls? The signature, its age, and whether it was used for something else before.

https://developers.weixin.qq.com/doc/subscription/guide/dev/push/
"""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Mapping

OLDEST = 300.0
"""Seconds. WeChat asks three times within fifteen; the rest is for clocks that differ.

In plain mode the signature does not cover the body: who saw one could say anything with it, so it must not be
good for long.
"""
_REMEMBERED = 10_000


def signature(*parts: str) -> str:
    """What WeChat signs *parts* with: the token, a timestamp, a nonce, and what is encrypted, if there is."""
    # The protocol's choice, not ours.
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def is_signed(given: str, *parts: str) -> bool:
    """Whether *given* is the signature of *parts*; takes the same time wherever they differ."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), signature(*parts).encode())


def is_genuine(query: Mapping[str, str], token: str) -> bool:
    """Whether the *query* of a request is signed with *token*; that says nothing of when it was made."""
    timestamp, nonce = _text(query, "timestamp"), _text(query, "nonce")
    return is_signed(_text(query, "signature"), token, timestamp, nonce)


def time_of(query: Mapping[str, str]) -> float:
    """When *query* was signed, in seconds since 1970; long ago where it does not say."""
    timestamp = query.get("timestamp", "")
    readable = timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 15
    return float(timestamp) if readable else 0.0


class Signatures:
    """What each signature came with: none is good for a second message."""

    def __init__(self) -> None:
        self._messages: OrderedDict[str, bytes] = OrderedDict()

    def fit(self, query: Mapping[str, str], fields: Mapping[str, str]) -> bool:
        """False where the signature of *query*, genuine and new, has come with others than *fields*.

        WeChat asking again says the same, but what is encrypted beside it looks another way each time.
        """
        said = sorted((name, text) for name, text in fields.items() if name != "Encrypt")
        digest = hashlib.sha256(repr(said).encode()).digest()
        if self._messages.setdefault(query.get("signature", ""), digest) != digest:
            return False
        if len(self._messages) > _REMEMBERED:
            self._messages.popitem(last=False)
        return True


def _text(query: Mapping[str, str], name: str) -> str:
    """A parameter as it can be encoded."""
    return query.get(name, "").encode("utf-8", "replace").decode()
