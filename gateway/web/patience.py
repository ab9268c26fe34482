"""Who sends the body of a request too slowly is not waited for."""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler


class Patience:
    """Waits so many *seconds* for a body; what is done with it then may take longer."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    @web.middleware
    async def wait(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer 408 where the body of *request* does not come in time."""
        if not request.can_read_body:
            return await handler(request)
        waiting = _Waiting()
        request.content.on_eof(waiting.end)
        try:
            async with asyncio.timeout(self._seconds) as waiting.limit:
                if waiting.ended:
                    waiting.end()
                return await handler(request)
        except TimeoutError:
            if waiting.limit is None or not waiting.limit.expired():
                raise
            response = web.Response(status=408, text="too slow\n")
            response.force_close()
            return response
        finally:
            waiting.limit = None


class _Waiting:
    """What is waited for may come before the limit is set, and after nobody waits any more."""

    def __init__(self) -> None:
        self.limit: asyncio.Timeout | None = None
        self.ended = False

    def end(self) -> None:
        """All is there."""
        self.ended = True
        if self.limit is not None and not self.limit.expired():
            self.limit.reschedule(None)
