"""Asking the account's server: signed, encrypted where that is wanted, up to three times."""

from __future__ import annotations

import asyncio
import secrets
import time
from types import SimpleNamespace
from typing import Any
from xml.sax.saxutils import escape

import aiohttp

from .answers import Unreadable, read
from .crypto import encrypt, sign
from .world import FAILURE, Push, Shown, World

_NUMBERS = frozenset({"CreateTime", "MsgId"})


def xml(fields: dict[str, str]) -> str:
    """*fields* as WeChat writes them."""
    inner = "".join(
        f"<{name}>{escape(value) if name in _NUMBERS else _quoted(value)}</{name}>\n"
        for name, value in fields.items()
    )
    return f"<xml>{inner}</xml>"


def _quoted(value: str) -> str:
    return f"<![CDATA[{value.replace(']]>', ']]]]><![CDATA[>')}]]>"


class Pushes:
    """Every push, and the requests that are under way.

    `seconds`: how long one try lasts; `tries`: how many there are. `resigns`: whether each try has a
    signature of its own. `lost`: so many of the next answers do not arrive, after they were sent.
    """

    def __init__(self, world: World, seconds: float, tries: int) -> None:
        self.seconds = seconds
        self.tries = tries
        self.resigns = True
        self.lost = 0
        self.all: list[Push] = []
        self._world = world
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    async def add(self, push: Push) -> None:
        """Ask about *push*, until there is an answer or too many tries; returns when the first is sent."""
        self.all.append(push)
        task = asyncio.create_task(self._deliver(push))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await push.sent.wait()

    async def close(self) -> None:
        """Ask nobody any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    def request(self, fields: dict[str, str]) -> tuple[dict[str, str], bytes]:
        """The query and the body that tell of *fields*."""
        account = self._world.account
        timestamp, nonce = str(int(time.time())), str(secrets.randbelow(10**10))
        query = {"signature": sign(account.token, timestamp, nonce), "timestamp": timestamp, "nonce": nonce}
        query["openid"] = fields.get("FromUserName", "")
        if account.mode == "plain":
            return query, xml(fields).encode()
        sealed = encrypt(account.key, account.app_id, xml(fields))
        query["encrypt_type"] = "aes"
        query["msg_signature"] = sign(account.token, timestamp, nonce, sealed)
        shown = fields if account.mode == "compatible" else {"ToUserName": fields["ToUserName"]}
        return query, xml({**shown, "Encrypt": sealed}).encode()

    async def post(
        self, query: dict[str, str], body: bytes, sent: asyncio.Event | None = None
    ) -> tuple[int, bytes]:
        """What the account's server answers; `sent` is set when all of it is on the wire."""
        session = self._opened()
        headers = {"Content-Type": "text/xml", "User-Agent": "Mozilla/4.0"}
        async with session.post(
            self._world.account.url,
            params=query,
            data=body,
            headers=headers,
            trace_request_ctx=SimpleNamespace(sent=sent),
        ) as answer:
            return answer.status, await answer.read()

    async def get(self, query: dict[str, str]) -> tuple[int, str]:
        """What the account's server answers to a question without a body."""
        async with self._opened().get(self._world.account.url, params=query) as answer:
            return answer.status, await answer.text()

    async def _deliver(self, push: Push) -> None:
        try:
            query, body = self.request(push.fields)
            for _ in range(self.tries):
                if self.resigns:
                    query, body = self.request(push.fields)
                if await self._try(push, query, body):
                    return
            self._fail(push)
        finally:
            push.sent.set()

    async def _try(self, push: Push, query: dict[str, str], body: bytes) -> bool:
        """Ask once; true where there was an answer, whatever it was worth."""
        began = time.monotonic()
        push.tries.append(began)
        self._world.changed()
        try:
            async with asyncio.timeout(self.seconds):
                status, answer = await self.post(query, body, push.sent)
            if self.lost:
                self.lost -= 1
                self._world.changed()
                raise ConnectionResetError
        except (aiohttp.ClientError, TimeoutError, OSError):
            push.sent.set()
            await asyncio.sleep(began + self.seconds - time.monotonic())
            return False
        push.waited = time.monotonic() - began
        self._settle(push, status, answer)
        return True

    def _settle(self, push: Push, status: int, answer: bytes) -> None:
        try:
            text = read(self._world.account, push, status, answer)
        except Unreadable as exc:
            self._world.complain(f"{push.id}: {exc}")
            self._fail(push)
            return
        push.outcome = "accepted" if text is None else "answered"
        if text is not None:
            self._world.show(push.person, Shown(text, "passive", push.id))
        self._world.changed()

    def _fail(self, push: Push) -> None:
        push.outcome = "failed"
        if push.fields["MsgType"] != "event":
            self._world.show(push.person, Shown(FAILURE, "failure", push.id))
        self._world.changed()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            trace = aiohttp.TraceConfig()
            trace.on_request_chunk_sent.append(_sent)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=True, limit=0), trace_configs=[trace]
            )
        return self._session


async def _sent(session: Any, context: Any, params: Any) -> None:
    given = context.trace_request_ctx
    if given is not None and given.sent is not None:
        given.sent.set()
