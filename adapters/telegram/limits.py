"""How fast Telegram lets us send."""

from __future__ import annotations

from adapters.telegram.options import Pacing
from gateway import Chat
from gateway.errors import RateLimited
from gateway.pacing import Bucket, Buckets, pause, room

LONGEST_PAUSE = 10.0
"""Seconds to wait inside a send; who must wait longer is told so instead."""
_BURST = 3  # messages to one chat at once: Telegram bears short bursts
_RESERVE = 1  # places that views of a growing answer leave free for what must arrive


class Limits:
    """Keeps us below the limits of https://core.telegram.org/bots/faq; with no *pacing*, never waits.

    A quarter of a group's messages a minute may go at once and the rest evenly, so that no minute ever
    holds more than `group_per_minute`.
    """

    def __init__(self, pacing: Pacing | None) -> None:
        self._overall: Bucket | None = None
        if pacing is None:
            return
        burst = max(1.0, pacing.group_per_minute // 4)
        steady = max(pacing.group_per_minute - burst, pacing.group_per_minute / 2)
        self._overall = Bucket(pacing.overall, max(1.0, pacing.overall / 10))
        self._chats = Buckets(pacing.per_chat, _BURST)
        self._groups = Buckets(steady / 60, burst)

    async def admit(self, chat: Chat) -> None:
        """Wait for a place for a message that must arrive. Raises `RateLimited`: that would take long."""
        buckets = self._buckets(chat)
        wait = max((bucket.wait() for bucket in buckets), default=0.0)
        if wait > LONGEST_PAUSE:
            raise RateLimited(f"this chat can be written to in {wait:.0f} s", wait)
        await pause(*buckets)

    def squeeze(self, chat: Chat) -> None:
        """Take a place for what need not arrive. Raises `RateLimited`: there is none to spare."""
        wait = room(*self._buckets(chat), spare=_RESERVE)
        if wait > 0:
            raise RateLimited("there is no room for a preview", wait)

    def flood(self, chat: Chat, seconds: float) -> None:
        """Telegram says that nothing goes to *chat* for *seconds*."""
        for bucket in self._buckets(chat)[1:]:
            bucket.empty(seconds)

    def _buckets(self, chat: Chat) -> tuple[Bucket, ...]:
        if self._overall is None:
            return ()
        if chat.kind == "private":
            return self._overall, self._chats[chat.id]
        return self._overall, self._chats[chat.id], self._groups[chat.id]
