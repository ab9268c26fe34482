"""Our backend against a model's server that others wrote."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.backend.base import ModelOptions, Timeouts
from gateway.backend.models import Models
from gateway.errors import BackendBusy, BackendRefused, ContextTooLong
from gateway.session import Turn
from tests.judges.aimock import AimockServer, Fixture

pytestmark = pytest.mark.judge

LONG = (
    "One sentence after the other, 你好, with an emoji 😀😀😀😀😀😀😀😀😀😀 on the border of its chunks. " * 3
)


def says(content: str, question: str = "hello", **settings: Any) -> Fixture:
    return {"match": {"userMessage": question}, "response": {"content": content}, **settings}


def fails(status: int, question: str = "hello", first: bool = False, **error: Any) -> Fixture:
    match = {"userMessage": question, **({"sequenceIndex": 0} if first else {})}
    wait = {"retryAfter": error.pop("retryAfter")} if "retryAfter" in error else {}
    return {"match": match, "response": {"status": status, "error": error, **wait}}


@asynccontextmanager
async def served(*fixtures: Fixture, **options: Any) -> AsyncIterator[tuple[AimockServer, Models]]:
    async with AimockServer(fixtures) as server:
        default = ModelOptions(base_url=server.base_url, model="gpt-5.4-mini", **options)
        models = Models({"default": default}, pause=0.05)
        try:
            yield server, models
        finally:
            await models.aclose()


async def ask(models: Models, text: str = "hello", stream: bool = True) -> str:
    return (
        await models.answer("default", [Turn("system", "be kind"), Turn("user", text)], stream=stream)
    ).text


@pytest.mark.parametrize("stream", [True, False])
async def test_an_answer_arrives_as_it_was_meant(stream: bool) -> None:
    async with served(says(LONG), api_key="sk-test") as (server, models):
        turns = [Turn("user", "hello")]
        answer = await models.answer("default", turns, stream=stream)
        (entry,) = await server.journal()
    assert answer.text == LONG.strip()
    assert answer.usage.completion_tokens > 0
    assert "authorization" in entry["headers"]
    assert entry["body"]["messages"] == [{"role": "user", "content": "hello"}]


async def test_reasoning_stays_with_the_model() -> None:
    fixture: Fixture = {
        "match": {"userMessage": "hello"},
        "response": {"content": "answer", "reasoning": "secret"},
    }
    async with served(fixture) as (_, models):
        assert await ask(models) == "answer"
        assert await ask(models, stream=False) == "answer"


async def test_a_rate_limit_is_waited_for() -> None:
    limit = fails(429, first=True, message="slow", code="rate_limit_exceeded", retryAfter=1)
    async with served(limit, says("hi")) as (server, models):
        started = time.monotonic()
        assert await ask(models) == "hi"
        assert time.monotonic() - started >= 1
        assert [entry["response"]["status"] for entry in await server.journal()] == [429, 200]


async def test_a_rate_limit_by_chance_of_the_server_ends_in_busy() -> None:
    async with served(says("hi")) as (server, models):
        await server.chaos(rateLimitRate=1)
        with pytest.raises(BackendBusy):
            await ask(models)


async def test_an_exhausted_quota_is_not_waited_for() -> None:
    async with served(fails(429, message="no money", code="insufficient_quota")) as (server, models):
        with pytest.raises(BackendRefused):
            await ask(models)
        assert len(await server.journal()) == 1


async def test_too_many_turns_are_said_to_be_too_many() -> None:
    error = fails(400, message="Please reduce.", code="context_length_exceeded", type="invalid_request_error")
    async with served(error) as (_, models):
        with pytest.raises(ContextTooLong):
            await ask(models)


@pytest.mark.parametrize("fault", [{"truncateAfterChunks": 3}, {"disconnectAfterMs": 50, "latency": 30}])
async def test_half_an_answer_is_asked_for_again(fault: dict[str, Any]) -> None:
    first: Fixture = {**says(LONG, **fault), "match": {"userMessage": "hello", "sequenceIndex": 0}}
    async with served(first, says("complete")) as (_, models):
        assert await ask(models) == "complete"


async def test_slow_tokens_are_shown_as_they_come() -> None:
    shown: list[float] = []

    async def show(_: str) -> None:
        shown.append(time.monotonic())

    slow = says(LONG, streamingProfile={"ttft": 100, "tps": 100, "jitter": 0})
    async with served(slow) as (_, models):
        started = time.monotonic()
        await models.answer("default", [Turn("user", "hello")], show)
    assert shown[0] - started >= 0.1
    assert len(shown) > 5
    assert shown[-1] - shown[0] > 0.05


async def test_a_first_token_that_does_not_come_is_given_up() -> None:
    late = says("hi", streamingProfile={"ttft": 20_000, "tps": 10})
    async with served(late, timeouts=Timeouts(first_token=0.2)) as (_, models):
        with pytest.raises(BackendBusy, match="no word"):
            await ask(models)
