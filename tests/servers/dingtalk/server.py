"""The server: calls and connections in, frames and answers out."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from urllib.parse import unquote

import orjson
from aiohttp import web

from tests.servers.faults import Fault, fail
from tests.servers.listening import Listening, Port

from .deliveries import Deliveries
from .faults import Faults, Outages
from .openapi import Call, perform
from .people import People, Speech
from .refusals import Refusal, errcode, refused
from .screen import Screen
from .stream import Connection
from .world import Json, World

_LARGEST_REQUEST = 30 << 20


class DingTalkServer(Listening, People, Speech, Screen, Faults, Outages):
    """DingTalk, as robots and the people who talk to them see it.

    `async with` it to listen on 127.0.0.1; entered again after it was left, it listens on the same port and
    knows all it knew. `root` is its address: of api.dingtalk.com, oapi.dingtalk.com and the connections.

    *redelivery*: when a message without acknowledgement goes out again, in seconds after its first time.
    *ping_every*: seconds between two pings on a connection. *announces*: whether a connection begins with
    CONNECTED and REGISTERED frames. The other seconds: how long what is handed out is good for.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        redelivery: Sequence[float] = (16, 60),
        ping_every: float = 20.0,
        announces: bool = True,
        webhook_seconds: float = 5400,
        ticket_seconds: float = 90,
        token_seconds: float = 7200,
    ) -> None:
        super().__init__(Port(self._handle, port, largest=_LARGEST_REQUEST))
        self.ping_every = ping_every
        self.announces = announces
        self.world = World(webhook_seconds, ticket_seconds, token_seconds)
        self.deliveries = Deliveries(self.world, redelivery)
        self.calls: list[Call] = []
        self.faults: list[Fault] = []

    def given_out(self) -> Iterable[str]:
        """What nobody may read in a log: the robots' secrets, access tokens, tickets, session webhooks."""
        yield from (robot.client_secret for robot in self.world.robots.values())
        yield from (*self.world.tokens, *self.world.tickets, *self.world.sessions)
        yield from (str(call.params["ticket"]) for call in self.calls if "ticket" in call.params)

    async def redeliver(self, msg_id: str, *, fresh: bool = True) -> None:
        """Deliver a message once more, acknowledged or not; *fresh*: in a frame with another messageId."""
        await self.deliveries.again(msg_id, fresh=fresh)

    async def start(self) -> None:
        """Listen, and deliver what waits."""
        await super().start()
        self.world.root = self.root
        await self.deliveries.start()

    async def stop(self) -> None:
        """Listen no more, and deliver nothing."""
        await self.deliveries.stop()
        await super().stop()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        call = Call(request.method, unquote(request.rel_url.raw_path), {}, headers)
        self.calls.append(call)
        try:
            call.params = await _parameters(request)
        except Refusal as refusal:
            return self._finish(call, refusal.status, refusal.body)
        self.world.changed()
        fault = self.fault_for(call.path, call.params)
        if fault is None:
            return await self._do(request, call)
        if fault.after_acting:
            await self._do(request, call)
        call.status = fault.status or call.status
        self.world.changed()
        return await fail(request, fault)

    async def _do(self, request: web.BaseRequest, call: Call) -> web.StreamResponse:
        if call.path == "/connect":
            return await self._connect(request, call)
        if call.path.startswith("/files/"):
            return self._download(call)
        return self._act(call)

    def _act(self, call: Call) -> web.Response:
        try:
            body = perform(self.world, call)
        except Refusal as refusal:
            return self._finish(call, refusal.status, refusal.body)
        if call.path.endswith("/connections/open") and "json" not in call.headers.get("accept", ""):
            return self._finish(call, 200, body, xml=True)
        return self._finish(call, 200, body)

    def _finish(self, call: Call, status: int, body: Json, *, xml: bool = False) -> web.Response:
        call.status, call.answer = status, body
        self.world.changed()
        if xml:  # what the gateway answers to those who do not ask for JSON
            inner = "".join(f"<{key}>{value}</{key}>" for key, value in body.items())
            text = f'<?xml version="1.0" encoding="UTF-8"?><result>{inner}</result>'
            return web.Response(text=text, content_type="application/xml")
        return web.Response(status=status, body=orjson.dumps(body), content_type="application/json")

    async def _connect(self, request: web.BaseRequest, call: Call) -> web.StreamResponse:
        ticket = self.world.tickets.pop(str(call.params.get("ticket")), None)
        if ticket is None or ticket.until <= time.monotonic():
            return self._finish(call, 401, refused("authFailed", "ticket 不存在或已失效").body)
        call.robot, call.status = ticket.robot, 101
        connection = Connection(self.world, ticket.robot, ticket.topics, self.deliveries.hear)
        if self.announces:
            connection.system("CONNECTED", {})
            connection.system("REGISTERED", {})
        self.deliveries.connections.append(connection)
        return await connection.serve(request, self.ping_every)

    def _download(self, call: Call) -> web.Response:
        content = self.world.files.get(call.path.removeprefix("/files/"))
        call.status = 404 if content is None else 200
        return web.Response(status=call.status, body=content, content_type="application/octet-stream")


async def _parameters(request: web.BaseRequest) -> Json:
    """Query and body of a call. Raises `Refusal` where the body is of the wrong kind."""
    params: Json = dict(request.query)
    if request.method not in ("POST", "PUT"):
        return params
    new = request.path.startswith("/v1.0/")
    if request.content_type == "multipart/form-data" and not new:
        for key, value in (await request.post()).items():
            params[key] = value.file.read() if isinstance(value, web.FileField) else value
        return params
    if request.content_type != "application/json":
        if new:
            raise refused("Missingbody", "body is mandatory for this action.")
        raise errcode(43004, "无效的HTTP HEADER Content-Type")
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise refused("InvalidParameter", "body is not JSON") if new else errcode(40035, "不合法的参数")
    return {**params, **body}
