"""How fast WeChat lets us send."""

from __future__ import annotations

from adapters.wechat_ilink.options import Pacing
from gateway.errors import RateLimited
from gateway.pacing import Buckets, pause

LONGEST_PAUSE = 10.0
"""Seconds to wait inside a send; who must wait longer is told so instead."""


class Limits:
    """Keeps us from writing to a person in bursts; with no *pacing*, never waits.

    Three messages in a second are punished with minutes in which nothing arrives:
    https://github.com/Tencent/openclaw-weixin/issues/142
    """

    def __init__(self, pacing: Pacing | None) -> None:
        self._people = Buckets(pacing.per_chat, 1) if pacing else None

    async def admit(self, user: str) -> None:
        """Wait for a place for a message. Raises `RateLimited`: that would take long."""
        if self._people is None:
            return
        bucket = self._people[user]
        wait = bucket.wait()
        if wait > LONGEST_PAUSE:
            raise RateLimited(f"this person can be written to in {wait:.0f} s", wait)
        await pause(bucket)
