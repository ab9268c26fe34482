"""Whether what somebody types is the password: found out beside the event loop, and once for each text."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from concurrent.futures import ThreadPoolExecutor

from gateway import password
from gateway.newest import Newest

# Texts whose worth is remembered: monitoring says the same one every few seconds.
_MOST = 256


class Verifier:
    """Compares with one *hash*. What was typed is kept as a digest alone, with a key of this process."""

    def __init__(self, hash: str) -> None:
        self._hash = hash
        self._key = secrets.token_bytes(32)
        self._worth: Newest[bytes, bool] = Newest(_MOST)
        # One at a time: each takes a processor and some megabytes.
        self._thread = ThreadPoolExecutor(1, "password")

    def remembered(self, given: str) -> bool | None:
        """Whether *given* is the password; None where that must be found out."""
        return self._worth.get(self._digest(given))

    async def verify(self, given: str) -> bool:
        """Whether *given* is the password."""
        loop = asyncio.get_running_loop()
        good = await loop.run_in_executor(self._thread, password.verify, self._hash, given)
        self._worth[self._digest(given)] = good
        return good

    def close(self) -> None:
        """Nothing is verified any more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _digest(self, given: str) -> bytes:
        return hmac.digest(self._key, given.encode("utf-8", "replace"), hashlib.sha256)
