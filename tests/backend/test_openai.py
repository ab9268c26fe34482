"""The OpenAI-compatible backend against a real server on a real socket."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, Literal

import httpx2
import pytest
from aiohttp import encode_basic_auth
from pydantic import SecretStr

from gateway.backend import sdk
from gateway.backend.base import ModelOptions, Timeouts, Usage
from gateway.backend.openai import OpenAIBackend
from gateway.errors import BackendBusy, BackendError, BackendRefused, ConfigError, ContextTooLong
from gateway.session import Turn
from tests.servers.model import Fault, ModelServer, Received, Refusal, Rules, error_event, garbage
from tests.servers.proxy import Proxy

TURNS = [Turn("system", "be kind"), Turn("user", "hello")]


@asynccontextmanager
async def backend(server: ModelServer, **options: Any) -> AsyncIterator[OpenAIBackend]:
    made = OpenAIBackend(
        ModelOptions(**{"base_url": server.base_url, "model": "m", "api_key": "key", **options})
    )
    try:
        yield made
    finally:
        await made.aclose()


async def ask(model: OpenAIBackend, whole: bool = False) -> tuple[str, Usage]:
    pieces = [piece async for piece in model.stream(TURNS, whole)]
    usage = pieces.pop()
    assert isinstance(usage, Usage)
    return "".join(piece for piece in pieces if isinstance(piece, str)), usage


async def fails(
    model: OpenAIBackend, kind: type[BackendError], words: str | None = None, whole: bool = False
) -> BackendError:
    with pytest.raises(BackendError, match=words) as raised:
        await ask(model, whole)
    assert type(raised.value) is kind
    return raised.value


# --- what is asked and answered


async def test_a_streamed_answer_comes_in_pieces_with_its_usage() -> None:
    async with ModelServer("one two three", chunks=3, delay=0.02) as server, backend(server) as model:
        pieces = [piece async for piece in model.stream(TURNS)]
    assert pieces[:-1] == ["one t", "wo th", "ree"]
    assert pieces[-1] == Usage(prompt_tokens=12, completion_tokens=4)


async def test_a_whole_answer_comes_in_one_piece_with_its_usage() -> None:
    async with ModelServer("one two three") as server, backend(server) as model:
        assert await ask(model, whole=True) == ("one two three", Usage(12, 4))
        assert "stream" not in server.requests[0].body


async def test_the_request_says_what_is_configured_and_no_more() -> None:
    async with ModelServer() as server, backend(server, temperature=0.3, max_tokens=77) as model:
        await ask(model)
        (request,) = server.requests
    assert request.path == "/v1/chat/completions"
    assert request.headers["Authorization"] == "Bearer key"
    assert request.body == {
        "model": "m",
        "messages": [{"role": "system", "content": "be kind"}, {"role": "user", "content": "hello"}],
        "temperature": 0.3,
        "max_tokens": 77,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


async def test_what_is_null_is_not_sent() -> None:
    async with ModelServer() as server, backend(server, temperature=None, max_tokens=None) as model:
        await ask(model)
        assert not {"temperature", "max_tokens"} & server.requests[0].body.keys()


async def test_extra_headers_and_query_go_along() -> None:
    extra = {
        "extra_headers": {"api-key": "azure"},
        "extra_query": {"api-version": "2026-01-01"},
        "api_key": None,
    }
    async with ModelServer() as server, backend(server, **extra) as model:
        await ask(model)
        (request,) = server.requests
    assert request.headers["api-key"] == "azure"
    assert "Authorization" not in request.headers
    assert request.query == {"api-version": "2026-01-01"}


async def test_the_request_is_the_one_that_the_official_sdk_makes() -> None:
    async with ModelServer() as server:
        options = ModelOptions(
            base_url=f"{server.base_url}/",
            model="m",
            api_key=SecretStr("key"),
            extra_headers={"X-Title": "t", "accept": "text/event-stream"},
            extra_query={"api-version": "2026 01", "b": "ü&="},
        )
        ours, theirs = OpenAIBackend(options), sdk.make_client(options)
        await ask(ours)
        body = server.requests[0].body
        response = await theirs.post(
            "/chat/completions",
            cast_to=httpx2.Response,
            body=body,
            stream=True,
            options={"headers": sdk.headers(options)},
        )
        await response.aclose()
        await ours.aclose()
        await theirs.close()
    one, other = server.requests
    assert (one.path, one.query, one.body) == (other.path, other.query, other.body)
    assert _said(one) == _said(other)


def _said(request: Received) -> dict[str, str]:
    """The headers, but those in which a client speaks of itself and of the connection."""
    own = ("x-stainless-", "user-agent", "accept-encoding", "connection", "host", "content-length")
    named = {name.lower(): value for name, value in request.headers.items()}
    return {name: value for name, value in named.items() if not name.startswith(own)}


async def test_a_name_in_the_address_goes_before_the_key() -> None:
    async with ModelServer() as server:
        address = server.base_url.replace("//", "//me:secret@")
        async with backend(server, base_url=address) as model:
            await ask(model)
        assert server.requests[0].headers["Authorization"] == encode_basic_auth("me", "secret")


async def test_a_base_url_that_is_none_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match="base_url"):
        OpenAIBackend(ModelOptions(base_url="http://127.0.0.1:port"))


async def test_nothing_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "from-the-environment")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    async with ModelServer() as server, backend(server, api_key=None) as model:
        await ask(model)
        assert "from-the-environment" not in str(dict(server.requests[0].headers))


async def test_half_an_emoji_in_the_history_does_not_break_the_request() -> None:
    async with ModelServer() as server, backend(server) as model:
        turns = [Turn("user", "hi \ud83d there")]
        pieces = [piece async for piece in model.stream(turns)]
        assert server.requests[0].body["messages"][0]["content"] == "hi � there"
    assert pieces


async def test_an_emoji_cut_between_chunks_arrives_whole() -> None:
    async with ModelServer("ignored") as server, backend(server) as model:
        event = b'data: {"choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":null}]}\n\n'
        ending = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
        server.faults.append(Fault(0, event=event % b"hi \\ud83d" + event % b"\\ude00!" + ending))
        assert (await ask(model))[0] == "hi 😀!"


async def test_usage_is_estimated_where_the_server_tells_none() -> None:
    async with ModelServer("one two three") as server, backend(server) as model:
        server.usage = False
        assert await ask(model) == ("one two three", Usage(12, 4))


async def test_a_server_that_does_not_stream_is_understood() -> None:
    async with ModelServer("one two three") as server, backend(server) as model:
        server.whole_only = True
        assert await ask(model) == ("one two three", Usage(12, 4))


async def test_reasoning_fields_do_not_reach_the_answer() -> None:
    async with ModelServer("answer") as server, backend(server) as model:
        server.prelude = [{"reasoning_content": "secret"}, {"reasoning": "secret", "content": None}]
        assert (await ask(model))[0] == "answer"


async def test_an_empty_answer_is_an_answer() -> None:
    async with ModelServer("") as server, backend(server) as model:
        assert (await ask(model))[0] == ""


async def test_an_answer_without_end_is_cut_and_said(caplog: pytest.LogCaptureFixture) -> None:
    async with ModelServer("x" * 10_000_000, chunks=1000) as server, backend(server) as model:
        text, usage = await ask(model)
        await server.until(lambda: server.served == 1)
        assert server.aborted == 1
    assert text == "x" * 200_000
    assert usage.completion_tokens == 50_000
    assert "was cut at 200000 characters" in caplog.text


async def test_a_whole_answer_of_ten_megabytes_is_cut_as_well() -> None:
    async with ModelServer("x" * 10_000_000) as server, backend(server) as model:
        assert len((await ask(model, whole=True))[0]) == 200_000


async def test_closing_early_ends_the_request() -> None:
    async with ModelServer("one two three", delay=0.01) as server, backend(server) as model:
        server.faults.append(Fault(2, "hang"))
        async with aclosing(model.stream(TURNS)) as pieces:
            assert await anext(pieces)
        await server.until(lambda: server.aborted == 1)


async def test_cancelling_ends_the_request() -> None:
    async with ModelServer(latency=60) as server, backend(server) as model:
        asking = asyncio.create_task(ask(model))
        await server.until(lambda: server.open == 1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await server.until(lambda: server.aborted == 1)


# --- quirks


async def test_a_model_that_wants_other_parameters_is_learnt_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with ModelServer("hi") as server, backend(server, model="gpt-5.4-mini") as model:
        assert (await ask(model))[0] == "hi"
        assert len(server.requests) == 3
        assert (await ask(model))[0] == "hi"
        assert len(server.requests) == 4
        body = server.requests[-1].body
    assert body["max_completion_tokens"] == 512
    assert not {"max_tokens", "temperature"} & body.keys()
    said = [record.message for record in caplog.records if record.name == "gateway.backend.openai"]
    assert said == [
        "gpt-5.4-mini at 127.0.0.1 wants max_completion_tokens instead of max_tokens",
        "gpt-5.4-mini at 127.0.0.1 wants no temperature",
    ]


async def test_requests_that_were_under_way_learn_too() -> None:
    async with ModelServer("hi", latency=0.02) as server, backend(server, model="gpt-5.4-mini") as model:
        answers = await asyncio.gather(*(ask(model) for _ in range(20)))
    assert {text for text, _ in answers} == {"hi"}


async def test_a_server_that_refuses_stream_options_is_learnt() -> None:
    rules = Rules(refuse_stream_options=True)
    async with ModelServer("hi", rules=rules) as server, backend(server) as model:
        assert (await ask(model))[0] == "hi"
        assert "stream_options" not in server.requests[-1].body


# --- refusals


REFUSALS: dict[str, tuple[Refusal, type[BackendError], float | None]] = {
    "rate limit": (Refusal(429, "slow down", headers={"Retry-After": "7"}), BackendBusy, 7),
    "milliseconds": (Refusal(429, "slow down", headers={"retry-after-ms": "250"}), BackendBusy, 0.25),
    "quota": (Refusal(429, "no money", "insufficient_quota"), BackendRefused, None),
    "overloaded": (Refusal(503, "busy", headers={"Retry-After": "3"}), BackendBusy, 3),
    "broken": (Refusal(502, raw="<html>Bad Gateway</html>"), BackendBusy, None),
    "key": (Refusal(401, "no such key"), BackendRefused, None),
    "forbidden": (Refusal(403, raw=""), BackendRefused, None),
    "model": (Refusal(404, "no such model", "model_not_found"), BackendRefused, None),
    "request": (Refusal(400, "bad"), BackendRefused, None),
    "context": (Refusal(400, "too long", "context_length_exceeded"), ContextTooLong, None),
}


@pytest.mark.parametrize(("refusal", "kind", "wait"), REFUSALS.values(), ids=REFUSALS)
@pytest.mark.parametrize("whole", [False, True])
async def test_a_refusal_becomes_our_error(
    refusal: Refusal, kind: type[BackendError], wait: float | None, whole: bool
) -> None:
    async with ModelServer() as server, backend(server) as model:
        server.faults.append(refusal)
        error = await fails(model, kind, whole=whole)
        assert error.retry_after == wait
        assert len(server.requests) == 1


async def test_too_many_turns_are_said_to_be_too_many() -> None:
    async with ModelServer(rules=Rules(context_tokens=5)) as server, backend(server) as model:
        await fails(model, ContextTooLong, "maximum context length is 5 tokens")


async def test_a_wrong_key_is_refused() -> None:
    async with ModelServer(rules=Rules(api_key="right")) as server, backend(server) as model:
        await fails(model, BackendRefused, "401")


async def test_a_base_url_that_leads_to_a_page_is_refused() -> None:
    async with ModelServer() as server, backend(server) as model:
        server.faults.append(Refusal(200, raw="<html>", headers={"Content-Type": "text/html"}))
        await fails(model, BackendRefused, "web page")


async def test_a_base_url_without_a_scheme_is_refused() -> None:
    async with ModelServer() as server, backend(server, base_url="ftp://127.0.0.1/v1") as model:
        await fails(model, BackendRefused, "base_url")


@pytest.mark.parametrize("raw", ["{broken", "[]", "7"])
async def test_a_whole_answer_that_is_garbage_may_be_better_next_time(raw: str) -> None:
    async with ModelServer() as server, backend(server) as model:
        server.faults.append(Refusal(200, raw=raw, headers={"Content-Type": "application/json"}))
        await fails(model, BackendBusy, whole=True)


# --- broken streams, silent servers


FAULTS: dict[str, tuple[Fault, type[BackendError], str]] = {
    "cut": (Fault(1, "cut"), BackendBusy, "broke"),
    "cut before anything": (Fault(-1, "cut"), BackendBusy, "broke"),
    "ended too early": (Fault(1), BackendBusy, "broke off"),
    "ended before anything": (Fault(-1), BackendBusy, "broke off"),
    "garbage": (garbage(), BackendBusy, "no answer"),
    "no event": (Fault(1, event=b"Internal Server Error\n"), BackendBusy, "no answer"),
    "an error": (error_event("overloaded", type="server_error"), BackendBusy, "overloaded"),
    "too long": (error_event("x", code="context_length_exceeded"), ContextTooLong, "x"),
    "no money": (error_event("x", code="insufficient_quota"), BackendRefused, "x"),
}


@pytest.mark.parametrize(("fault", "kind", "words"), FAULTS.values(), ids=FAULTS)
async def test_a_stream_that_breaks_becomes_our_error(
    fault: Fault, kind: type[BackendError], words: str
) -> None:
    async with ModelServer("one two three") as server, backend(server) as model:
        server.faults.append(fault)
        await fails(model, kind, words)
        assert (await ask(model))[0] == "one two three"


async def test_what_breaks_after_the_finish_costs_nothing() -> None:
    async with ModelServer("one") as server, backend(server) as model:
        finish = b'data: {"choices":[{"index":0,"delta":{"content":"!"},"finish_reason":"stop"}]}\n\n'
        server.faults.append(Fault(1, "cut", finish))
        assert (await ask(model))[0] == "o!"


TIMES: dict[str, tuple[Timeouts, Fault, str]] = {
    "before the headers": (Timeouts(first_token=0.1), Fault(), "no word"),
    "before the first token": (Timeouts(first_token=0.1), Fault(-1, "hang"), "no word"),
    "between tokens": (Timeouts(idle=0.1), Fault(1, "hang"), "silent"),
    "in all": (Timeouts(total=0.1), Fault(1, "hang"), "more than"),
}


@pytest.mark.parametrize(("timeouts", "fault", "words"), TIMES.values(), ids=TIMES)
async def test_a_silent_server_is_given_up(timeouts: Timeouts, fault: Fault, words: str) -> None:
    async with ModelServer("one two three") as server, backend(server, timeouts=timeouts) as model:
        server.faults.append(fault)
        server.latency = 60.0 if fault == Fault() else 0.0
        started = time.monotonic()
        await fails(model, BackendBusy, words)
        assert time.monotonic() - started < 2
        await server.until(lambda: server.aborted == 1)


@pytest.mark.parametrize("end", ["cut", "hang"])
async def test_a_whole_answer_that_does_not_come_is_given_up(end: Literal["cut", "hang"]) -> None:
    async with ModelServer() as server, backend(server, timeouts=Timeouts(total=0.2)) as model:
        server.faults.append(Fault(end=end))
        await fails(model, BackendBusy, whole=True)


async def test_tokens_that_drip_are_bounded_in_all() -> None:
    timeouts = Timeouts(idle=5, total=0.2)
    async with (
        ModelServer("x" * 1000, chunks=1000, delay=0.01) as server,
        backend(server, timeouts=timeouts) as model,
    ):
        await fails(model, BackendBusy, "more than")


async def test_comments_that_keep_the_line_alive_are_no_tokens() -> None:
    timeouts = Timeouts(first_token=0.1)
    async with ModelServer("one") as server, backend(server, timeouts=timeouts) as model:
        server.faults.append(Fault(-1, "hang", b": keep-alive\n\n"))
        await fails(model, BackendBusy, "no word")


async def test_a_server_that_is_not_there_is_busy() -> None:
    async with ModelServer() as server:
        pass
    async with backend(server) as model:
        await fails(model, BackendBusy, "cannot be reached")


# --- proxies


@pytest.mark.parametrize("scheme", ["http", "socks5", "socks5h"])
@pytest.mark.parametrize("user", ["", "me:secret@"])
async def test_the_configured_proxy_is_used(scheme: str, user: str) -> None:
    async with (
        ModelServer("hi") as server,
        Proxy(("127.0.0.1", server.port)) as proxy,
        backend(
            server, base_url="http://model.invalid/v1", proxy=f"{scheme}://{user}127.0.0.1:{proxy.port}"
        ) as model,
    ):
        assert (await ask(model))[0] == "hi"
    assert proxy.asked[0] in {"model.invalid", "model.invalid:80"}
    assert proxy.credentials[:1] == ([user[:-1]] if user else [])


async def test_a_server_with_tls_is_reached_through_a_tunnel() -> None:
    async with (
        ModelServer() as server,
        Proxy(("127.0.0.1", server.port)) as proxy,
        backend(server, base_url="https://model.invalid/v1", proxy=f"http://127.0.0.1:{proxy.port}") as model,
    ):
        # The tunnel is what this shows: behind it is no TLS.
        await fails(model, BackendBusy)
    assert proxy.asked == ["model.invalid:443"]


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
async def test_a_proxy_of_the_environment_is_not_used(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with ModelServer("hi") as server, Proxy(("127.0.0.1", server.port)) as proxy:
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        async with backend(server) as model:
            assert (await ask(model))[0] == "hi"
        assert proxy.asked == []


async def test_a_proxy_that_is_not_there_is_not_gone_around() -> None:
    async with ModelServer("hi") as server, Proxy(("127.0.0.1", server.port)) as proxy:
        pass
    async with ModelServer("hi") as server, backend(server, proxy=f"http://127.0.0.1:{proxy.port}") as model:
        await fails(model, BackendBusy)
        assert server.requests == []


@pytest.mark.parametrize("proxy", ["ftp://me:secret@127.0.0.1", "127.0.0.1:8080", "http://"])
def test_a_proxy_that_cannot_be_one_is_a_mistake_and_keeps_its_password(proxy: str) -> None:
    with pytest.raises(ConfigError, match="proxy") as raised:
        OpenAIBackend(ModelOptions(proxy=proxy))
    assert "secret" not in str(raised.value)
