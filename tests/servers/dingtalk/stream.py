"""The stream: connections that robots keep open, and what is pushed over them until it is acknowledged.

https://open-dingtalk.github.io/developerpedia/docs/learn/stream/protocol
"""

from __future__ import annotations

import asyncio
import struct
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from socket import SO_LINGER, SOL_SOCKET

import aiohttp
import orjson
from aiohttp import web

from .world import Json, Robot, World

MESSAGES = "/v1.0/im/bot/messages/get"


@dataclass(eq=False, slots=True)
class Push:
    """Something for a robot: pushed again until it is acknowledged. `number` is its header's messageId."""

    id: str
    robot: Robot
    kind: str
    topic: str
    data: Json
    headers: Json = field(default_factory=dict)
    number: str = field(default_factory=lambda: uuid.uuid4().hex)
    began: float = field(default_factory=time.monotonic)
    attempts: int = 0
    acked: asyncio.Event = field(default_factory=asyncio.Event)

    def frame(self) -> Json:
        """It as the stream carries it."""
        return framed(self.kind, self.topic, self.number, self.data, **self.headers)


def framed(kind: str, topic: str, number: str, data: Json, **headers: str) -> Json:
    """A frame of the stream; its data is a JSON text inside the JSON."""
    return {
        "specVersion": "1.0",
        "type": kind,
        "headers": {
            "topic": topic,
            "messageId": number,
            "contentType": "application/json",
            "time": str(int(time.time() * 1000)),
            **headers,
        },
        "data": orjson.dumps(data).decode(),
    }


class Connection:
    """One WebSocket of a robot's.

    `leaving`: it was told to disconnect, and gets nothing more. `zombie`: it is open, answers pings, and
    carries nothing. `sent` and `heard`: every frame, oldest first. `pongs`: how many of the server's pings
    were answered as they should be. `closed`: when it ended (`time.monotonic()`), or None.
    """

    def __init__(
        self,
        world: World,
        robot: Robot,
        topics: frozenset[tuple[str, str]],
        reply: Callable[[Json], None],
    ) -> None:
        self.robot = robot
        self.topics = topics
        self.id = str(uuid.uuid4())
        self.opened = time.monotonic()
        self.closed: float | None = None
        self.leaving: float | None = None
        self.zombie = False
        self.sent: list[Json] = []
        self.heard: list[Json] = []
        self.pongs = 0
        self._world = world
        self._reply = reply
        self._opaque: dict[str, str] = {}
        self._orders: set[str] = set()
        self._outgoing: asyncio.Queue[bytes] = asyncio.Queue()
        self._transport: asyncio.Transport | None = None

    @property
    def live(self) -> bool:
        """Whether it is open, whatever it carries."""
        return self.closed is None

    def takes(self, push: Push) -> bool:
        """Whether *push* may be routed to it."""
        return (
            self.live
            and self.leaving is None
            and self.robot is push.robot
            and bool({(push.kind, push.topic), (push.kind, "*")} & self.topics)
        )

    def send(self, frame: Json) -> None:
        """Put *frame* on the wire; a zombie swallows it."""
        if self.zombie or not self.live:
            return
        self.sent.append(frame)
        self._outgoing.put_nowait(orjson.dumps(frame))

    def system(self, topic: str, data: Json) -> str:
        """Send a SYSTEM frame; its messageId."""
        number = uuid.uuid4().hex
        self._orders.add(number)
        self.send(framed("SYSTEM", topic, number, data, connectionId=self.id))
        return number

    def ping(self) -> None:
        """Ask for a sign of life."""
        opaque = uuid.uuid4().hex
        self._opaque[self.system("ping", {"opaque": opaque})] = opaque

    def leave(self, after: float) -> None:
        """Tell the robot to go; carry nothing more, and close the TCP connection *after* seconds."""
        if self.leaving is not None:
            return
        self.system("disconnect", {"reason": "connection is expired"})
        self.leaving = time.monotonic()
        asyncio.get_running_loop().call_later(after, self.close)

    def close(self) -> None:
        """Close the TCP connection, without a word."""
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        """Break the TCP connection."""
        if self._transport is None or self._transport.is_closing():
            return
        linger = struct.pack("ii", 1, 0)  # a close with nothing to wait for is a reset
        self._transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, linger)
        self._transport.abort()

    async def serve(self, request: web.BaseRequest, ping_every: float) -> web.WebSocketResponse:
        """Carry frames until somebody closes it, with a ping each *ping_every* seconds."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._transport = request.transport
        self._world.changed()
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._write(socket)), group.create_task(self._pings(ping_every))]
                async for message in socket:
                    if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                        self._hear(message.data)
                for task in tasks:
                    task.cancel()
        finally:
            self.closed = time.monotonic()
            self._world.changed()
        return socket

    async def _write(self, socket: web.WebSocketResponse) -> None:
        with suppress(ConnectionError):  # what is written to a closed socket is lost, as it is there
            while True:
                await socket.send_str((await self._outgoing.get()).decode())

    async def _pings(self, every: float) -> None:
        while True:
            await asyncio.sleep(every)
            if self.leaving is None:
                self.ping()

    def _hear(self, raw: str | bytes) -> None:
        try:
            frame = orjson.loads(raw)
        except orjson.JSONDecodeError:
            frame = None
        if not isinstance(frame, dict):
            self._world.complain(f"no frame: {raw!r}")
            return
        self.heard.append(frame)
        number = message_id(frame)
        opaque = self._opaque.pop(number, None)
        if opaque is not None and (_data(frame) or {}).get("opaque") == opaque:
            self.pongs += 1
        elif opaque is not None:
            self._world.complain(f"a ping was answered with {frame}")
        elif number not in self._orders:  # clients may answer the other system frames; nobody listens
            self._reply(frame)
        self._world.changed()


def message_id(frame: Json) -> str:
    """Which frame *frame* answers."""
    headers = frame.get("headers")
    return str(headers.get("messageId")) if isinstance(headers, dict) else ""


def _data(frame: Json) -> Json | None:
    """What the data of *frame* says, where it is a JSON text of an object, as it must be."""
    try:
        data = orjson.loads(frame.get("data") or "")
    except (orjson.JSONDecodeError, TypeError):
        return None
    return data if isinstance(data, dict) else None


def accepted(push: Push, frame: Json) -> str:
    """Whether *frame* acknowledges *push*: "", or what is wrong with it."""
    data = _data(frame)
    if data is None:
        return "its data is no JSON text of an object"
    if frame.get("code") != 200:
        return f"its code is {frame.get('code')}"
    if push.kind == "EVENT" and data.get("status") == "LATER":
        return "it says LATER"
    return ""
