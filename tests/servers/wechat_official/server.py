"""The server: calls in, answers out, and pushes to the account's own server."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from typing import Any

import orjson
from aiohttp import web

from tests.servers.faults import Fault, fail
from tests.servers.listening import Listening, Port

from .api import Call, Refusal, perform
from .crypto import sign
from .faults import Faults
from .people import People
from .pushes import Pushes
from .screen import Screen
from .world import Account, World


class WeChatServer(Listening, People, Screen, Faults):
    """WeChat, as one official account and the people who follow it see it.

    `async with` it to listen on 127.0.0.1. `root` is the address of its interfaces, `world.account.url` where
    it asks the account's server. *seconds*: how long it waits for an answer; *tries*: how often it asks.
    *account*: changes to the account, such as its `mode` or that it is not `verified`.
    """

    def __init__(self, *, seconds: float = 5.0, tries: int = 3, port: int = 0, **account: Any) -> None:
        super().__init__(Port(self._handle, port))
        self.world = World(Account(**account))
        self.pushes = Pushes(self.world, seconds, tries)
        self.calls: list[Call] = []
        self.faults: list[Fault] = []

    @property
    def account(self) -> Account:
        """The account."""
        return self.world.account

    def given_out(self) -> Iterable[str]:
        """What nobody may read in a log: what the account knows, and access tokens."""
        yield from (self.account.secret, self.account.token, self.account.key, *self.world.tokens)
        yield from (call.query["access_token"] for call in self.calls if "access_token" in call.query)

    async def __aexit__(self, *exc_info: object) -> None:
        await self.pushes.close()
        await super().__aexit__(*exc_info)

    async def prove(self, echo: str = "5283409823475", **changes: str) -> tuple[int, str]:
        """Ask the account's server to prove itself, as when its address is entered."""
        timestamp, nonce = str(int(time.time())), str(secrets.randbelow(10**10))
        query = {"signature": sign(self.account.token, timestamp, nonce), "echostr": echo}
        return await self.pushes.get({**query, "timestamp": timestamp, "nonce": nonce, **changes})

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        raw = await request.read()
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError:
            body = None
        call = Call(request.method, request.path, {**request.query, "root": self.root}, raw, body)
        self.calls.append(call)
        fault = self.fault_for(call.path, {**call.query, **(body if isinstance(body, dict) else {})})
        if fault is None:
            return self._act(call)
        if fault.after_acting:
            self._act(call)
        call.status = fault.status or call.status
        self.world.changed()
        return await fail(request, fault, "application/octet-stream")

    def _act(self, call: Call) -> web.Response:
        if call.path.startswith("/videos/"):
            return self._finish(call, 200, self.world.media[call.path.removeprefix("/videos/")][1])
        try:
            return self._finish(call, 200, perform(self.world, call))
        except Refusal as exc:
            return self._finish(call, 200, exc.body)
        except KeyError:
            return self._finish(call, 404, b"404 page not found")

    def _finish(self, call: Call, status: int, answer: Any) -> web.Response:
        call.status, call.answer = status, answer
        self.world.changed()
        if isinstance(answer, bytes):
            return web.Response(status=status, body=answer, content_type="application/octet-stream")
        return web.Response(status=status, body=orjson.dumps(answer), content_type="text/plain")
