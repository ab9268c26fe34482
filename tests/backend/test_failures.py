"""Foreign errors in the gateway's words."""

from __future__ import annotations

import inspect
import time
from collections.abc import Mapping
from email.utils import formatdate
from types import SimpleNamespace
from typing import Any

import aiohttp
import aiohttp_socks
import httpx2
import openai
import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from gateway.backend import failures, sdk
from gateway.errors import BackendBusy, BackendError, BackendRefused, ContextTooLong

TOO_LONG = {
    "OpenAI": (
        400,
        {
            "message": "This model's maximum context length is 8192 tokens. However, you sent 9000.",
            "type": "invalid_request_error",
            "code": "context_length_exceeded",
        },
    ),
    "Azure": (
        400,
        {"message": "Input tokens exceed the configured limit.", "code": "context_length_exceeded"},
    ),
    "vLLM": (
        400,
        {
            "object": "error",
            "message": "The decoder prompt (length 9000) is longer than the maximum model length of 4096.",
            "type": "BadRequestError",
            "code": 400,
        },
    ),
    "vLLM, max_tokens": (
        400,
        {
            "message": "'max_tokens' or 'max_completion_tokens' is too large: 512. This model's maximum "
            "context length is 4096 tokens and your request has 4000 input tokens",
            "code": 400,
        },
    ),
    "Ollama": (
        400,
        {"message": "the input length exceeds the context length", "type": "invalid_request_error"},
    ),
    "llama.cpp": (
        400,
        {"code": 400, "message": "request (5000 tokens) is too big", "type": "exceed_context_size_error"},
    ),
    "llama.cpp, older": (500, {"message": "the request exceeds the available context size", "code": 500}),
    "llama-cpp-python": (400, {"message": "Requested tokens (600) exceed context window of 512"}),
    "DeepSeek": (
        400,
        {
            "message": "This model's maximum context length is 131072 tokens. However, you requested 140000",
            "type": "invalid_request_error",
            "code": "invalid_request_error",
        },
    ),
    "Qwen": (
        400,
        {
            "message": "InternalError.Algo.InvalidParameter: Range of input length should be [1, 30720]",
            "code": "invalid_parameter_error",
        },
    ),
    "Moonshot": (400, {"message": "Invalid request: Your request exceeded model token limit: 8192"}),
    "a minute's tokens": (
        429,
        {
            "message": "Request too large for gpt-4 on tokens per min (TPM): Limit 10000",
            "code": "rate_limit_exceeded",
        },
    ),
    "a proxy in between": (413, "Payload Too Large"),
    "in a stream": (0, {"message": "This model's maximum context length is 4096 tokens", "code": 400}),
}


@pytest.mark.parametrize(("status", "error"), TOO_LONG.values(), ids=TOO_LONG)
def test_too_long_in_the_words_of_each_server(status: int, error: object) -> None:
    assert isinstance(failures.reported(error, status), ContextTooLong)


OTHERS: dict[str, tuple[int, object, type[BackendError]]] = {
    "rate limit": (429, {"message": "Rate limit reached", "code": "rate_limit_exceeded"}, BackendBusy),
    "quota": (
        429,
        {"message": "You exceeded your current quota", "code": "insufficient_quota"},
        BackendRefused,
    ),
    "quota, by type": (429, {"message": "quota", "type": "insufficient_quota"}, BackendRefused),
    "balance": (402, {"message": "Insufficient Balance"}, BackendRefused),
    "wrong key": (401, {"message": "Incorrect API key"}, BackendRefused),
    "forbidden": (403, "Country not supported", BackendRefused),
    "unknown model": (
        404,
        {"message": "The model does not exist", "code": "model_not_found"},
        BackendRefused,
    ),
    "bad request": (400, {"message": "Invalid role"}, BackendRefused),
    "unprocessable": (422, {"detail": [{"msg": "extra"}]}, BackendRefused),
    "timeout": (408, None, BackendBusy),
    "conflict": (409, None, BackendBusy),
    "server": (500, {"message": "The server had an error"}, BackendBusy),
    "gateway": (502, "<html>Bad Gateway</html>", BackendBusy),
    "overloaded": (529, {"message": "Overloaded"}, BackendBusy),
    "in a stream": (0, {"message": "The server is overloaded"}, BackendBusy),
    "in a stream, in words": (0, "out of memory", BackendBusy),
}


@pytest.mark.parametrize(("status", "error", "kind"), OTHERS.values(), ids=OTHERS)
def test_other_refusals(status: int, error: object, kind: type[BackendError]) -> None:
    assert type(failures.reported(error, status)) is kind


def test_a_servers_words_are_kept_short() -> None:
    assert len(str(failures.reported({"message": "x" * 10_000}, 500))) < 400


WAITS: dict[str, tuple[Mapping[str, str], float | None]] = {
    "seconds": ({"retry-after": "7"}, 7),
    "a fraction": ({"retry-after": "0.5"}, 0.5),
    "milliseconds": ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
    "broken milliseconds": ({"retry-after-ms": "soon", "retry-after": "2"}, 2),
    "nothing": ({}, None),
    "nonsense": ({"retry-after": "tomorrow"}, None),
    "not a number": ({"retry-after": "nan"}, None),
    "the past": ({"retry-after": "-3"}, 0),
    "a date in the past": ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
}


@pytest.mark.parametrize(("headers", "seconds"), WAITS.values(), ids=WAITS)
def test_how_long_a_server_asks_to_wait(headers: Mapping[str, str], seconds: float | None) -> None:
    assert failures.retry_after(headers) == seconds


def test_a_date_says_how_long_to_wait() -> None:
    wait = failures.retry_after({"retry-after": formatdate(time.time() + 30, usegmt=True)})
    assert wait == pytest.approx(30, abs=2)


def _sdk_errors() -> set[type[Exception]]:
    """Every error that the SDK shows to its users."""
    shown = (value for name, value in inspect.getmembers(openai) if not name.startswith("_"))
    return {value for value in shown if inspect.isclass(value) and issubclass(value, openai.OpenAIError)}


def test_every_error_of_the_sdk_is_in_the_table() -> None:
    assert _sdk_errors() - sdk.TABLE.keys() == set()


def _make(kind: type[Any]) -> Exception:
    request = httpx2.Request("POST", "http://127.0.0.1/v1/chat/completions")
    known: dict[str, Any] = {
        "request": request,
        "response": httpx2.Response(getattr(kind, "status_code", 500), request=request),
        "body": None,
        "message": "words",
        "unsent_messages": [],
        "completion": SimpleNamespace(usage=None),
    }
    try:
        error: Exception = kind("words")
    except TypeError:
        wanted = inspect.signature(kind).parameters
        error = kind(**{name: known[name] for name in wanted if name in known})
    return error


@pytest.mark.parametrize("kind", sdk.TABLE, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_every_error_of_the_sdk_becomes_ours(kind: type[Exception]) -> None:
    assert isinstance(sdk.translate(_make(kind)), BackendError)


def test_an_error_that_is_not_the_clients_is_not_translated() -> None:
    with pytest.raises(TypeError, match="not an error of the model's client"):
        sdk.translate(KeyError("x"))
    with pytest.raises(TypeError, match="not an error of asking a model"):
        failures.translate(KeyError("x"))


HOST = URL("http://me:secret@127.0.0.1/v1")
REQUEST = aiohttp.RequestInfo(HOST, "POST", CIMultiDictProxy(CIMultiDict()), HOST)
ASKING: dict[str, tuple[Exception, type[BackendError]]] = {
    "no address": (aiohttp.InvalidURL(HOST), BackendRefused),
    "another scheme": (aiohttp.NonHttpUrlClientError(HOST), BackendRefused),
    "round and round": (aiohttp.TooManyRedirects(REQUEST, ()), BackendRefused),
    "a proxy that refuses": (aiohttp.ClientHttpProxyError(REQUEST, (), status=407), BackendBusy),
    "a proxy that is none": (aiohttp_socks.ProxyError("no"), BackendBusy),
    "a connection that takes too long": (aiohttp.ConnectionTimeoutError(), BackendBusy),
    "a connection that is gone": (aiohttp.ServerDisconnectedError(), BackendBusy),
    "half an answer": (aiohttp.ClientPayloadError(), BackendBusy),
    "the network": (ConnectionResetError(), BackendBusy),
}


@pytest.mark.parametrize(("error", "kind"), ASKING.values(), ids=ASKING)
def test_an_error_of_asking_becomes_ours(error: Exception, kind: type[BackendError]) -> None:
    ours = failures.translate(error)
    assert type(ours) is kind
    assert "secret" not in str(ours)
