"""Who has said the password: signed cookies, of which only the ended ones need be remembered here."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time

from gateway.web.keep import Keep

# Seconds that a login lasts.
LIFETIME = 30 * 24 * 3600
# Ended logins that are remembered; one more, and all are ended.
_MOST_ENDED = 10_000


class Signed:
    """Texts that we gave out: nobody else can make them."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, text: str) -> str:
        """*text* and its signature."""
        return f"{text}.{self._signature(text)}"

    def read(self, signed: str) -> str | None:
        """The text in *signed*; None where it is none of ours."""
        text, _, signature = signed.rpartition(".")
        good = hmac.compare_digest(signature.encode("utf-8", "replace"), self._signature(text).encode())
        return text if good else None

    def _signature(self, text: str) -> str:
        return hmac.digest(self._key, text.encode("utf-8", "replace"), hashlib.sha256).hex()


class Sessions:
    """Makes and checks the tokens of the password in *keep*."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._signed = Signed(keep.login_key())

    def open(self, now: float | None = None) -> str:
        """A new token. *now* is in seconds since 1970."""
        begun = int(time.time() if now is None else now)
        return self._signed.sign(f"{begun}.{secrets.token_urlsafe(9)}")

    def valid(self, token: str, now: float | None = None) -> bool:
        """True for a token of ours that is not too old, and was not ended."""
        return self._id(token, now) is not None

    def end(self, token: str, now: float | None = None) -> bool:
        """Make *token* worthless; false where it was that already. The keep is to be written then."""
        id = self._id(token, now)
        if id is None:
            return False
        ended = self._keep.ended
        moment = time.time() if now is None else now
        for old in [old for old, until in ended.items() if until < moment]:
            del ended[old]
        if len(ended) >= _MOST_ENDED:
            self._keep.end_all()
            self._signed = Signed(self._keep.login_key())
        ended[id] = _begun(id) + LIFETIME + 60
        return True

    def _id(self, token: str, now: float | None) -> str | None:
        """What tells *token* from others; None where it is not good."""
        id = self._signed.read(token)
        if id is None or id in self._keep.ended:
            return None
        moment = (time.time() if now is None else now) + 60
        return id if _begun(id) <= moment <= _begun(id) + LIFETIME + 60 else None


def _begun(id: str) -> int:
    return int(id.partition(".")[0])
