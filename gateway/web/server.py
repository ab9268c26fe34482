"""One aiohttp application on one address; there is none unless something needs it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from gateway import metrics
from gateway.errors import ConfigError
from gateway.web.guard import Guard
from gateway.web.login import Login
from gateway.web.sessions import Sessions, load_key

logger = logging.getLogger(__name__)

# What a platform sends us is small; more is refused before it is read (bytes).
_LARGEST_BODY = 4 * 1024 * 1024

# On every answer that does not say otherwise itself.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": with it, browsers send our own forms as of the origin "null".
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class WebServer:
    """Serves the adapters' routes, /healthz, /readyz and /metrics. Use as an async context manager.

    `channels` tells the state of every channel by name. Where there is a `password`, it is asked for: on a
    page of its own (a cookie remembers it; the key to it is in `folder`), or, at /readyz and /metrics, as
    Basic (any user) or Bearer. /healthz tells nothing and is open, what is below /hook knows its callers.
    """

    def __init__(
        self,
        host: str,
        port: int,
        password: str | None,
        routes: Iterable[web.RouteDef],
        channels: Callable[[], Mapping[str, str]],
        folder: Path,
    ) -> None:
        self._host = host
        self._port = port
        self._channels = channels
        sessions = Sessions(load_key(folder), password) if password is not None else None
        self._guard = Guard(host, password, sessions)
        application = web.Application(client_max_size=_LARGEST_BODY, middlewares=[self._guard.watch])
        application.on_response_prepare.append(self._complete)
        application.add_routes(_distinct(routes))
        if sessions is not None:
            application.add_routes(Login(self._guard).routes())
        application.add_routes(
            [
                web.get("/healthz", self._health),
                web.get("/readyz", self._ready),
                web.get("/metrics", self._metrics),
            ]
        )
        # Nobody whom we know sends compressed bodies: they are not unpacked.
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=5, auto_decompress=False)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as exc:
            await self._runner.cleanup()
            raise ConfigError(f"cannot listen on {self._host}:{self._port}: {exc.strerror}") from exc
        logger.info("listening on http://%s:%d", self._host, self._port)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    async def _complete(self, request: web.Request, response: web.StreamResponse) -> None:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        if self._guard.has_password and self._guard.is_logged_in(request):
            # A page may offer to log out.
            response.headers["Gateway-Session"] = "login"

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
