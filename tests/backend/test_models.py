"""Asking again, asking another, and never more at once than allowed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from gateway.backend.base import ModelOptions
from gateway.backend.models import Models
from gateway.errors import BackendBusy, BackendRefused, ConfigError, ContextTooLong
from gateway.session import Turn
from tests.servers.model import Fault, ModelServer, Refusal, Rules

TURNS = [Turn("user", "hello")]
BUSY = Refusal(503, "busy")


@asynccontextmanager
async def models(
    servers: Mapping[str, ModelServer], fallback: Sequence[str] = (), **settings: Any
) -> AsyncIterator[Models]:
    """Models of running servers, which try three times with pauses too short to notice."""
    async with AsyncExitStack() as stack:
        for server in servers.values():
            await stack.enter_async_context(server)
        options = {
            name: ModelOptions(base_url=server.base_url, model=name, context_tokens=1000)
            for name, server in servers.items()
        }
        made = Models(options, fallback, **{"pause": 0.01, **settings})
        stack.push_async_callback(made.aclose)
        yield made


class Shown:
    """What a person saw, text after text."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def __call__(self, text: str) -> None:
        self.texts.append(text)


async def test_an_answer_says_who_gave_it_and_what_it_cost() -> None:
    async with models({"default": ModelServer("hi there")}) as made:
        answer = await made.answer("default", TURNS)
    assert (answer.text, answer.model) == ("hi there", "default")
    assert answer.usage.completion_tokens == 2


async def test_the_answer_is_shown_growing() -> None:
    shown = Shown()
    async with models({"default": ModelServer("one two three", chunks=3, delay=0.02)}) as made:
        await made.answer("default", TURNS, shown)
    assert shown.texts == ["one t", "one two th", "one two three"]


async def test_without_streaming_it_is_shown_whole() -> None:
    shown, server = Shown(), ModelServer("one two three")
    async with models({"default": server}) as made:
        assert (await made.answer("default", TURNS, shown, stream=False)).text == "one two three"
        assert "stream" not in server.requests[0].body
    assert shown.texts == ["one two three"]


async def test_reasoning_is_never_shown() -> None:
    shown, server = Shown(), ModelServer("<think>secret</think>\n\nanswer", chunks=20, delay=0.001)
    async with models({"default": server}) as made:
        assert (await made.answer("default", TURNS, shown)).text == "answer"
    assert all("answer".startswith(text) for text in shown.texts)


async def test_an_unknown_name_falls_to_the_default() -> None:
    async with models({"default": ModelServer("hi"), "cheap": ModelServer("ho")}) as made:
        assert (await made.answer("forgotten", TURNS)).model == "default"
        assert (await made.answer("cheap", TURNS)).model == "cheap"
        assert made.context_tokens("forgotten") == 1000
        assert made.names() == ("default", "cheap")


async def test_a_busy_model_is_asked_three_times() -> None:
    server = ModelServer("hi")
    server.faults.extend([BUSY, BUSY])
    async with models({"default": server}) as made:
        assert (await made.answer("default", TURNS)).text == "hi"
        assert len(server.requests) == 3


async def test_what_was_shown_of_a_broken_answer_gives_way_to_the_next() -> None:
    shown, server = Shown(), ModelServer("one two three", chunks=3, delay=0.01)
    server.faults.append(Fault(2, "cut"))
    async with models({"default": server}) as made:
        assert (await made.answer("default", TURNS, shown)).text == "one two three"
    assert shown.texts == ["one t", "one two th", "one t", "one two th", "one two three"]


async def test_three_failures_lead_to_the_fallback() -> None:
    broken, cheap = ModelServer(), ModelServer("hi")
    broken.faults.extend([BUSY] * 9)
    async with models({"default": broken, "cheap": cheap}, ["cheap"]) as made:
        assert (await made.answer("default", TURNS)).model == "cheap"
        assert len(broken.requests) == 3


async def test_a_refusal_leads_to_the_fallback_at_once() -> None:
    broken, cheap = ModelServer(rules=Rules(api_key="other")), ModelServer("hi")
    async with models({"default": broken, "cheap": cheap}, ["cheap"]) as made:
        assert (await made.answer("default", TURNS)).model == "cheap"
        assert len(broken.requests) == 1


async def test_a_fallback_is_not_asked_twice() -> None:
    broken, cheap = ModelServer(), ModelServer()
    broken.faults.extend([BUSY] * 9)
    cheap.faults.extend([Refusal(401, "no")] * 9)
    async with models({"default": broken, "cheap": cheap}, ["cheap", "default", "cheap"]) as made:
        with pytest.raises(BackendBusy):
            await made.answer("cheap", TURNS)
        assert (len(cheap.requests), len(broken.requests)) == (1, 3)


async def test_a_short_wait_is_kept() -> None:
    server = ModelServer("hi")
    server.faults.append(Refusal(429, "slow down", headers={"retry-after-ms": "150"}))
    async with models({"default": server}) as made:
        started = time.monotonic()
        await made.answer("default", TURNS)
        assert time.monotonic() - started >= 0.15


async def test_a_long_wait_is_not_and_is_told_when_all_fail() -> None:
    server, cheap = ModelServer(), ModelServer()
    server.faults.append(Refusal(429, "slow down", headers={"Retry-After": "90"}))
    cheap.faults.append(Refusal(429, "slow down", headers={"Retry-After": "60"}))
    async with models({"default": server, "cheap": cheap}, ["cheap"]) as made:
        with pytest.raises(BackendBusy) as raised:
            await made.answer("default", TURNS)
        assert raised.value.retry_after == 60
        assert (len(server.requests), len(cheap.requests)) == (1, 1)


async def test_what_may_pass_weighs_more_than_a_refusal() -> None:
    busy, refusing = ModelServer(), ModelServer(rules=Rules(api_key="other"))
    busy.faults.extend([BUSY] * 3)
    async with models({"default": busy, "cheap": refusing}, ["cheap"]) as made:
        with pytest.raises(BackendBusy):
            await made.answer("default", TURNS)


async def test_refusals_alone_are_a_refusal() -> None:
    async with models({"default": ModelServer(rules=Rules(api_key="other"))}) as made:
        with pytest.raises(BackendRefused):
            await made.answer("default", TURNS)


async def test_too_many_turns_are_said_at_once() -> None:
    server, cheap = ModelServer(rules=Rules(context_tokens=1)), ModelServer("hi")
    async with models({"default": server, "cheap": cheap}, ["cheap"]) as made:
        with pytest.raises(ContextTooLong):
            await made.answer("default", TURNS)
        assert (len(server.requests), len(cheap.requests)) == (1, 0)


@pytest.mark.parametrize("nothing", ["", "  \n", "<think>only thoughts</think>", "<think>never an end"])
async def test_a_blank_answer_is_asked_for_once_more(nothing: str) -> None:
    answers = iter([nothing, "hi"])
    server = ModelServer(lambda _: next(answers))
    async with models({"default": server}) as made:
        assert (await made.answer("default", TURNS)).text == "hi"


async def test_two_blank_answers_are_a_failure() -> None:
    server = ModelServer("")
    async with models({"default": server}) as made:
        with pytest.raises(BackendBusy, match="answered nothing"):
            await made.answer("default", TURNS)
        assert len(server.requests) == 2


async def test_no_more_requests_run_at_once_than_allowed() -> None:
    server = ModelServer("hi", latency=0.02)
    async with models({"default": server}, concurrency=5) as made:
        await asyncio.gather(*(made.answer("default", TURNS) for _ in range(30)))
        assert server.most_open == 5


async def test_a_pause_holds_no_slot() -> None:
    server = ModelServer("hi")
    server.faults.append(Refusal(429, "slow down", headers={"Retry-After": "15"}))
    async with models({"default": server}, concurrency=1) as made:
        waiting = asyncio.create_task(made.answer("default", TURNS))
        await server.until(lambda: server.served == 1)
        async with asyncio.timeout(5):
            assert (await made.answer("default", TURNS)).text == "hi"
        assert not waiting.done()
        waiting.cancel()
        await asyncio.wait([waiting])


async def test_a_cancelled_answer_gives_its_slot_back() -> None:
    server = ModelServer("hi")
    server.faults.append(Fault(1, "hang"))
    async with models({"default": server}, concurrency=1) as made:
        hanging = asyncio.create_task(made.answer("default", TURNS))
        await server.until(lambda: server.open == 1)
        hanging.cancel()
        await asyncio.wait([hanging])
        async with asyncio.timeout(5):
            assert (await made.answer("default", TURNS)).text == "hi"


async def test_an_error_while_showing_passes_through_and_ends_the_request() -> None:
    async def show(_: str) -> None:
        raise LookupError("nobody looks")

    server = ModelServer("one two three", delay=0.05)
    async with models({"default": server}) as made:
        with pytest.raises(LookupError):
            await made.answer("default", TURNS, show)
        await server.until(lambda: server.aborted == 1)


async def test_the_loop_is_free_while_many_models_are_slow() -> None:
    server, lags = ModelServer("hi", latency=0.3), []

    async def probe() -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            lags.append(time.monotonic() - before - 0.01)

    async with models({"default": server}) as made:
        await made.answer("default", TURNS)  # connects, and loads what is loaded once
        probing = asyncio.create_task(probe())
        await asyncio.gather(*(made.answer("default", TURNS) for _ in range(50)))
        probing.cancel()
        await asyncio.wait([probing])
    assert max(lags) < 0.2


async def test_the_echo_needs_no_server() -> None:
    made = Models({"default": ModelOptions(type="echo")})
    assert (await made.answer("default", TURNS)).text == "hello"
    await made.aclose()


def test_without_a_default_there_are_no_models() -> None:
    with pytest.raises(ConfigError, match="default"):
        Models({})


def test_a_fallback_must_exist() -> None:
    with pytest.raises(ConfigError, match="cheap"):
        Models({"default": ModelOptions()}, ["cheap"])


def test_a_proxy_that_cannot_be_one_is_a_mistake_before_anything_is_asked() -> None:
    with pytest.raises(ConfigError, match="proxy"):
        Models({"default": ModelOptions.model_validate({"proxy": "nonsense"})})
