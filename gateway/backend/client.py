"""Requests to an OpenAI-compatible server, on aiohttp; what it refuses, in the gateway's words.

The official SDK makes the same requests (sdk.py), at four times the CPU. A test holds the two together: they
send the same to the same address.
"""

from __future__ import annotations

import asyncio

import aiohttp
import orjson
from multidict import CIMultiDict
from yarl import URL

from gateway.backend.base import ModelOptions
from gateway.backend.clock import Clock
from gateway.backend.failures import FOREIGN_ERRORS, reported, retry_after, translate
from gateway.backend.quirks import Body
from gateway.backend.reading import read_body
from gateway.backend.transport import check_proxy
from gateway.errors import BackendError, BackendRefused, ConfigError
from gateway.http import close_session, loads, open_session

_MOST_WORDS = 1 << 20  # bytes of a refusal
_CLOSE_SECONDS = 5.0


class Complaint(Exception):
    """What a server says where it refuses: the HTTP *status*, and its *words*, JSON or text."""

    def __init__(self, status: int, words: object) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.words = words


class Client:
    """Asks one server for chat completions.

    Nothing is retried, nothing is read from the environment. Raises `ConfigError` where an address in
    *options* cannot be one.
    """

    def __init__(self, options: ModelOptions) -> None:
        self._proxy = check_proxy(options.proxy.get_secret_value()) if options.proxy else None
        url = _url(options)
        self._url = url.with_user(None)
        self._headers = _headers(options, url)
        connect = options.timeouts.connect
        self._timeout = aiohttp.ClientTimeout(total=None, connect=connect, sock_connect=connect)
        self._session: aiohttp.ClientSession | None = None

    @property
    def host(self) -> str:
        """Whom it asks."""
        return self._url.host or ""

    async def ask(self, body: Body, clock: Clock) -> aiohttp.ClientResponse:
        """The response to *body*, which is to be read and released.

        Raises `BackendError`; where the server refuses, because of a `Complaint`.
        """
        try:
            async with asyncio.timeout_at(clock.deadline) as limit:
                response = await self._opened().post(
                    self._url,
                    data=orjson.dumps(body),
                    headers=self._headers,
                    timeout=self._timeout,
                    allow_redirects=False,  # keys and conversations are for whom the operator named
                )
                if response.status == 200 and not _is_page(response):
                    return response
                async with response:
                    words = await read_body(response, _MOST_WORDS)
        except FOREIGN_ERRORS as error:
            raise (clock.late() if limit.expired() else translate(error)) from error
        raise _refusal(response, words)

    async def aclose(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await close_session(session, _CLOSE_SECONDS)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            # How many requests run at once is bounded above, for all models together; not a second time here.
            self._session = open_session(self._proxy, limit=0)
        return self._session


def _url(options: ModelOptions) -> URL:
    try:
        return URL(f"{options.base_url.rstrip('/')}/chat/completions").update_query(options.extra_query)
    except ValueError:
        raise ConfigError("base_url is not an address") from None


def _headers(options: ModelOptions, url: URL) -> CIMultiDict[str]:
    """The headers of every request; the configured ones go before ours."""
    headers = CIMultiDict({"Accept": "application/json", "Content-Type": "application/json"})
    if url.user is not None:
        headers["Authorization"] = aiohttp.encode_basic_auth(url.user, url.password or "")
    elif options.api_key:
        headers["Authorization"] = f"Bearer {options.api_key.get_secret_value()}"
    headers.update(options.extra_headers)
    return headers


def _is_page(response: aiohttp.ClientResponse) -> bool:
    return "html" in response.headers.get("content-type", "")


def _place(response: aiohttp.ClientResponse) -> str:
    """Where a *response* leads to, as far as that may be shown."""
    try:
        return f" to {response.url.join(URL(response.headers['location'])).origin()}"
    except ValueError:
        return ""


def _refusal(response: aiohttp.ClientResponse, body: bytes) -> BackendError:
    """The error that a response which is none says, from its `Complaint`."""
    if response.status == 200:
        return BackendRefused("base_url leads to a web page, not to a model")
    if "location" in response.headers and 300 <= response.status < 400:
        return BackendRefused(
            f"base_url is not where the server is: HTTP {response.status}{_place(response)}"
        )
    try:
        said = loads(body)
    except ValueError:
        said = body.decode("utf-8", "replace").strip()
    words = said.get("error", said) if isinstance(said, dict) else said
    error = reported(words, response.status, retry_after(response.headers))
    error.__cause__ = Complaint(response.status, words)
    return error
