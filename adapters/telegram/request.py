"""python-telegram-bot's transport on aiohttp: a fifth of the CPU of the one it brings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import aiohttp
from telegram.error import BadRequest, NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

from adapters.telegram.errors import FloodWait
from gateway.http import PROXY_ERRORS, close_session, dumps, loads, open_session, read_bounded

LARGEST_ANSWER = 20 * 2**20
"""Bytes; the Bot API gives out no larger file. https://core.telegram.org/bots/api#getfile"""
_SECONDS = 30.0  # for a request, its answer included
_CONNECT_SECONDS = 10.0
_CLOSE_SECONDS = 5.0
_DEFAULT_FLOOD_WAIT = 5.0  # seconds, where a 429 does not say
_HEADERS = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class _Plain:
    """Takes the place of `RequestData`, which nobody may inherit: parameters that are JSON as they are."""

    parameters: dict[str, Any]
    contains_files = False


class Request(BaseRequest):
    """One pool of connections, through *proxy* where there is one and never one from the environment.

    A request ends within 30 seconds unless its caller names another time. Error texts hold no address: the
    token is part of it.
    """

    def __init__(self, proxy: str | None) -> None:
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        """Seconds for a whole request."""
        return _SECONDS

    @property
    def opened(self) -> bool:
        """Whether requests can be made."""
        return self._session is not None

    async def initialize(self) -> None:
        """Open the pool; an open one is closed first, with all its connections."""
        await self.shutdown()
        self._session = open_session(self._proxy)

    async def shutdown(self) -> None:
        """Close every connection."""
        session, self._session = self._session, None
        if session is not None:
            await close_session(session, _CLOSE_SECONDS)

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """The object in *payload*. Raises their `NetworkError`."""
        try:
            value = loads(payload)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise NetworkError("the answer is no JSON object")
        return value

    async def call(self, url: str, parameters: dict[str, Any], within: float | None = None) -> Any:
        """The result that the method at *url* answers to *parameters* without files. Raises their errors.

        Their objects for every parameter would cost as much again as the request.
        """
        data = cast("RequestData", _Plain(parameters))
        return await self.post(url, data, read_timeout=_SECONDS if within is None else within)

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """The status and the body that *url* answers; *read_timeout* is for all of it.

        Raises their `NetworkError` where nothing was sent, `TimedOut` where no answer came, to us or to a
        server in between (504), `FloodWait` for a 429.
        """
        body = None if request_data is None else _body(request_data)
        total = read_timeout if isinstance(read_timeout, (int, float)) else _SECONDS
        status, payload = await self._exchange(url, method, body, total)
        if status == 429:
            raise FloodWait(_pause(self.parse_json_payload(payload)))
        if status == 504:
            raise TimedOut("a server in between got no answer (504)")
        return status, payload

    async def _exchange(
        self, url: str, method: str, body: bytes | aiohttp.FormData | None, total: float
    ) -> tuple[int, bytes]:
        if self._session is None:
            raise NetworkError("the channel is not running")
        try:
            async with self._session.request(
                method,
                url,
                data=body,
                headers=_HEADERS if isinstance(body, bytes) else None,
                timeout=_timeout(total),
                allow_redirects=False,
            ) as answer:
                return answer.status, await _read(answer)
        except (aiohttp.ClientError, OSError, TimeoutError, *PROXY_ERRORS) as exc:
            raise _foreign(exc) from None


@cache
def _timeout(total: float) -> aiohttp.ClientTimeout:
    connect = min(total, _CONNECT_SECONDS)
    return aiohttp.ClientTimeout(total=total, connect=connect, sock_connect=connect)


def _body(data: RequestData) -> bytes | aiohttp.FormData:
    """JSON, or a form where there are files to send."""
    if not data.contains_files:
        return dumps(data.parameters)
    # Names as they are: percent signs would be shown to people.
    form = aiohttp.FormData(quote_fields=False)
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, mime) in (data.multipart_data or {}).items():
        form.add_field(name, content, filename=filename, content_type=mime)
    return form


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    body = await read_bounded(answer.content, LARGEST_ANSWER)
    if body is None:
        raise BadRequest("the file is too big")
    return body


def _pause(answer: dict[str, Any]) -> float:
    parameters = answer.get("parameters")
    seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
    return float(seconds) if isinstance(seconds, (int, float)) and seconds > 0 else _DEFAULT_FLOOD_WAIT


def _foreign(exc: Exception) -> TelegramError:
    """Their error for aiohttp's: was the request sent or not?"""
    if isinstance(exc, aiohttp.ClientConnectorError):
        return NetworkError(str(exc))  # names host and port alone
    if isinstance(exc, (aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError, *PROXY_ERRORS)):
        return NetworkError(f"cannot connect ({type(exc).__name__})")
    return TimedOut(f"no answer ({type(exc).__name__})")
