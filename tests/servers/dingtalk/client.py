"""A robot that speaks the raw protocol."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson

from .openapi import TOKEN_HEADER
from .server import DingTalkServer
from .stream import MESSAGES
from .world import Json, Robot

TOPICS = (("EVENT", "*"), ("CALLBACK", MESSAGES))


class RawClient:
    """Calls, and connections, of one robot; an async context manager."""

    def __init__(self, server: DingTalkServer, robot: Robot | None = None) -> None:
        self.server = server
        self.robot = robot or server.first
        self.token = ""
        self._session = aiohttp.ClientSession()
        self._sockets: list[aiohttp.ClientWebSocketResponse] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for socket in self._sockets:
            await socket.close()
        await self._session.close()

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Json]:
        """Status and body of the answer to a call with the token, if there is one."""
        url = path if path.startswith("http") else self.server.root + path
        headers = {"Accept": "application/json", **headers}
        if self.token:
            headers[TOKEN_HEADER] = self.token
        if body is not None and not isinstance(body, aiohttp.FormData):
            body = orjson.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        async with self._session.request(method, url, data=body, headers=headers) as answer:
            return answer.status, orjson.loads(await answer.read())

    async def post(self, path: str, body: Any) -> Json:
        """The body of the answer to a POST that must succeed."""
        status, answer = await self.call("POST", path, body)
        assert status == 200, answer
        return answer

    async def get(self, url: str) -> bytes:
        """What is at *url*."""
        async with self._session.get(url) as answer:
            assert answer.status == 200
            return await answer.read()

    async def log_in(self) -> str:
        """Get a token and use it from now on."""
        body = {"appKey": self.robot.client_id, "appSecret": self.robot.client_secret}
        self.token = (await self.post("/v1.0/oauth2/accessToken", body))["accessToken"]
        return self.token

    async def ticket(self, topics: Sequence[tuple[str, str]] = TOPICS) -> Json:
        """Endpoint and ticket."""
        body = {
            "clientId": self.robot.client_id,
            "clientSecret": self.robot.client_secret,
            "subscriptions": [{"type": kind, "topic": topic} for kind, topic in topics],
        }
        return await self.post("/v1.0/gateway/connections/open", body)

    async def socket(self, given: Json) -> aiohttp.ClientWebSocketResponse:
        """A WebSocket to *given* endpoint and ticket."""
        url = f"{given['endpoint']}?ticket={given['ticket']}"
        socket = await self._session.ws_connect(url, timeout=aiohttp.ClientWSTimeout(ws_close=1))
        self._sockets.append(socket)
        return socket

    async def connect(self, topics: Sequence[tuple[str, str]] = TOPICS) -> aiohttp.ClientWebSocketResponse:
        """A WebSocket of its own."""
        return await self.socket(await self.ticket(topics))


async def hear(socket: aiohttp.ClientWebSocketResponse, seconds: float = 5) -> Json:
    """The next frame, its data read. Raises `TimeoutError`: nothing in *seconds*."""
    frame: Json = orjson.loads(await socket.receive_str(timeout=seconds))
    frame["data"] = orjson.loads(frame["data"])
    return frame


async def ack(socket: aiohttp.ClientWebSocketResponse, frame: Json, **changes: Any) -> None:
    """Acknowledge *frame*."""
    number = frame["headers"]["messageId"]
    reply = {
        "code": 200,
        "message": "OK",
        "headers": {"messageId": number, "contentType": "application/json"},
        "data": '{"response": null}',
    }
    await socket.send_str(orjson.dumps({**reply, **changes}).decode())
