"""The server: calls in, answers out."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable, Iterable
from socket import SO_LINGER, SOL_SOCKET
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from tests.servers.known import remember

from .call import Answer, Call, done, read
from .codes import Logins
from .contacts import Contacts
from .faults import Fault, Faults
from .media import Media
from .people import People
from .refusals import Refusal
from .render import BASE
from .screen import Screen
from .sending import Sending
from .sessions import Sessions
from .speech import Speech
from .sync import Sync
from .world import Json, World

_LARGEST_REQUEST = 2 << 20
Act = Callable[[Call], Awaitable[Answer]]

# Of the cookies, those that open a login.
_COOKIES = ("wxsid", "webwx_data_ticket", "webwx_auth_ticket", "webwxuvid")


class WeChatServer(People, Speech, Screen, Faults):
    """WeChat, as web clients and the people who talk to them see it.

    `async with` it to listen on 127.0.0.1; entered again after it was left, it listens on the same port and
    knows all it knew. `root` is its address: of the login, the files and the push host.

    *qr_seconds*: how long a code can be scanned. *poll_seconds*: how long questions are held while there is
    nothing to tell, about codes and about news. *contacts_page* and *news_page*: how much comes in one
    answer. *revoke_seconds*: how long a message can be taken back.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        qr_seconds: float = 300.0,
        poll_seconds: float = 25.0,
        contacts_page: int = 100,
        news_page: int = 20,
        revoke_seconds: float = 120.0,
    ) -> None:
        self.port = port
        self.world = World()
        self.sessions = Sessions(self.world)
        self.logins = Logins(self.world, self.sessions, qr_seconds, poll_seconds)
        self.following = Sync(self.world, self.sessions, poll_seconds, news_page)
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        contacts = Contacts(self.world, self.sessions, contacts_page)
        sending = Sending(self.world, self.sessions, revoke_seconds)
        self._routes = self._table(contacts, sending, Media(self.world, self.sessions))
        self._runner: web.ServerRunner | None = None
        remember(self)

    @property
    def root(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def given_out(self) -> Iterable[str]:
        """What nobody may read in a log: what makes a login, and what opens one."""
        yield from (text for code in self.logins.codes for text in (code.uuid.rstrip("="), code.ticket))
        for session in self.sessions.all:
            yield from (session.cookies[name] for name in _COOKIES)
            yield from (session.skey, session.pass_ticket)

    async def __aenter__(self) -> WeChatServer:
        server = web.Server(
            self._handle, request_factory=_request, handler_cancellation=True, access_log=None
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=0.01)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.world.root = self.root
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def _table(self, contacts: Contacts, sending: Sending, media: Media) -> dict[tuple[str, str], Act]:
        pages: dict[tuple[str, str], Act] = {
            ("GET", "/"): _front,
            ("GET", "/jslogin"): self.logins.jslogin,
        }
        acts: dict[str, Act] = {
            "GET login": self.logins.status,
            "GET webwxnewloginpage": self.logins.page,
            "GET webwxpushloginurl": self.logins.push,
            "GET webwxlogout": self.logins.logout,
            "POST webwxlogout": self.logins.logout,
            "POST webwxinit": self.following.init,
            "POST webwxstatusnotify": self.following.notify,
            "GET synccheck": self.following.check,
            "POST webwxsync": self.following.sync,
            "GET webwxgetcontact": contacts.everybody,
            "POST webwxbatchgetcontact": contacts.batch,
            "POST webwxverifyuser": contacts.verify,
            "POST webwxoplog": contacts.note,
            "POST webwxsendmsg": sending.text,
            "POST webwxsendmsgimg": sending.media,
            "POST webwxsendemoticon": sending.media,
            "POST webwxsendvideomsg": sending.media,
            "POST webwxsendappmsg": sending.app,
            "POST webwxrevokemsg": sending.revoke,
            "POST webwxuploadmedia": media.upload,
            "GET webwxgetmsgimg": media.message,
            "GET webwxgetvoice": media.message,
            "GET webwxgetvideo": media.message,
            "GET webwxgetmedia": media.file,
            "GET webwxgeticon": media.portrait,
            "GET webwxgetheadimg": media.portrait,
        }
        for words, act in acts.items():
            method, _, name = words.partition(" ")
            pages[method, BASE + name] = act
        return pages

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        path = unquote(request.rel_url.raw_path)
        call = Call(request.method, path, dict(request.query), headers, dict(request.cookies))
        self.calls.append(call)
        try:
            await _read_body(request, call)
        except Refusal as refusal:
            return self._finish(call, done(refusal.ret))
        self.world.changed()
        fault = self.fault_for(call)
        if fault is None:
            return self._finish(call, await self._act(call))
        if fault.slow:
            await asyncio.sleep(fault.slow)
        answer = await self._act(call) if fault.passes or fault.after_acting else Answer(fault.body)
        if fault.passes:
            return self._finish(call, answer)
        return await self._break(request, call, fault, answer)

    async def _act(self, call: Call) -> Answer:
        act = self._routes.get((call.method, call.path))
        if act is None:
            self.world.complain(f"no such call: {call.method} {call.path}")
            return Answer(b"", status=404)
        try:
            return await act(call)
        except Refusal as refusal:
            return done(refusal.ret, MsgID="", LocalID="")

    def _finish(self, call: Call, answer: Answer) -> web.Response:
        call.status, call.answer = answer.status, answer.body.decode(errors="replace")
        self.world.changed()
        return answer.response()

    async def _break(
        self, request: web.BaseRequest, call: Call, fault: Fault, answer: Answer
    ) -> web.StreamResponse:
        self.world.changed()
        if not fault.status:
            await asyncio.get_running_loop().create_future()  # until the caller or this server goes away
        call.status = fault.status
        if fault.status < 0:
            _reset(request)
            await asyncio.get_running_loop().create_future()  # which the reset ends
        body = fault.body or answer.body
        if not fault.cut:
            return web.Response(status=fault.status, body=body, content_type="text/plain")
        half = web.StreamResponse(status=fault.status, headers={"Content-Type": "text/plain"})
        half.content_length = max(2, len(body))
        await half.prepare(request)
        await half.write(body[: len(body) // 2])
        if request.transport is not None:
            request.transport.close()
        return half


async def _front(call: Call) -> Answer:
    return Answer(b"<!DOCTYPE html><title>WeChat</title>", "text/html")


def _reset(request: web.BaseRequest) -> None:
    if request.transport is not None:
        linger = struct.pack("ii", 1, 0)  # a close with nothing to wait for is a reset
        request.transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, linger)
        request.transport.abort()


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=_LARGEST_REQUEST)


async def _read_body(request: web.BaseRequest, call: Call) -> None:
    """Add what the body says to the call's parameters. Raises `Refusal` where it says nothing."""
    if request.method != "POST":
        return
    if request.content_type == "multipart/form-data":
        form: Json = {}
        for key, value in (await request.post()).items():
            form[key] = value.file.read() if isinstance(value, web.FileField) else value
        call.params |= form
    elif raw := await request.read():
        body, call.literal = read(raw)
        call.params |= body
