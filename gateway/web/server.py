"""One aiohttp application on one address; there is none unless something needs it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from ipaddress import ip_network
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from aiohttp import web

from gateway import metrics
from gateway.errors import ConfigError
from gateway.http import PROXIES, guarded
from gateway.web.connections import Connections, Factory, most
from gateway.web.grumbling import Grumbling
from gateway.web.guard import Guard
from gateway.web.lock import Lock
from gateway.web.login import Login
from gateway.web.pages import looks
from gateway.web.patience import Patience

logger = logging.getLogger(__name__)

# What a platform sends us is small; more is refused before it is read (bytes).
_LARGEST_BODY = 4 * 1024 * 1024
# Seconds for a body, and between two requests on one connection: proxies want to close it first.
_BODY_SECONDS, _IDLE_SECONDS = 60.0, 75.0
# For the rest of a body that was not wanted, so that its sender hears why.
_LINGERING_SECONDS = 2.0
# Of a request, each at most 8190 bytes.
_MOST_HEADERS = 64

# On every answer that does not say otherwise itself.
_HEADERS = guarded("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")


class WebServer:
    """Serves the adapters' routes, /healthz, /readyz and /metrics. Use as an async context manager.

    `channels` tells the state of every channel by name. Where there is a `password`, or an argon2 hash of
    one, it is asked for: on a page of its own (a cookie remembers it; what it takes is in `folder`), or, at
    /readyz and /metrics, as Basic (any user) or Bearer. /healthz tells nothing and is open, what is below
    /hook knows its callers. `proxies`: addresses and networks that are believed when they say who calls.
    """

    def __init__(
        self,
        host: str,
        port: int,
        password: str | None,
        routes: Iterable[web.RouteDef],
        channels: Callable[[], Mapping[str, str]],
        folder: Path,
        proxies: Iterable[str] = (),
    ) -> None:
        self._host = host
        self._port = port
        self._password = password
        self._routes = _distinct(routes)
        self._channels = channels
        self._folder = folder
        self._proxies = tuple(ip_network(proxy, strict=False) for proxy in proxies)
        self._parts = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as parts:
            lock = None
            if self._password is not None:
                lock = await Lock.open(self._folder, self._password)
                parts.callback(lock.close)
                self._password = None  # from here on there is its hash
            connections = Connections(most())
            application = self._application(lock, connections)
            # Nobody whom we know sends compressed bodies: they are not unpacked.
            runner = web.AppRunner(
                application,
                access_log=None,
                shutdown_timeout=5,
                auto_decompress=False,
                keepalive_timeout=_IDLE_SECONDS,
                lingering_time=_LINGERING_SECONDS,
                max_headers=_MOST_HEADERS,
                logger=Grumbling(logger),
            )
            await runner.setup()
            parts.push_async_callback(runner.cleanup)
            factory = connections.watched(cast(Factory, runner.server))
            listening = await self._listen(factory)
            parts.callback(listening.close)
            self._parts = parts.pop_all()
        logger.info("listening on http://%s:%d", self._host, self._port)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._parts.aclose()

    def _application(self, lock: Lock | None, connections: Connections) -> web.Application:
        """Everything there is to ask for, behind those who let in."""
        guard, patience = Guard(self._host, lock), Patience(_BODY_SECONDS)
        application = web.Application(
            client_max_size=_LARGEST_BODY, middlewares=[connections.serve, patience.wait, guard.watch]
        )

        application[PROXIES] = self._proxies

        async def complete(request: web.Request, response: web.StreamResponse) -> None:
            for name, value in _HEADERS.items():
                response.headers.setdefault(name, value)
            if lock is not None and lock.is_open_to(request):
                # A page may offer to log out.
                response.headers["Gateway-Session"] = "login"

        application.on_response_prepare.append(complete)
        application.add_routes(self._routes)
        application.add_routes(looks())
        if lock is not None:
            application.add_routes(Login(lock).routes())
        application.add_routes(
            [
                web.get("/healthz", self._health),
                web.get("/readyz", self._ready),
                web.get("/metrics", self._metrics),
            ]
        )
        return application

    async def _listen(self, factory: Factory) -> asyncio.Server:
        try:
            return await asyncio.get_running_loop().create_server(factory, self._host, self._port)
        except OSError as exc:
            raise ConfigError(f"cannot listen on {self._host}:{self._port}: {exc.strerror}") from exc

    async def _health(self, request: web.Request) -> web.Response:
        """200 as long as the process works."""
        return web.Response(text="ok\n")

    async def _ready(self, request: web.Request) -> web.Response:
        """200 where every channel is up, 503 otherwise; the states as JSON."""
        states = dict(self._channels())
        ready = all(state == "up" for state in states.values())
        return web.json_response({"ready": ready, "channels": states}, status=200 if ready else 503)

    async def _metrics(self, request: web.Request) -> web.Response:
        """Prometheus' text format."""
        return web.Response(body=metrics.exposition(), content_type="text/plain", charset="utf-8")


def _distinct(routes: Iterable[web.RouteDef]) -> list[web.RouteDef]:
    """*routes* as they are. Raises `ConfigError` where two of them are for the same address."""
    known: dict[tuple[str, str], web.RouteDef] = {}
    for route in routes:
        if (route.method, route.path) in known:
            raise ConfigError(f"two channels want the same address on the web server: {route.path}")
        known[route.method, route.path] = route
    return list(known.values())
