"""The official SDK's client, for what is asked of a model's server beside chat: its URLs, headers, errors.

Chats are not asked through it: building a request costs it 0.22 ms of CPU, a third of what a whole reply
may, and importing it 18 MB. So whoever moderates by an endpoint imports it, and nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import httpx2
import openai
from openai import AsyncOpenAI, DefaultAioHttpClient, DefaultAsyncHttpx2Client, Omit

from gateway.backend.base import ModelOptions
from gateway.backend.failures import broken, name_of, refused, reported, retry_after
from gateway.backend.transport import check_proxy
from gateway.errors import BackendBusy, BackendError, BackendRefused

# How many requests run at once is bounded above, for all models together; not a second time here.
_LIMITS = httpx2.Limits(max_connections=100_000, max_keepalive_connections=1_000)


def make_client(options: ModelOptions) -> AsyncOpenAI:
    """A client that retries nothing. Raises `ConfigError` where the proxy's address cannot be one."""
    proxy = httpx2.Proxy(check_proxy(options.proxy.get_secret_value())) if options.proxy else None
    return AsyncOpenAI(
        # The SDK refuses to be without one, and else looks into the environment; see `headers`.
        api_key=options.api_key.get_secret_value() if options.api_key else "none",
        base_url=options.base_url,
        default_query=options.extra_query,
        http_client=_http_client(options.timeouts.connect, proxy),
        max_retries=0,
    )


def headers(options: ModelOptions) -> dict[str, str | Omit]:
    """The configured headers; none that the SDK would take from the environment, no key that is not ours."""
    own: dict[str, str | Omit] = {"OpenAI-Organization": Omit(), "OpenAI-Project": Omit()}
    if not options.api_key:
        own["Authorization"] = Omit()
    configured = {name.lower() for name in options.extra_headers}
    kept = {name: value for name, value in own.items() if name.lower() not in configured}
    return {**kept, **options.extra_headers}


def _http_client(connect: float, proxy: httpx2.Proxy | None) -> httpx2.AsyncClient:
    """A client that takes *connect* seconds at most to connect, and reads nothing from the environment.

    It sets no limit to reading: whoever reads does; and follows nobody elsewhere. aiohttp carries it, at half
    of httpx's cost, except through proxies that aiohttp cannot use below the SDK: SOCKS, and those that want
    to know who asks.
    """
    timeout = httpx2.Timeout(None, connect=connect, pool=connect)
    plain = proxy is None or (proxy.url.scheme in ("http", "https") and proxy.auth is None)
    client = DefaultAioHttpClient if plain else DefaultAsyncHttpx2Client
    return client(proxy=proxy, timeout=timeout, limits=_LIMITS, trust_env=False, follow_redirects=False)


def _status(error: openai.APIStatusError) -> BackendError:
    return reported(error.body, error.status_code, retry_after(error.response.headers))


def _in_stream(error: openai.APIError) -> BackendError:
    return reported(error.body or error.message)


def _unreachable(error: openai.APIConnectionError) -> BackendError:
    cause = error.__cause__
    if isinstance(cause, httpx2.UnsupportedProtocol):
        return BackendRefused(f"base_url cannot be used: {cause}")
    return BackendBusy(f"the model's server cannot be reached: {name_of(cause or error)}")


TABLE: dict[type[Exception], Callable[[Any], BackendError]] = {
    openai.OpenAIError: refused,
    openai.APIError: _in_stream,
    openai.APIConnectionError: _unreachable,
    openai.APITimeoutError: _unreachable,
    openai.APIResponseValidationError: broken,
    openai.APIStatusError: _status,
    openai.BadRequestError: _status,
    openai.AuthenticationError: _status,
    openai.OAuthError: _status,
    openai.PermissionDeniedError: _status,
    openai.NotFoundError: _status,
    openai.ConflictError: _status,
    openai.UnprocessableEntityError: _status,
    openai.RateLimitError: _status,
    openai.InternalServerError: _status,
    # Of calls that the gateway does not make.
    openai.LengthFinishReasonError: refused,
    openai.ContentFilterFinishReasonError: refused,
    openai.WebSocketConnectionClosedError: refused,
    openai.WebSocketQueueFullError: refused,
    # What comes of reading a response, and what the SDK's aiohttp transport lets through.
    httpx2.HTTPError: broken,
    httpx2.StreamError: broken,
    aiohttp.ClientError: broken,
    OSError: broken,
}
"""The SDK's errors in the gateway's words. A new class in the SDK makes a test fail."""


def translate(error: Exception) -> BackendError:
    """The gateway's error for a foreign one, which must be of a class (or below one) in `TABLE`."""
    for kind in type(error).__mro__:
        if kind in TABLE:
            return TABLE[kind](error)
    raise TypeError(f"not an error of the model's client: {error!r}")


@contextmanager
def translated() -> Iterator[None]:
    """Raises what `translate` makes of foreign errors inside."""
    try:
        yield
    except tuple(TABLE) as error:
        raise translate(error) from error
