"""How fast WeChat lets us send."""

from __future__ import annotations

from adapters.wechat_ilink.options import Pacing
from gateway.pacing import Buckets, admit


class Limits:
    """Keeps us from writing to a person in bursts; with no *pacing*, never waits.

    Three messages in a second are punished with minutes in which nothing arrives:
    https://github.com/Tencent/openclaw-weixin/issues/142
    """

    def __init__(self, pacing: Pacing | None) -> None:
        self._people = Buckets(pacing.per_chat, 1) if pacing else None

    async def admit(self, user: str) -> None:
        """Wait for a place for a message. Raises `RateLimited`: that would take long."""
        if self._people is not None:
            await admit(self._people[user])
