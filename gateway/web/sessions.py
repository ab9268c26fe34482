"""Who has said the password: a signed cookie, so that nothing need be remembered here."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import time
from pathlib import Path

from gateway.errors import StoreError

# Seconds that a login lasts.
LIFETIME = 30 * 24 * 3600
_FILE = "web.key"
_KEY_BYTES = 32


class Sessions:
    """Makes and checks the tokens of one password: with another password or key, none of them counts."""

    def __init__(self, key: bytes, password: str) -> None:
        self._key = hmac.digest(key, password.encode(), hashlib.sha256)

    def open(self, now: float | None = None) -> str:
        """A new token. *now* is in seconds since 1970."""
        begun = int(time.time() if now is None else now)
        payload = f"{begun}.{secrets.token_urlsafe(9)}"
        return f"{payload}.{self._sign(payload)}"

    def valid(self, token: str, now: float | None = None) -> bool:
        """True for a token of ours that is not too old."""
        payload, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode("utf-8", "replace"), self._sign(payload).encode()):
            return False
        begun = int(payload.partition(".")[0])
        return begun <= (time.time() if now is None else now) + 60 <= begun + LIFETIME + 60

    def _sign(self, payload: str) -> str:
        return hmac.digest(self._key, payload.encode("utf-8", "replace"), hashlib.sha256).hex()


def load_key(folder: Path) -> bytes:
    """The key in *folder*, drawn when there is none; its owner alone can read it. Raises `StoreError`."""
    path = folder / _FILE
    try:
        if not path.exists():
            _draw(path)
        key = path.read_bytes()
    except OSError as exc:
        raise StoreError(f"the key of the web server's logins, {path}: {exc.strerror}") from exc
    if len(key) != _KEY_BYTES:
        raise StoreError(f"{path} is no key of ours: remove it, and everybody logs in anew")
    return key


def _draw(path: Path) -> None:
    # Under another name first: after a crash there is a whole key or none.
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(_KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
