"""How many connections there may be, and how long each may take to say what it wants."""

from __future__ import annotations

import asyncio
import logging
import resource
import time
from collections import Counter
from collections.abc import Callable
from typing import cast

from aiohttp import web
from aiohttp.typedefs import Handler

from gateway.http import is_internal

logger = logging.getLogger(__name__)

# However many files the process may have open: half of them are for others.
_MOST = 2000
# What one address may have of them; a proxy on this machine or beside it has them all.
_SHARE = 0.25
# Seconds for the first request to be there, its body apart.
_HEAD_SECONDS = 20.0
# Seconds for a caller to read nearly all of what is written to it, where that is more than the buffers hold.
_READ_SECONDS = 60.0
# A flood is told of once in so many seconds.
_TELL_EVERY = 60.0

Factory = Callable[[], asyncio.Protocol]


def most() -> int:
    """How many connections there may be in this process."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if files == resource.RLIM_INFINITY else max(8, min(_MOST, files // 2))


class Connections:
    """Everybody who is connected. *most*: at once; *head_seconds*: what each has for its first request.

    *read_seconds*: how long one may leave unread what it asked for; it could hold its place for ever.
    """

    def __init__(
        self, most: int, head_seconds: float = _HEAD_SECONDS, read_seconds: float = _READ_SECONDS
    ) -> None:
        self._most = most
        self._head_seconds = head_seconds
        self.read_seconds = read_seconds
        self._peers: dict[asyncio.Transport, str] = {}
        self._of: Counter[str] = Counter()
        # Nothing is done for these, since when is their order; the new ones have a time to ask for something.
        self._idle: dict[asyncio.Transport, asyncio.TimerHandle | None] = {}
        self._told = float("-inf")

    def watched(self, factory: Factory) -> Factory:
        """*factory*, but its protocols get no connection too many."""
        return lambda: _Watched(factory(), self)

    @web.middleware
    async def serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Something is done for a connection: it is not idle."""
        transport = request.transport
        if transport is None:
            return await handler(request)
        if (timer := self._idle.pop(transport, None)) is not None:
            timer.cancel()
        try:
            return await handler(request)
        finally:
            if transport in self._peers:
                self._idle[transport] = None

    def admit(self, transport: asyncio.Transport) -> bool:
        """Whether *transport* may stay; where all places are taken, one that is idle has to go."""
        name = transport.get_extra_info("peername")
        peer = str(name[0]) if isinstance(name, tuple) else ""
        if not _is_near(peer) and self._of[peer] >= max(1, int(self._most * _SHARE)):
            self._tell()
            return False
        if len(self._peers) >= self._most and not self._make_room():
            return False
        self._peers[transport] = peer
        self._of[peer] += 1
        loop = asyncio.get_running_loop()
        self._idle[transport] = loop.call_later(self._head_seconds, self._drop, transport)
        return True

    def forget(self, transport: asyncio.Transport) -> None:
        """*transport* is closed."""
        peer = self._peers.pop(transport, None)
        if peer is not None:
            self._of -= Counter((peer,))
        if (timer := self._idle.pop(transport, None)) is not None:
            timer.cancel()

    def _make_room(self) -> bool:
        self._tell()
        longest = next(iter(self._idle), None)
        if longest is not None:
            self._drop(longest)
        return longest is not None

    def _drop(self, transport: asyncio.Transport) -> None:
        self.forget(transport)
        transport.abort()

    def _tell(self) -> None:
        if time.monotonic() >= self._told + _TELL_EVERY:
            self._told = time.monotonic()
            logger.warning("too many connections: %d, of %d at most", len(self._peers), self._most)


class _Watched(asyncio.Protocol):
    """A protocol that *connections* may let have a connection."""

    def __init__(self, protocol: asyncio.Protocol, connections: Connections) -> None:
        self._protocol = protocol
        self._connections = connections
        self._transport: asyncio.Transport | None = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        connection = cast(asyncio.Transport, transport)
        if self._connections.admit(connection):
            self._transport = connection
            self._protocol.connection_made(connection)
        else:
            connection.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_read()
        if self._transport is not None:
            self._connections.forget(self._transport)
            self._protocol.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._transport is not None:
            self._protocol.data_received(data)

    def eof_received(self) -> bool | None:
        return self._protocol.eof_received() if self._transport is not None else None

    def pause_writing(self) -> None:
        if self._transport is not None:
            loop = asyncio.get_running_loop()
            self._unread = loop.call_later(self._connections.read_seconds, self._transport.abort)
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._is_read()
        self._protocol.resume_writing()

    def _is_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None


def _is_near(peer: str) -> bool:
    try:
        return is_internal(peer)
    except ValueError:
        return False
