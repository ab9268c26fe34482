"""A program that speaks the raw protocol."""

from __future__ import annotations

import base64
import itertools
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson

from .server import IlinkServer
from .world import Bot, Json

BASE_INFO = {"channel_version": "2.4.9", "bot_agent": "Raw/1.0"}
# Each is new, whoever calls.
_UINS = itertools.count(4_000_000_000)
APP = {"iLink-App-Id": "bot", "iLink-App-ClientVersion": "132105"}


class RawClient:
    """Calls with the token of *bot*, or without; an async context manager."""

    def __init__(self, server: IlinkServer, bot: Bot | None = None) -> None:
        self.server = server
        self.root = bot.root if bot else server.root
        self.token = bot.token if bot else ""
        self.buf = ""
        self._session = aiohttp.ClientSession()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    def headers(self) -> dict[str, str]:
        """What every POST says of itself."""
        uin = base64.b64encode(str(next(_UINS)).encode()).decode()
        headers = {"Content-Type": "application/json", "AuthorizationType": "ilink_bot_token", **APP}
        headers["X-WECHAT-UIN"] = uin
        return {**headers, "Authorization": f"Bearer {self.token}"} if self.token else headers

    async def post(self, method: str, headers: dict[str, str] | None = None, **params: Any) -> Json:
        """The JSON of the answer to a POST."""
        url = f"{self.root}/ilink/bot/{method}"
        body = orjson.dumps({"base_info": BASE_INFO, **params})
        async with self._session.post(url, data=body, headers=headers or self.headers()) as answer:
            assert answer.status == 200, answer.status
            found: Json = orjson.loads(await answer.read())
            return found

    async def get(self, method: str, headers: dict[str, str] | None = None, **params: str) -> Json:
        """The JSON of the answer to a GET."""
        url = f"{self.root}/ilink/bot/{method}"
        async with self._session.get(url, params=params, headers=headers or APP) as answer:
            assert answer.status == 200, answer.status
            found: Json = orjson.loads(await answer.read())
            return found

    async def poll(self) -> list[Json]:
        """The next messages; they are confirmed by the next poll."""
        answer = await self.post("getupdates", get_updates_buf=self.buf)
        assert answer.get("ret") == 0, answer
        self.buf = answer.get("get_updates_buf") or self.buf
        messages: list[Json] = answer["msgs"]
        return messages

    async def send(self, to: str, token: str, text: str = "hello", **changes: Any) -> Json:
        """The answer to a message of one text; *changes* replace parts of it."""
        message = {
            "from_user_id": "",
            "to_user_id": to,
            "client_id": f"raw:{next(_UINS)}",
            "message_type": 2,
            "message_state": 2,
            "item_list": [{"type": 1, "text_item": {"text": text}}],
            "context_token": token,
        }
        return await self.post("sendmessage", msg={**message, **changes})

    async def upload(self, url: str, body: bytes) -> tuple[int, str]:
        """Status of an upload to the CDN, and its x-encrypted-param or x-error-message."""
        headers = {"Content-Type": "application/octet-stream"}
        async with self._session.post(url, data=body, headers=headers) as answer:
            name = "x-encrypted-param" if answer.status == 200 else "x-error-message"
            return answer.status, answer.headers.get(name, "")

    async def download(self, url: str) -> bytes:
        """What is at *url*."""
        async with self._session.get(url) as answer:
            assert answer.status == 200, answer.status
            return await answer.read()
