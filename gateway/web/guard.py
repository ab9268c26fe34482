"""Who gets past the web server's door."""

from __future__ import annotations

import base64
import hmac
import logging
from urllib.parse import quote

from aiohttp import web
from aiohttp.typedefs import Handler

from gateway.pacing import Bucket, Buckets
from gateway.web.origin import address, is_cross_site, is_https, is_known_host
from gateway.web.sessions import LIFETIME, Sessions

logger = logging.getLogger(__name__)

COOKIE = "gateway_session"
LOGIN = "/login"
STYLE = "/login/style.css"
LOGOUT = "/logout"
_MONITORING = frozenset({"/readyz", "/metrics"})
# Wrong passwords: from one address, and from all (a second, and at once).
_RATE, _BURST = 1 / 12, 5.0
_ALL_RATE, _ALL_BURST = 2.0, 100.0


class Guard:
    """Knows the password, and counts the attempts to guess it.

    Without a password (only on an address that no other machine can reach) everybody on this machine may
    come in, and no page of another site under a borrowed name.
    """

    def __init__(self, host: str, password: str | None, sessions: Sessions | None) -> None:
        self._host = host
        self._password = password
        self._sessions = sessions
        self._attempts = Buckets(_RATE, _BURST)
        self._all_attempts = Bucket(_ALL_RATE, _ALL_BURST)

    @web.middleware
    async def watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let a request through, or answer it: 303 to the login, 401, 403, 421."""
        if request.path == "/healthz" or request.path.startswith("/hook/"):
            return await handler(request)  # the one says nothing, the others know their callers
        if is_cross_site(request):
            return web.Response(status=403, text="refused: this was sent by another site\n")
        if self._password is None:
            if not is_known_host(request, self._host):
                return web.Response(status=421, text=_misdirected(request.host))
            return await handler(request)
        if request.path in (LOGIN, STYLE):
            return await handler(request)
        if request.path in _MONITORING and not self.is_logged_in(request):
            self._check_header(request)
            return await handler(request)
        if not self.is_logged_in(request):
            return _ask(request)
        return await handler(request)

    def is_logged_in(self, request: web.Request) -> bool:
        """True where the request brings a session of ours, or none is needed."""
        return self._sessions is None or self._sessions.valid(request.cookies.get(COOKIE, ""))

    @property
    def has_password(self) -> bool:
        """True where there is something to log in to."""
        return self._password is not None

    def wait(self, request: web.Request) -> float:
        """How long, in seconds, until the next attempt from there may be made; 0 = now."""
        return max(self._attempts[address(request)].wait(), self._all_attempts.wait())

    def check(self, request: web.Request, given: str) -> bool:
        """True for the right password. A wrong one counts."""
        expected = (self._password or "").encode()
        if self.has_password and hmac.compare_digest(given.encode("utf-8", "replace"), expected):
            return True
        self._attempts[address(request)].take()
        self._all_attempts.take()
        logger.warning("a wrong password from %s", address(request))
        return False

    def admit(self, request: web.Request, response: web.Response) -> None:
        """Log the browser in."""
        if self._sessions is not None:
            response.set_cookie(
                COOKIE,
                self._sessions.open(),
                max_age=LIFETIME,
                path="/",
                httponly=True,
                samesite="Strict",
                secure=is_https(request),
            )

    def _check_header(self, request: web.Request) -> None:
        """Raises 401 without the password, 429 where it was guessed at too often."""
        header = request.headers.get("Authorization")
        if header is not None:
            if wait := self.wait(request):
                raise web.HTTPTooManyRequests(headers={"Retry-After": str(int(wait) + 1)})
            if self.check(request, _given_password(header)):
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
