"""What the web server remembers over restarts: the password's hash, and which logins were ended.

One small file in the data folder, its owner's alone. Without it everybody logs in anew.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gateway import password as passwords
from gateway.errors import StoreError
from gateway.files import replace
from gateway.http import dumps, loads

_FILE = "web.json"


@dataclass(slots=True)
class Kept:
    """The content of the file.

    `key` signs, in hex. `hash` is the password's, and `epoch` another one for each password that there was.
    `ended` says until when (seconds since 1970) a login that was ended would have been good.
    """

    key: str = field(default_factory=lambda: secrets.token_hex(32))
    epoch: str = ""
    hash: str = ""
    ended: dict[str, int] = field(default_factory=dict)


class Keep:
    """The file in one folder. `open` and `write` block, and raise `StoreError`."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE
        self._kept = Kept()

    @classmethod
    def open(cls, folder: Path, password: str) -> Keep:
        """The file for *password*, or for its hash: another one than before ends every login."""
        keep = cls(folder)
        keep._kept = kept = keep._read()
        hash = _hash(password, kept.hash)
        if hash != kept.hash or not kept.epoch:
            kept.hash = hash
            keep.end_all()
            keep.write(keep.dump())
        return keep

    @property
    def hash(self) -> str:
        """The password's."""
        return self._kept.hash

    @property
    def ended(self) -> dict[str, int]:
        """The logins that were ended, and until when they would have been good."""
        return self._kept.ended

    def key(self, purpose: str) -> bytes:
        """What signs for one *purpose*."""
        return hmac.digest(bytes.fromhex(self._kept.key), purpose.encode(), hashlib.sha256)

    def login_key(self) -> bytes:
        """What signs logins with this password."""
        return self.key(f"login {self._kept.epoch}")

    def end_all(self) -> None:
        """No login so far is good any more."""
        self._kept.epoch = secrets.token_hex(16)
        self._kept.ended.clear()

    def dump(self) -> bytes:
        """The content of the file as it should be now."""
        return dumps(asdict(self._kept))

    def write(self, content: bytes) -> None:
        """Make what `dump` gave durable."""
        try:
            replace(self._path, content)
        except OSError as exc:
            raise self._error(exc) from exc

    def _error(self, exc: OSError) -> StoreError:
        return StoreError(f"{self._path}, which keeps the logins of the web server: {exc.strerror}")

    def _read(self) -> Kept:
        try:
            return _kept(loads(self._path.read_bytes()))
        except FileNotFoundError:
            return Kept()
        except OSError as exc:
            raise self._error(exc) from exc
        except (ValueError, TypeError) as exc:
            raise StoreError(
                f"{self._path} is not as we write it: remove it, and everybody logs in anew"
            ) from exc


def _kept(value: Any) -> Kept:
    """What a file says. Raises `ValueError`, `TypeError`: it is none of ours."""
    kept = Kept(**value)
    texts = all(isinstance(text, str) for text in (kept.key, kept.epoch, kept.hash))
    if not texts or len(bytes.fromhex(kept.key)) != 32 or not isinstance(kept.ended, dict):
        raise ValueError("no key, or of another kind")
    kept.ended = {str(id): int(until) for id, until in kept.ended.items()}
    return kept


def _hash(password: str, known: str) -> str:
    """The hash of *password*, which may be one itself; the *known* one where it is of the same."""
    if passwords.is_hash(password):
        return password
    return known if known and passwords.verify(known, password) else passwords.hashed(password)
