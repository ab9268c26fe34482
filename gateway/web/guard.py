"""Who gets past the web server's door."""

from __future__ import annotations

import base64
from urllib.parse import quote

from aiohttp import web
from aiohttp.typedefs import Handler

from gateway.web.lock import LOGIN, Lock
from gateway.web.origin import is_cross_site, is_known_host

STYLE = "/pages/style.css"
SCRIPT = "/pages/refresh.js"
LOGOUT = "/logout"
_MONITORING = frozenset({"/readyz", "/metrics"})


class Guard:
    """Has a *lock* where there is a password.

    Without one (only on an address that no other machine can reach) everybody on this machine may come in,
    and no page of another site under a borrowed name.
    """

    def __init__(self, host: str, lock: Lock | None) -> None:
        self._host = host
        self.lock = lock

    @web.middleware
    async def watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let a request through, or answer it: 303 to the login, 401, 403, 421, 429."""
        if request.path == "/healthz" or request.path.startswith("/hook/"):
            return await handler(request)  # the one says nothing, the others know their callers
        if is_cross_site(request):
            return web.Response(status=403, text="refused: this was sent by another site\n")
        if self.lock is None:
            if not is_known_host(request, self._host):
                return web.Response(status=421, text=_misdirected(request.host))
        elif request.path not in (LOGIN, STYLE) and not self.lock.is_open_to(request):
            if request.path not in _MONITORING:
                return _ask(request)
            await _check_header(self.lock, request)
        return await handler(request)


async def _check_header(lock: Lock, request: web.Request) -> None:
    """Raises 401 without the password, 429 where it was guessed at too often."""
    header = request.headers.get("Authorization")
    if header is not None:
        if wait := lock.wait(request):
            raise web.HTTPTooManyRequests(headers={"Retry-After": str(int(wait) + 1)})
        if await lock.check(request, _given_password(header)):
            return
    raise web.HTTPUnauthorized(headers={"WWW-Authenticate": 'Basic realm="gateway"'})


def _ask(request: web.Request) -> web.Response:
    """To the login for who looks at a page; 401 for everything else."""
    if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
        return web.Response(
            status=303, headers={"Location": f"{LOGIN}?next={quote(request.path_qs, safe='')}"}
        )
    return web.json_response({"error": "login"}, status=401)


def _misdirected(host: str) -> str:
    return (
        f"{host!r} is no name of this gateway's. Use http://127.0.0.1 or http://localhost; for another name, "
        'set "web": {"password": …}.\n'
    )


def _given_password(header: str) -> str:
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""
