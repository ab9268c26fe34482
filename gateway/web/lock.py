"""The lock on the web server's door: who has the password, who may try it, who has left."""

from __future__ import annotations

import asyncio
import logging
import secrets
from pathlib import Path

from aiohttp import web

from gateway.errors import StoreError
from gateway.http import address, is_https, is_loopback
from gateway.web.attempts import Attempts, Guesser
from gateway.web.keep import Keep
from gateway.web.sessions import LIFETIME, Sessions, Signed
from gateway.web.verifier import Verifier

logger = logging.getLogger(__name__)

LOGIN = "/login"
COOKIE = "gateway_session"
# A browser that has logged in is known by it (seconds); it opens nothing.
_BROWSER = "gateway_browser"
_KNOWN_FOR = 400 * 24 * 3600


class Lock:
    """One password."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._sessions = Sessions(keep)
        self._browsers = Signed(keep.key("browser"))
        self._verifier = Verifier(keep.hash)
        self._attempts = Attempts()
        self._writing = asyncio.Lock()

    @classmethod
    async def open(cls, folder: Path, password: str) -> Lock:
        """The lock for *password*, or its hash; what it remembers is in *folder*. Raises `StoreError`."""
        return cls(await asyncio.to_thread(Keep.open, folder, password))

    def close(self) -> None:
        """Nobody is let in any more."""
        self._verifier.close()

    def is_open_to(self, request: web.Request) -> bool:
        """True where the request brings a session of ours."""
        return self._sessions.valid(request.cookies.get(COOKIE, ""))

    def wait(self, request: web.Request) -> float:
        """How long, in seconds, until the next attempt from there may be made; 0 = now."""
        return self._attempts.wait(self._guesser(request))

    async def check(self, request: web.Request, given: str) -> bool:
        """True for the right password. A wrong one counts, once: to say it again is no other guess."""
        remembered = self._verifier.remembered(given)
        if remembered is not None:
            return remembered
        guesser = self._guesser(request)
        self._attempts.begin(guesser)
        if await self._verifier.verify(given):
            self._attempts.forgive(guesser)
            return True
        logger.warning("a wrong password from %s", address(request))
        return False

    def admit(self, request: web.Request, response: web.Response) -> None:
        """Log the browser in, and know it the next time."""
        self._give(request, response, COOKIE, self._sessions.open(), "/", LIFETIME)
        known = request.cookies.get(_BROWSER, "")
        if self._browsers.read(known) is None:
            known = self._browsers.sign(secrets.token_urlsafe(16))
        self._give(request, response, _BROWSER, known, LOGIN, _KNOWN_FOR)

    async def leave(self, request: web.Request, response: web.Response) -> None:
        """Log the browser out: its session is worth nothing from now on, wherever it was copied to."""
        response.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
        if not self._sessions.end(request.cookies.get(COOKIE, "")):
            return
        async with self._writing:
            try:
                await asyncio.to_thread(self._keep.write, self._keep.dump())
            except StoreError as exc:
                logger.error("a logout is forgotten with this process: %s", exc)

    def _guesser(self, request: web.Request) -> Guesser:
        browser = self._browsers.read(request.cookies.get(_BROWSER, ""))
        if browser is not None:
            return Guesser(f"browser {browser}", stranger=False)
        here = address(request)
        return Guesser("here", stranger=False) if is_loopback(here) else Guesser(here, stranger=True)

    def _give(
        self, request: web.Request, response: web.Response, name: str, value: str, path: str, age: int
    ) -> None:
        response.set_cookie(
            name,
            value,
            max_age=age,
            path=path,
            httponly=True,
            samesite="Strict",
            secure=is_https(request),
        )
