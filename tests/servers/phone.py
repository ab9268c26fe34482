"""A platform that is entered with a phone: codes to scan, digits to type, a session that can be ended."""

from __future__ import annotations

import asyncio
from itertools import count
from types import TracebackType
from typing import Self

from aiohttp import web

LIFETIME = 90.0
PATIENCE = 30.0
NAME = "Anna's phone"


class PhonePlatform:
    """Listens on loopback at `root`. A test scans, confirms and asks for digits as the phone would.

    `codes`: the text of every code that was asked for; `typed`: what we were told when digits were asked for.
    """

    def __init__(self) -> None:
        self.root = ""
        self.codes: list[str] = []
        self.typed: list[str] = []
        self._digits = ""
        self._state = "wait"
        self._sessions: set[str] = set()
        self._numbers = count(1)
        self._changed = asyncio.Condition()
        self._runner: web.AppRunner

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.add_routes(
            [
                web.post("/codes", self._new_code),
                web.get("/state", self._tell),
                web.post("/digits", self._check),
                web.get("/session", self._hold),
            ]
        )
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.root = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    # --- the phone

    async def scan(self, text: str) -> None:
        """The phone scans a code; it must be the newest."""
        assert text == self.codes[-1], f"{text} is not the code that is good now"
        await self._become("scanned")

    async def show_digits(self, digits: str) -> None:
        """The phone shows digits and waits for them."""
        self._digits = digits
        await self._become("digits")

    async def confirm(self) -> None:
        """The person says yes, once the phone asks: after digits, when the right ones have come here."""
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(lambda: self._state == "scanned")
        await self._become("confirmed")

    async def expire(self) -> None:
        """The code is too old."""
        await self._become("expired")

    async def log_out(self) -> None:
        """The person ends every session on the phone."""
        self._sessions.clear()
        await self._become("wait")

    # --- the wire

    async def _new_code(self, request: web.Request) -> web.Response:
        self.codes.append(f"https://phone.example/l/{next(self._numbers):08d}?secret=opens-the-account")
        await self._become("wait")
        return web.json_response({"code": self.codes[-1], "lifetime": LIFETIME})

    async def _tell(self, request: web.Request) -> web.Response:
        """Hold the request until the state is not the one that the asker has seen."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._state != request.query["seen"])
        answer = {"state": self._state}
        if self._state == "confirmed":
            answer["token"] = f"token-{len(self.codes)}"
            self._sessions.add(answer["token"])
        return web.json_response(answer)

    async def _check(self, request: web.Request) -> web.Response:
        typed = (await request.json())["digits"]
        self.typed.append(typed)
        right = typed == self._digits
        if right:
            await self._become("scanned")
        return web.json_response({"right": right})

    async def _hold(self, request: web.Request) -> web.Response:
        """Answer when the session is over."""
        async with self._changed:
            await self._changed.wait_for(lambda: request.query["token"] not in self._sessions)
        return web.Response()

    async def _become(self, state: str) -> None:
        self._state = state
        async with self._changed:
            self._changed.notify_all()
