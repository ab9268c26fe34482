"""How a channel is, said once where it changes, and the pause before another try."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

from gateway.adapter import ChannelState, Host
from gateway.backoff import delays
from gateway.errors import GatewayError, InboxError, StoreError

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Whatever a platform, or somebody on the way, says (seconds).
_LONGEST_PAUSE = 3600.0


class Health:
    """Tells the host, who logs that the channel goes down or up; logs itself what else happens meanwhile."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._trouble: type[Exception] | None = None

    def up(self) -> None:
        """Messages reach us."""
        self._trouble = None
        self._host.report(ChannelState.UP)

    def down(self, exc: GatewayError) -> None:
        """Messages do not reach us, because of *exc*."""
        if self._trouble not in (None, type(exc)):
            logger.warning("%s: still no messages: %s", self._host.name, exc)
        self._trouble = type(exc)
        self._host.report(ChannelState.DOWN, str(exc))

    async def recover(self, exc: GatewayError, pauses: Iterator[float]) -> None:
        """Report *exc* and wait before another try. Raises *exc*: trying again cannot mend it."""
        if not (exc.retryable or isinstance(exc, (InboxError, StoreError))):
            raise exc
        self.down(exc)
        await asyncio.sleep(max(next(pauses), min(exc.retry_after or 0, _LONGEST_PAUSE)))

    async def trying(self, call: Callable[[], Awaitable[T]]) -> T:
        """What *call* returns, tried until the platform is there. Raises what trying again cannot mend."""
        pauses = growing_pauses()
        while True:
            try:
                return await call()
            except GatewayError as exc:
                await self.recover(exc, pauses)


def growing_pauses() -> Iterator[float]:
    """Seconds between tries: short at first, since most outages are, and for ever."""
    return delays(first=0.5, most=30)
