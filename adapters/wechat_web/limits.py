"""How fast we write: like a person, so that WeChat has no reason to restrict the account."""

from __future__ import annotations

import asyncio
import random
import time

from adapters.wechat_web.options import Pacing
from gateway.errors import RateLimited
from gateway.pacing import LONGEST_PAUSE, Bucket, by_the_minute


class Limits:
    """Gives out the moments at which we may write, one message at a time; with no *pacing*, never waits."""

    def __init__(self, pacing: Pacing | None) -> None:
        self._paced = pacing is not None
        self._delay = pacing.delay if pacing else (0.0, 0.0)
        self._bucket = Bucket(*by_the_minute((pacing or Pacing()).per_minute))
        self._free = 0.0  # when whoever writes before us will have written, by `time.monotonic`
        self._quiet = 0.0  # until when WeChat wants nothing, by the same clock

    async def admit(self) -> None:
        """Wait until it is time to write a message. Raises `RateLimited`: that would take long."""
        now = time.monotonic()
        wait = self._quiet - now
        if self._paced:
            wait = max(wait, self._bucket.wait(), self._free - now)
        wait = max(0.0, wait)
        delay = random.uniform(*self._delay)  # noqa: S311 - no secret
        if wait > LONGEST_PAUSE:
            raise RateLimited(f"we can write again in {wait:.0f} s", wait)
        if self._paced:
            self._bucket.take()
            self._free = now + wait + delay
        await asyncio.sleep(wait + delay)

    def flood(self, seconds: float) -> None:
        """WeChat says that we are too fast: write nothing for *seconds*."""
        self._quiet = time.monotonic() + seconds
