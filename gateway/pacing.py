"""Staying below a platform's limits instead of running into them."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict

from gateway.errors import RateLimited

LONGEST_PAUSE = 10.0
"""Seconds to wait inside a send; who must wait longer is told so instead."""


class Bucket:
    """A token bucket: *rate* a second, at most *burst* at once. Times in seconds."""

    __slots__ = ("_level", "_time", "burst", "rate")

    def __init__(self, rate: float, burst: float) -> None:
        self.rate = rate
        self.burst = burst
        self._level = burst
        self._time = time.monotonic()

    def _refill(self) -> None:
        now = time.monotonic()
        self._level = min(self.burst, self._level + (now - self._time) * self.rate)
        self._time = now

    def wait(self, spare: float = 0) -> float:
        """How long until one may pass and *spare* places are left; 0 = now."""
        self._refill()
        return max(0.0, (min(1 + spare, self.burst) - self._level) / self.rate)

    def take(self) -> float:
        """Book one place; how long to wait until it is due. Places are given in the order of the calls."""
        pause = self.wait()
        self._level -= 1
        return pause

    def empty(self, seconds: float) -> None:
        """The platform says to wait *seconds*: nobody passes before."""
        self._refill()
        self._level = min(self._level, 1 - seconds * self.rate)

    @property
    def full(self) -> bool:
        """True where forgetting the bucket would change nothing."""
        self._refill()
        return self._level >= self.burst


class Buckets:
    """A bucket for each key, forgotten when it is full again; never more than *most* of them."""

    def __init__(self, rate: float, burst: float, most: int = 10_000) -> None:
        self._rate = rate
        self._burst = burst
        self._most = most
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def __getitem__(self, key: str) -> Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            self._forget()
            bucket = self._buckets[key] = Bucket(self._rate, self._burst)
        else:
            self._buckets.move_to_end(key)
        return bucket

    def __len__(self) -> int:
        return len(self._buckets)

    def _forget(self) -> None:
        # Two looks at the oldest for each new one: the table follows what is really in use.
        for _ in range(2):
            key = next(iter(self._buckets), None)
            if key is None or not (self._buckets[key].full or len(self._buckets) >= self._most):
                return
            del self._buckets[key]


def by_the_minute(most: float) -> tuple[float, float]:
    """The rate (a second) and the burst of a bucket for *most* in any minute.

    A quarter of them may go at once and the rest evenly, so that no minute ever holds more.
    """
    burst = max(1.0, most // 4)
    return max(most - burst, most / 2) / 60, burst


async def admit(*buckets: Bucket) -> None:
    """Wait until every bucket lets a message pass, and take it from each.

    Raises `RateLimited`, and takes nothing, where that would be longer than `LONGEST_PAUSE`.
    """
    wait = max((bucket.wait() for bucket in buckets), default=0.0)
    if wait > LONGEST_PAUSE:
        raise RateLimited(f"this chat can be written to in {wait:.0f} s", wait)
    await pause(*buckets)


def seldom() -> Bucket:
    """For what any stranger can have us write to the log: ten lines, and then one a minute."""
    return Bucket(1 / 60, 10)


async def pause(*buckets: Bucket) -> None:
    """Wait until every bucket lets one pass, and take it from each."""
    longest = max((bucket.take() for bucket in buckets), default=0.0)
    if longest > 0:
        await asyncio.sleep(longest)


def denied_for(*buckets: Bucket, spare: float = 0) -> float:
    """Ask for one place in each bucket, without waiting; returns 0 where they are given.

    Where one of them has not that and *spare* more now, nothing is taken: returns in how many seconds to ask
    again.
    """
    longest = max((bucket.wait(spare) for bucket in buckets), default=0.0)
    if longest == 0:
        for bucket in buckets:
            bucket.take()
    return longest
