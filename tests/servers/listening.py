"""What every simulated platform is at: ports of this machine, the same again after an outage."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, Self

from aiohttp import web

from .known import remember

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Port:
    """A port of 127.0.0.1 where *handle* answers; 0: any, which it then keeps.

    *largest*: bytes of the largest request. *backlog*: how many connections wait before one is refused.
    """

    def __init__(
        self, handle: Handle, number: int = 0, *, largest: int = 1 << 20, backlog: int = 128
    ) -> None:
        self.number = number
        self._handle = handle
        self._largest = largest
        self._backlog = backlog
        self._runner: web.ServerRunner | None = None

    @property
    def root(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.number}"

    async def open(self) -> None:
        """Listen."""
        server = web.Server(
            self._handle, request_factory=self._request, handler_cancellation=True, access_log=None
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=0.01)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.number, backlog=self._backlog, reuse_address=True)
        await site.start()
        self.number = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Listen no more, and break off what is open."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    def _request(self, message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
        loop = asyncio.get_running_loop()
        return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=self._largest)


class Listening:
    """A platform that listens at *ports* while one is inside `async with`.

    Entered again after it was left, it listens on the same ports and knows all it knew.
    """

    def __init__(self, *ports: Port) -> None:
        self._ports = ports
        remember(self)

    @property
    def port(self) -> int:
        """The number of its first port."""
        return self._ports[0].number

    @property
    def root(self) -> str:
        """Where it listens: the address of its first port."""
        return self._ports[0].root

    def given_out(self) -> Iterable[str]:
        """What nobody may read in a log."""
        raise NotImplementedError

    async def start(self) -> None:
        """Listen."""
        for port in self._ports:
            await port.open()

    async def stop(self) -> None:
        """Listen no more."""
        await asyncio.gather(*(port.close() for port in self._ports))

    @asynccontextmanager
    async def outage(self) -> AsyncIterator[None]:
        """For a while it cannot be reached."""
        await self.stop()
        try:
            yield
        finally:
            await self.start()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.stop()
