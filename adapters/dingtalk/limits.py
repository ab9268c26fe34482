"""How fast DingTalk lets us call and write."""

from __future__ import annotations

from adapters.dingtalk.options import Pacing
from gateway.errors import RateLimited
from gateway.pacing import Bucket, Buckets, admit, by_the_minute, denied_for

_MARGIN = 0.8  # of what is allowed: DingTalk's seconds do not begin with ours
_RESERVE = 2  # places that views of growing cards leave free for what must arrive


class Limits:
    """Keeps one application below its limits; with no *pacing*, never waits.

    DingTalk counts each interface apart: messages and cards have a bucket each.
    """

    def __init__(self, pacing: Pacing | None) -> None:
        self._paced = pacing is not None
        allowed = pacing or Pacing()
        rate = allowed.calls_per_second * _MARGIN
        self._calls = Bucket(rate, max(1.0, rate / 2))
        self._cards = Bucket(rate, max(1.0, rate / 2))
        self._groups = Buckets(*by_the_minute(allowed.group_per_minute))

    async def admit(self, group: str | None = None) -> None:
        """Wait for a place for a message. Raises `RateLimited`: that would take long."""
        if self._paced:
            await admit(self._calls, *([self._groups[group]] if group is not None else []))

    async def admit_card(self) -> None:
        """Wait for a place for what a card must show. Raises `RateLimited`: that would take long."""
        if self._paced:
            await admit(self._cards)

    def squeeze_card(self) -> None:
        """Take a place for a view that may be left out. Raises `RateLimited`: there is none to spare."""
        wait = denied_for(self._cards, spare=_RESERVE) if self._paced else 0.0
        if wait > 0:
            raise RateLimited("there is no room for a view of a card", wait)

    def flood(self, seconds: float, group: str | None = None) -> None:
        """DingTalk says to write nothing for *seconds*, to one *group* or to anybody."""
        (self._groups[group] if group is not None else self._calls).empty(seconds)

    def flood_cards(self, seconds: float) -> None:
        """DingTalk says to touch no card for *seconds*."""
        self._cards.empty(seconds)
