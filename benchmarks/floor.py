"""The least that a bot can do: raw aiohttp from getUpdates to the completion to sendMessage.

The history is in a dict. No error is handled, nothing is kept, split or rendered: it shows what the requests
alone cost.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson

from benchmarks.loop import run

Json = dict[str, Any]

_BEFORE_FIRST_VIEW, _BETWEEN_VIEWS = 0.4, 1.0  # seconds, as the gateway has it
_HEADERS = {"Content-Type": "application/json"}


class Floor:
    """One bot."""

    def __init__(self, session: aiohttp.ClientSession, bot: str, model: str, *, stream: bool) -> None:
        self._session = session
        self._bot = bot
        self._model = f"{model}/chat/completions"
        self._stream = stream
        self._history: dict[int, list[Json]] = defaultdict(list)
        self._working: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Answer until killed."""
        offset = 0
        while True:
            for update in await self._call("getUpdates", {"timeout": 50, "offset": offset}):
                offset = update["update_id"] + 1
                task = asyncio.create_task(self._answer(update["message"]))
                self._working.add(task)
                task.add_done_callback(self._working.discard)

    async def _answer(self, message: Json) -> None:
        chat = message["chat"]["id"]
        turns = self._history[chat]
        turns.append({"role": "user", "content": message["text"]})
        text = await (self._grow(chat, turns) if self._stream else self._ask(turns))
        turns.append({"role": "assistant", "content": text})
        await self._call("sendMessage", {"chat_id": chat, "text": text})

    async def _ask(self, turns: list[Json]) -> str:
        body = orjson.dumps({"model": "test", "messages": turns[-20:]})
        async with self._session.post(self._model, data=body, headers=_HEADERS) as answer:
            return str(orjson.loads(await answer.read())["choices"][0]["message"]["content"])

    async def _grow(self, chat: int, turns: list[Json]) -> str:
        """The answer, shown growing meanwhile."""
        number, clock = secrets.randbelow(2**31 - 1) + 1, asyncio.get_running_loop().time
        text, due = "", clock() + _BEFORE_FIRST_VIEW
        async for piece in self._pieces(turns):
            text += piece
            if clock() > due:
                due = clock() + _BETWEEN_VIEWS
                await self._call("sendMessageDraft", {"chat_id": chat, "draft_id": number, "text": text})
        return text

    async def _pieces(self, turns: list[Json]) -> AsyncIterator[str]:
        body = orjson.dumps({"model": "test", "messages": turns[-20:], "stream": True})
        async with self._session.post(self._model, data=body, headers=_HEADERS) as answer:
            async for line in answer.content:
                if line.startswith(b"data: {"):
                    yield orjson.loads(line[6:])["choices"][0]["delta"].get("content", "")

    async def _call(self, method: str, parameters: Json) -> Any:
        data = orjson.dumps(parameters)
        async with self._session.post(f"{self._bot}/{method}", data=data, headers=_HEADERS) as answer:
            return orjson.loads(await answer.read())["result"]


async def main() -> None:
    """Run until killed."""
    bot = f"{os.environ['TELEGRAM_URL']}/bot{os.environ['TELEGRAM_TOKEN']}"
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout()) as session:
        await Floor(session, bot, os.environ["MODEL_URL"], stream=bool(os.environ.get("STREAM"))).run()


if __name__ == "__main__":
    run(main())
