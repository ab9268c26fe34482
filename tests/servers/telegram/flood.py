"""How fast a bot may speak.

About one message a second in a chat, twenty a minute in a group and thirty a second over all:
https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import dataclass

from .entities import ApiError


@dataclass(frozen=True, slots=True)
class Limits:
    """Messages a second in a chat (*burst* of them at once), a *minute* in a group, a second over all."""

    per_chat: float | None = None
    group_per_minute: int | None = None
    overall: int | None = None
    burst: int = 1
    minute: float = 60.0


class Window:
    """At most *most* in any *span* of seconds."""

    def __init__(self, most: int, span: float) -> None:
        self.most = most
        self.span = span
        self._times: deque[float] = deque()

    def wait(self, now: float) -> float:
        """Seconds until there is room."""
        while self._times and self._times[0] <= now - self.span:
            self._times.popleft()
        return self._times[0] + self.span - now if len(self._times) >= self.most else 0.0

    def add(self, now: float) -> None:
        """Take a place."""
        self._times.append(now)


class Bucket:
    """*rate* a second in the long run, *burst* at once."""

    def __init__(self, rate: float, burst: int) -> None:
        self.rate = rate
        self.burst = burst
        self._full = 0.0  # when it is full again

    def wait(self, now: float) -> float:
        """Seconds until there is room."""
        return self._full - now - (self.burst - 1) / self.rate

    def add(self, now: float) -> None:
        """Take a place."""
        self._full = max(self._full, now) + 1 / self.rate


class Flood:
    """Refuses what comes too fast, naming the seconds after which it will not be too fast."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._overall = None if limits.overall is None else Window(limits.overall, 1.0)
        self._chats: dict[tuple[int, bool], Bucket] = {}
        self._groups: dict[int, Window] = {}

    def take(self, chat: int, *, draft: bool = False) -> None:
        """Count one message to *chat*, or one *draft*, which have a bucket of their own.

        Raises `ApiError`: 429 with `retry_after`; what is refused is not counted.
        """
        limits, now = self._limits, time.monotonic()
        counters: list[Bucket | Window] = [] if self._overall is None else [self._overall]
        if limits.per_chat is not None:
            key = (chat, draft)
            counters.append(self._chats.setdefault(key, Bucket(limits.per_chat, limits.burst)))
        if limits.group_per_minute is not None and chat < 0:
            counters.append(self._groups.setdefault(chat, Window(limits.group_per_minute, limits.minute)))
        wait = max((counter.wait(now) for counter in counters), default=0.0)
        if wait > 0:
            raise too_many(math.ceil(wait))
        for counter in counters:
            counter.add(now)


def too_many(seconds: int) -> ApiError:
    """The 429 of the Bot API."""
    return ApiError(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})
