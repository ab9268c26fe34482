"""A simulated Telegram, the people in it, and a bot that speaks raw HTTP to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest

from tests.servers.telegram import TelegramServer

Json = dict[str, Any]


class BotClient:
    """A bot that speaks raw HTTP."""

    def __init__(self, server: TelegramServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.session = session

    async def call(self, method: str, **params: Any) -> Json:
        """The whole answer to a call with a JSON body."""
        url = f"{self.server.root}/bot{self.server.token}/{method}"
        headers = {"Content-Type": "application/json"}
        async with self.session.post(url, data=orjson.dumps(params), headers=headers) as answer:
            found: Json = orjson.loads(await answer.read())
            assert answer.status == (200 if found["ok"] else found["error_code"])
            return found

    async def ok(self, method: str, **params: Any) -> Any:
        """The result of a call that must succeed."""
        answer = await self.call(method, **params)
        assert answer["ok"], answer
        return answer["result"]

    async def refused(self, method: str, **params: Any) -> tuple[int, str]:
        """Status and description of a call that must fail."""
        answer = await self.call(method, **params)
        assert not answer["ok"], answer
        return answer["error_code"], answer["description"]


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


@pytest.fixture
async def bot(telegram: TelegramServer) -> AsyncIterator[BotClient]:
    async with aiohttp.ClientSession() as session:
        yield BotClient(telegram, session)


@pytest.fixture
def ann(telegram: TelegramServer) -> Json:
    return telegram.user("Ann")


@pytest.fixture
def chat(telegram: TelegramServer, ann: Json) -> Json:
    return telegram.private(ann)


@pytest.fixture
def group(telegram: TelegramServer, ann: Json) -> Json:
    return telegram.group("Friends", ann)
