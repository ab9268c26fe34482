"""The server: calls in, answers out."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from socket import SO_LINGER, SOL_SOCKET
from urllib.parse import unquote

from aiohttp import web

from tests.servers.faults import Fault, fail
from tests.servers.listening import Listening, Port

from .call import Answer, Call, done, read
from .codes import Logins
from .contacts import Contacts
from .faults import RESET, Faults, Slowness
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


class WeChatServer(Listening, People, Speech, Screen, Faults):
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
        super().__init__(Port(self._handle, port, largest=_LARGEST_REQUEST))
        self.world = World()
        self.sessions = Sessions(self.world)
        self.logins = Logins(self.world, self.sessions, qr_seconds, poll_seconds)
        self.following = Sync(self.world, self.sessions, poll_seconds, news_page)
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        contacts = Contacts(self.world, self.sessions, contacts_page)
        sending = Sending(self.world, self.sessions, revoke_seconds)
        self._routes = self._table(contacts, sending, Media(self.world, self.sessions))

    def given_out(self) -> Iterable[str]:
        """What nobody may read in a log: what makes a login, and what opens one."""
        yield from (text for code in self.logins.codes for text in (code.uuid.rstrip("="), code.ticket))
        for session in self.sessions.all:
            yield from (session.cookies[name] for name in _COOKIES)
            yield from (session.skey, session.pass_ticket)

    async def start(self) -> None:
        """Listen."""
        await super().start()
        self.world.root = self.root

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
        fault = self.meets(call)
        if fault is None:
            return self._finish(call, await self._act(call))
        if isinstance(fault, Slowness):
            await asyncio.sleep(fault.seconds)
            return self._finish(call, await self._act(call))
        answer = await self._act(call) if fault.after_acting else Answer(b"")
        call.status = fault.status
        self.world.changed()
        if fault.status == RESET:
            await _reset(request)
        return await fail(request, replace(fault, body=fault.body or answer.body), "text/plain")

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


async def _front(call: Call) -> Answer:
    return Answer(b"<!DOCTYPE html><title>WeChat</title>", "text/html")


async def _reset(request: web.BaseRequest) -> None:
    if request.transport is not None:
        linger = struct.pack("ii", 1, 0)  # a close with nothing to wait for is a reset
        request.transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, linger)
        request.transport.abort()
    await asyncio.get_running_loop().create_future()  # which the reset ends


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
