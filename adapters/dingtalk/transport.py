"""HTTP and WebSocket to DingTalk on aiohttp; its errors become ours here, without an address in them.

Addresses are secrets here: a session webhook and a stream's ticket let anybody write or read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from gateway.errors import AdapterError, NetworkError, OutcomeUnknown, Rejected
from gateway.http import PROXY_ERRORS, close_session, dumps, loads, open_session

LARGEST_ANSWER = 20 * 2**20
"""Bytes; larger files are not fetched."""
_CALL_SECONDS = 20.0
_CONNECT_SECONDS = 10.0
_CLOSE_SECONDS = 2.0
_FAREWELL_SECONDS = 0.5
_DOWNLOAD_SECONDS = 120.0
# Who does not ask for JSON is answered XML by some of the interfaces.
_ACCEPT = {"Accept": "application/json"}
_JSON = {**_ACCEPT, "Content-Type": "application/json"}
_FOREIGN = (aiohttp.ClientError, OSError, TimeoutError, *PROXY_ERRORS)


@dataclass(frozen=True, slots=True)
class Answer:
    """What DingTalk answered: the status, the JSON in the body or None, `Retry-After` in seconds."""

    status: int
    body: Any
    retry_after: float | None = None


class Transport:
    """A pool of connections."""

    def __init__(self, proxy: str | None = None) -> None:
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Open the pool, if it is not."""
        if self._session is not None:
            return
        self._session = open_session(self._proxy)

    async def close(self) -> None:
        """Close every connection."""
        session, self._session = self._session, None
        if session is not None:
            await close_session(session, _CLOSE_SECONDS)

    async def call(
        self,
        method: str,
        url: str,
        body: object | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        form: aiohttp.FormData | None = None,
    ) -> Answer:
        """What *url* answers to the JSON of *body*, or to *form*.

        Raises `NetworkError` where nothing was sent, `OutcomeUnknown` where no answer came.
        """
        kind = _JSON if form is None else _ACCEPT
        try:
            async with self._opened.request(
                method,
                url,
                data=form if form is not None else dumps(body),
                headers={**kind, **(headers or {})},
                timeout=_timeout(_CALL_SECONDS),
                allow_redirects=False,
            ) as answer:
                content = await _read(answer)
                return Answer(answer.status, _json(content), _seconds(answer.headers.get("Retry-After")))
        except _FOREIGN as exc:
            raise _translated(exc) from None

    async def download(self, url: str) -> bytes:
        """The bytes at *url*. Raises `Rejected`: there is nothing, or too much."""
        try:
            async with self._opened.get(url, timeout=_timeout(_DOWNLOAD_SECONDS)) as answer:
                if answer.status >= 500:
                    raise NetworkError(f"the file cannot be had now ({answer.status})")
                if answer.status != 200:
                    raise Rejected(f"the file is gone ({answer.status})")
                return await _read(answer)
        except (*_FOREIGN, ValueError) as exc:
            raise _translated(exc) from None

    async def connect(self, url: str) -> aiohttp.ClientWebSocketResponse:
        """A WebSocket to *url* that leaves pings to its user. Raises `NetworkError`."""
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                return await self._opened.ws_connect(
                    url, autoping=False, timeout=aiohttp.ClientWSTimeout(ws_close=_FAREWELL_SECONDS)
                )
        except aiohttp.WSServerHandshakeError as exc:
            raise NetworkError(f"the connection was refused ({exc.status})") from None
        except (*_FOREIGN, ValueError) as exc:
            raise NetworkError(str(_translated(exc))) from None

    @property
    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise NetworkError("the channel is not running")
        return self._session


def _json(content: bytes) -> Any:
    try:
        return loads(content)
    except ValueError:
        return None


def _seconds(value: str | None) -> float | None:
    return float(value) if value is not None and value.isascii() and value.isdecimal() else None


def _timeout(total: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=total, connect=_CONNECT_SECONDS, sock_connect=_CONNECT_SECONDS)


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise Rejected("the file is too big")
    return bytes(body)


def _translated(exc: Exception) -> AdapterError:
    """Our error for aiohttp's: was the request sent or not?"""
    if isinstance(exc, aiohttp.ClientConnectorError):
        return NetworkError(str(exc))  # names host and port alone
    if isinstance(exc, (aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError, *PROXY_ERRORS)):
        return NetworkError(f"cannot connect ({type(exc).__name__})")
    if isinstance(exc, (aiohttp.InvalidURL, ValueError)):
        return Rejected("not an address")
    return OutcomeUnknown(f"no answer ({type(exc).__name__})")
