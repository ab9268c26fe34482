"""The server: two hosts of the bot API and the CDN, calls in, answers out."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from urllib.parse import parse_qsl, unquote

import orjson
from aiohttp import web

from tests.servers.faults import Fault, fail
from tests.servers.listening import Listening, Port

from .botapi import ACTIONS, Call, perform
from .cdn import CdnRefusal, fetch, receive
from .faults import Faults
from .headers import check_app, check_post
from .login import code_status, new_code
from .people import People, Phone, Speech
from .refusals import Refusal
from .screen import Screen
from .world import Json, World

_LARGEST_REQUEST = 120 << 20
_API, _OTHER, _CDN = range(3)


class IlinkServer(Listening, People, Phone, Speech, Screen, Faults):
    """WeChat's bot API, as programs and the people who talk to them see it.

    `async with` it to listen on 127.0.0.1; entered again after it was left, it listens on the same ports and
    knows all it knew. `root` is the host that everybody begins with, `other_root` the one that a login may
    be redirected to, `cdn` where files are.

    *hold*: how long a poll waits, in seconds; *code_seconds*: how long a code can be scanned;
    *takeover_seconds*: how long a bot lives after its person has scanned for another. *full_urls*: whether
    whole addresses are given for files. *forgetful*: whether messages are gone once they were handed out,
    as has been reported (https://github.com/Tencent/openclaw-weixin/issues/164), and not only when a poll
    confirms them.
    """

    def __init__(
        self,
        *,
        ports: tuple[int, int, int] = (0, 0, 0),
        hold: float = 35.0,
        code_seconds: float = 120.0,
        takeover_seconds: float = 0.0,
        full_urls: bool = True,
        forgetful: bool = False,
    ) -> None:
        super().__init__(*(self._port(which, number) for which, number in enumerate(ports)))
        self.world = World(hold, code_seconds, takeover_seconds)
        self.world.full_urls = full_urls
        self.world.forgetful = forgetful
        self.calls: list[Call] = []
        self.faults: list[Fault] = []

    @property
    def ports(self) -> list[int]:
        """The numbers of the ports of `root`, `other_root` and `cdn`."""
        return [port.number for port in self._ports]

    @property
    def other_root(self) -> str:
        """The host that a login may be redirected to."""
        return self._ports[_OTHER].root

    @property
    def cdn(self) -> str:
        """Where files are."""
        return f"{self._ports[_CDN].root}/c2c"

    def given_out(self) -> Iterable[str]:
        """What nobody may read in a log: what makes a login, what opens one, and what it takes in it to
        write to people and to read their files.
        """
        yield from (text for code in self.world.codes for text in (code.text, code.id))
        for bot in self.world.bots:
            yield bot.token
            for talk in bot.talks.values():
                yield from (*talk.tokens, talk.ticket)
        for param, medium in self.world.media.items():
            yield from (param, medium.key.hex())

    def _port(self, which: int, number: int) -> Port:
        return Port(partial(self._handle, which), number, largest=_LARGEST_REQUEST)

    async def start(self) -> None:
        """Listen."""
        await super().start()
        self.world.root, self.world.other_root, self.world.cdn = self.root, self.other_root, self.cdn

    async def _handle(self, which: int, request: web.BaseRequest) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        root = (self.root, self.other_root, self.cdn)[which]
        params: Json = dict(parse_qsl(request.rel_url.raw_query_string))
        call = Call(request.method, unquote(request.rel_url.raw_path), params, headers, root)
        self.calls.append(call)
        body = await request.read()
        if which != _CDN:
            call.params |= _json(body)
        self.world.changed()
        fault = self.fault_for(call.path, call.params)
        if fault is None:
            return await self._do(call, body)
        if fault.after_acting:
            await self._do(call, body)
        call.status = fault.status or call.status
        self.world.changed()
        return await fail(request, fault)

    async def _do(self, call: Call, body: bytes) -> web.Response:
        if call.path.startswith("/c2c/") and call.root == self.cdn:
            return self._serve_file(call, body)
        try:
            answer = await self._act(call)
        except Refusal as refusal:
            if refusal.why:
                self.world.complain(f"{call.path}: {refusal.why}")
            answer = refusal.body
        except LookupError:
            return self._finish(call, 404, b"404 page not found")
        return self._finish(call, 200, answer)

    async def _act(self, call: Call) -> Json:
        """The answer's JSON. Raises `Refusal`, `LookupError`."""
        if call.path == "/ilink/bot/get_bot_qrcode":
            check_post(call.headers) if call.method == "POST" else check_app(call.headers)
            return new_code(self.world, call.params)
        if call.path == "/ilink/bot/get_qrcode_status" and call.method == "GET":
            check_app(call.headers)
            return await code_status(self.world, call.params, call.root)
        if call.path not in ACTIONS or call.method != "POST":
            raise LookupError(call.path)
        return await perform(self.world, call, check_post(call.headers))

    def _serve_file(self, call: Call, body: bytes) -> web.Response:
        headers: dict[str, str] = {}
        try:
            if (call.method, call.path) == ("POST", "/c2c/upload"):
                kind = call.headers.get("content-type", "")
                headers["x-encrypted-param"] = receive(self.world, call.params, body, kind)
                return self._finish(call, 200, b"", headers)
            if (call.method, call.path) == ("GET", "/c2c/download"):
                return self._finish(call, 200, fetch(self.world, call.params))
        except CdnRefusal as refusal:
            self.world.complain(f"{call.path}: {refusal.words}")
            return self._finish(call, refusal.status, b"", {"x-error-message": refusal.words})
        return self._finish(call, 404, b"")

    def _finish(
        self, call: Call, status: int, body: Json | bytes, headers: dict[str, str] | None = None
    ) -> web.Response:
        call.status, call.answer = status, body
        self.world.changed()
        if isinstance(body, bytes):
            kind = "application/octet-stream"
            return web.Response(status=status, body=body, headers=headers, content_type=kind)
        return web.Response(status=status, body=orjson.dumps(body), content_type="application/json")


def _json(body: bytes) -> Json:
    """What a body says, where it is JSON of an object."""
    try:
        found = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
