"""How fast Telegram lets us send."""

from __future__ import annotations

from adapters.telegram.options import Pacing
from gateway import Chat
from gateway.errors import RateLimited
from gateway.pacing import Bucket, Buckets, admit, by_the_minute, denied_for

_BURST = 3  # messages to one chat at once: Telegram bears short bursts
_RESERVE = 1  # places that views of a growing answer leave free for what must arrive


class Limits:
    """Keeps us below the limits of https://core.telegram.org/bots/faq; with no *pacing*, never waits."""

    def __init__(self, pacing: Pacing | None) -> None:
        self._overall: Bucket | None = None
        if pacing is None:
            return
        self._overall = Bucket(pacing.overall, max(1.0, pacing.overall / 10))
        self._chats = Buckets(pacing.per_chat, _BURST)
        self._groups = Buckets(*by_the_minute(pacing.group_per_minute))

    async def admit(self, chat: Chat) -> None:
        """Wait for a place for a message that must arrive. Raises `RateLimited`: that would take long."""
        await admit(*self._buckets(chat))

    def squeeze(self, chat: Chat) -> None:
        """Take a place for what need not arrive. Raises `RateLimited`: there is none to spare."""
        wait = denied_for(*self._buckets(chat), spare=_RESERVE)
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
