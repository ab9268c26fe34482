"""Errors of HTTP and of the model servers, in the gateway's words. The only place that knows them."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from gateway.errors import BackendBusy, BackendError, BackendRefused, ContextTooLong
from gateway.http import PROXY_ERRORS

_MOST_WORDS = 300  # characters of a server's own words in an error

# Codes and wordings by which servers say that the turns are too many.
_TOO_LONG = re.compile(
    "|".join((
        "context_length_exceeded",  # OpenAI, Azure
        "maximum context length",  # OpenAI, Azure, vLLM, DeepSeek, OpenRouter, llama-cpp-python, Mistral
        "maximum model length",  # vLLM
        "exceed_context_size",  # llama.cpp, its type
        "exceeds? the available context",  # llama.cpp
        "exceeds? (the )?(model'?s? )?(maximum )?context",  # Ollama, LM Studio, Anthropic
        "exceed context (window|limit|length)",  # llama-cpp-python, Anthropic
        "range of input length",  # Qwen (DashScope)
        "input length .{0,20}exceed",  # Qwen, Ollama
        "exceeded model token limit",  # Moonshot
        "prompt is too long",  # Anthropic
        "prompt exceeds max length|prompt 超长",  # GLM
        "maximum prompt length",  # Grok
        "input token count .{0,40}exceeds",  # Gemini
        "reduce the length of (the|your) (messages|prompt|input)",  # Groq and others
        "request too large for",  # OpenAI and Groq, more than a minute's tokens: waiting does not help
    )),
    re.IGNORECASE,
)  # fmt: skip
_QUOTA = frozenset({
    "insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "exceeded_current_quota_error",
    "access_terminated", "arrearage", "insufficient_balance", "1113",
})  # fmt: skip
# 408 timeout, 409 lock, 425 too early, 429 rate limit, 498 and 529 overloaded (Groq, Anthropic)
_PASSING = frozenset({408, 409, 425, 429, 498})


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a response asks us to wait: `retry-after-ms`, or Retry-After in seconds or as a date.

    RFC 9110, section 10.2.3; the first is OpenAI's and Azure's.
    """
    value = headers.get("retry-after", "")
    if (milliseconds := _number(headers.get("retry-after-ms", ""))) is not None:
        wait = milliseconds / 1000
    elif (seconds := _number(value)) is not None:
        wait = seconds
    elif (moment := _date(value)) is not None:
        wait = moment - time.time()
    else:
        return None
    return max(0.0, wait) if math.isfinite(wait) else None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _date(text: str) -> float | None:
    """The moment that a date in a header names, in seconds since 1970."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None


def reported(error: object, status: int = 0, wait: float | None = None) -> BackendError:
    """The error that a server's error object, text or null says; *status* 0 in the middle of a stream."""
    words = _words(error)
    said = f"HTTP {status}: {words}" if status else words
    codes = _codes(error)
    if status not in (401, 403, 404) and (_TOO_LONG.search(words) or any(map(_TOO_LONG.search, codes))):
        return ContextTooLong(said)
    if status == 413:
        return ContextTooLong(said)
    if codes & _QUOTA:
        return BackendRefused(said)
    if not status or status >= 500 or status in _PASSING:
        return BackendBusy(said, wait)
    return BackendRefused(said)


def _codes(error: object) -> set[str]:
    if not isinstance(error, Mapping):
        return set()
    return {str(error[name]).lower() for name in ("code", "type") if error.get(name) is not None}


def _words(error: object) -> str:
    message = error.get("message") if isinstance(error, Mapping) else None
    words = message if isinstance(message, str) and message else str(error or "no words")
    return words if len(words) <= _MOST_WORDS else words[:_MOST_WORDS] + "…"


def refused(error: Exception) -> BackendError:
    """What asking again will not mend."""
    return BackendRefused(name_of(error))


def broken(error: Exception) -> BackendError:
    """What may go better next time."""
    return BackendBusy(f"the connection to the model's server broke: {name_of(error)}")


def _unreachable(error: Exception) -> BackendError:
    return BackendBusy(f"the model's server cannot be reached: {name_of(error)}")


def _no_way(error: aiohttp.ClientHttpProxyError) -> BackendError:
    # Its own words have the address in them, as those below.
    return BackendBusy(f"the proxy does not let us through: HTTP {error.status}")


def _no_http(error: aiohttp.ClientResponseError) -> BackendError:
    # Its own words have the address, and with it what is configured as a query.
    return BackendBusy(f"the model's server speaks no HTTP that we understand: {error.message}")


def _unusable(error: Exception) -> BackendError:
    # There may be a password in it.
    return BackendRefused(f"base_url cannot be used: {type(error).__name__}")


def name_of(error: BaseException) -> str:
    """The class of a foreign error and what it says."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


TABLE: dict[type[Exception], Callable[[Any], BackendError]] = {
    aiohttp.InvalidURL: _unusable,
    aiohttp.NonHttpUrlClientError: _unusable,
    aiohttp.ClientConnectorError: _unreachable,  # names host and port alone
    aiohttp.ConnectionTimeoutError: _unreachable,
    aiohttp.ClientHttpProxyError: _no_way,
    aiohttp.TooManyRedirects: _unusable,
    aiohttp.ClientResponseError: _no_http,
    aiohttp.ClientError: broken,
    OSError: broken,
    **dict.fromkeys(PROXY_ERRORS, _unreachable),
}
"""aiohttp's errors, and its proxies', in the gateway's words."""
FOREIGN_ERRORS = tuple(TABLE)


def translate(error: Exception) -> BackendError:
    """The gateway's error for a foreign one, which must be of a class (or below one) in `TABLE`."""
    for kind in type(error).__mro__:
        if kind in TABLE:
            return TABLE[kind](error)
    raise TypeError(f"not an error of asking a model: {error!r}")
