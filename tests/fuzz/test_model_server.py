"""Mutated answers of a model's server over a real socket: an answer, or a `BackendError`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from random import Random
from typing import Any

import pytest
from aiohttp import web

from gateway.backend.base import ModelOptions
from gateway.backend.moderation import ModerationClient
from gateway.backend.openai import OpenAIBackend
from gateway.errors import BackendError
from gateway.session import Turn
from tests.adapters.host import free_socket

from .target import Target
from .test_parsers import TARGETS

INPUTS = 40
JUDGEMENTS: list[Any] = [
    {"id": "modr-1", "results": [{"flagged": True, "categories": {"violence": True, "hate": False}}]},
    {"results": [{"flagged": False, "categories": {}}]},
    {"error": {"message": "no", "code": "x"}},
]
KINDS = (
    "application/json",
    "text/event-stream",
    "text/plain; charset=utf-16",
    "application/octet-stream",
    "",
)


class Server:
    """Answers every request with `data`."""

    def __init__(self) -> None:
        self.data, self.status, self.kind, self.root = b"", 200, "", ""

    async def answer(self, request: web.Request) -> web.Response:
        await request.read()
        headers = {"Content-Type": self.kind, "Retry-After": "0"} if self.kind else {"Retry-After": "0"}
        return web.Response(body=self.data, status=self.status, headers=headers)


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    server, bound, app = Server(), free_socket(), web.Application()
    app.router.add_route("*", "/{any:.*}", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.SockSite(runner, bound).start()
    server.root = f"http://127.0.0.1:{bound.getsockname()[1]}/v1"
    try:
        yield server
    finally:
        await runner.cleanup()


async def ask(server: Server, target: Target, question: Callable[[], Awaitable[object]]) -> None:
    """Put *question* as often as there are inputs."""
    for number in range(INPUTS):
        dice = Random(number)
        server.data = target.make_large(dice) if number % 20 == 19 else target.make(dice)
        server.status, server.kind = dice.choice((200, 200, 200, 400, 429, 500)), dice.choice(KINDS)
        try:
            await question()
        except BackendError as exc:
            str(exc).encode()


def options(server: Server) -> ModelOptions:
    return ModelOptions.model_validate({"base_url": server.root, "model": "m", "api_key": "sk-1"})


@pytest.mark.parametrize("name", ["model streams", "model answers"])
async def test_an_answer(name: str) -> None:
    async with serving() as server, aclosing(OpenAIBackend(options(server))) as backend:

        async def question() -> None:
            async for _ in backend.stream([Turn("user", "hello")]):
                pass

        await ask(server, TARGETS[name], question)


async def test_a_judgement() -> None:
    async with serving() as server:
        target = Target("judgements", bool, JUDGEMENTS)
        async with aclosing(ModerationClient(options(server), "omni-moderation-latest")) as client:
            await ask(server, target, lambda: client.judge("hello"))
