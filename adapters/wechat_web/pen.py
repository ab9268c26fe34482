"""Writing as a person would: one message after another, and not too fast."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from adapters.wechat_web.limits import Limits
from adapters.wechat_web.line import Line
from adapters.wechat_web.options import Pacing
from gateway.errors import RateLimited

T = TypeVar("T")


class Pen:
    """Makes the calls that people see (a message, an accepted friend) on *line*, as *pacing* allows."""

    def __init__(self, line: Line, pacing: Pacing | None) -> None:
        self._line = line
        self._limits = Limits(pacing)

    async def write(self, call: Callable[[], T]) -> T:
        """What *call* returns. Raises `RateLimited`: it is not time yet, or WeChat says so."""
        await self._limits.admit()
        try:
            return await self._line.call(call)
        except RateLimited as exc:
            self._limits.flood(exc.retry_after or 0)
            raise
