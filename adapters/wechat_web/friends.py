"""Accepting those who want to be friends, and greeting them."""

from __future__ import annotations

import asyncio
import logging

from adapters.wechat_web.online import Online
from adapters.wechat_web.pen import Pen
from adapters.wechat_web.session import Request
from gateway import Host
from gateway.errors import AdapterError
from gateway.health import growing_pauses

log = logging.getLogger(__name__)


class Friends:
    """Accepts the requests that a session holds, each once, unless the process crashes in between.

    *greeting* is said to new friends, "" = nothing.
    """

    def __init__(self, host: Host, pen: Pen, greeting: str) -> None:
        self._host = host
        self._pen = pen
        self._greeting = greeting

    async def run(self, online: Online) -> None:
        """Accept whoever waits, until cancelled. Raises `StoreError`."""
        pauses = growing_pauses()
        while True:
            await online.requested.wait()
            online.requested.clear()
            for request in online.session.waiting:
                wait = await self._settle(online, request)
                if wait:
                    await asyncio.sleep(max(wait, next(pauses)))
                    online.requested.set()
                    break
            else:
                pauses = growing_pauses()

    async def _settle(self, online: Online, request: Request) -> float:
        """Accept one, or find that it cannot be; returns after how many seconds to try again, 0: done."""
        try:
            await self._accept(online, request)
        except AdapterError as exc:
            log.warning("%s: a friend could not be accepted: %s", self._host.name, exc)
            if exc.retryable or exc.deferrable:
                return exc.retry_after or 1.0
        async with online.writing:
            online.session = online.session.settled(request)
            await self._host.save("cursor", online.session.to_json())
        return 0.0

    async def _accept(self, online: Online, request: Request) -> None:
        speaker, greeting = online.speaker, self._greeting
        await self._pen.write(lambda: speaker.accept(request))
        log.info("%s: a new friend", self._host.name)
        if greeting:
            await self._pen.write(lambda: speaker.write(request.user, greeting))
