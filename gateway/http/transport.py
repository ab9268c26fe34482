"""HTTP to a platform on aiohttp: bounded in time and size, to its own addresses alone, with our errors.

Addresses are secrets: a session webhook, a token in a query, the place of a file let anybody write or read.
No error has one in it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from gateway.errors import AdapterError, NetworkError, OutcomeUnknown, Rejected
from gateway.http.addresses import Places
from gateway.http.bodies import read_bounded
from gateway.http.json import dumps, loads
from gateway.http.resolver import PublicResolver
from gateway.http.sessions import PROXY_ERRORS, close_session, open_session

LARGEST_FILE = 20 * 2**20
"""Bytes; larger files are not fetched, larger answers not read."""
CALL_SECONDS = 20.0
FILE_SECONDS = 120.0
_CONNECT_SECONDS = 10.0
_CLOSE_SECONDS = 1.0
_LONGEST_HOST = 100
FOREIGN_ERRORS = (aiohttp.ClientError, OSError, TimeoutError, ValueError, *PROXY_ERRORS)


class NoAnswer(OutcomeUnknown):
    """The time is over; for a poll, that is nothing unusual."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a platform answered: the status, the JSON in the body or None, `Retry-After` in seconds."""

    status: int
    body: Any
    retry_after: float | None = None
    content: bytes = field(default=b"", repr=False)


class Transport:
    """A pool of connections to *places*. Every method raises `NetworkError` where nothing was sent.

    Nothing is followed to another address than the one that was given.
    """

    def __init__(self, proxy: str | None, places: Places) -> None:
        self.places = places
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Open the pool, if it is not."""
        if self._session is None:
            self._session = open_session(self._proxy, PublicResolver(self.places.hosts))

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
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        form: aiohttp.FormData | None = None,
        within: float = CALL_SECONDS,
    ) -> Answer:
        """What *url* answers to the JSON of *body*, or to *form*, *within* so many seconds.

        Raises `OutcomeUnknown` where no answer came, `NoAnswer` where none came in time; `Rejected`: nothing
        of the platform's is there.
        """
        kind = {} if body is None else {"Content-Type": "application/json"}
        data = form if body is None else dumps(body)
        everything = {"Accept": "application/json", **kind, **(headers or {})}
        async with self.asking(method, url, within, params=query, data=data, headers=everything) as answer:
            content = await _read(answer, LARGEST_FILE)
            return Answer(answer.status, _json(content), _seconds(answer.headers.get("Retry-After")), content)

    async def download(self, url: str, *, media: bool = False, largest: int = LARGEST_FILE) -> bytes:
        """The bytes at *url*, *largest* at most; of *media* no text.

        Raises `Rejected`: there is nothing, or too much, or something else.
        """
        async with self.asking("GET", self.places.secured(url), FILE_SECONDS) as answer:
            if answer.status >= 500:
                raise NetworkError(f"the file cannot be had now ({answer.status})")
            if answer.status != 200:
                raise Rejected(f"the file is gone ({answer.status})")
            if media and answer.content_type.startswith("text/"):
                raise Rejected(f"there is {answer.content_type} instead of the file")
            return await _read(answer, largest)

    @asynccontextmanager
    async def asking(
        self, method: str, url: str, within: float, **options: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer of *url* while it is read; *options* are aiohttp's."""
        session = self.session_for(url)
        timeout = aiohttp.ClientTimeout(total=within, connect=_CONNECT_SECONDS, sock_connect=_CONNECT_SECONDS)
        try:
            async with session.request(
                method, url, timeout=timeout, allow_redirects=False, **options
            ) as answer:
                yield answer
        except FOREIGN_ERRORS as exc:
            raise translated(exc) from None

    def session_for(self, url: str) -> aiohttp.ClientSession:
        """The pool, for *url*. Raises `Rejected`: nothing of the platform's is there."""
        if not self.places.permit(url):
            raise Rejected(
                f"the platform names a host that is none of its own, as far as we know: {_host(url)!r}"
            )
        if self._session is None:
            raise NetworkError("the channel is not running")
        return self._session


def _host(url: str) -> str:
    """The host in *url*, as far as there is one, without a password before it."""
    try:
        return str(urlsplit(url).netloc.rpartition("@")[2])[:_LONGEST_HOST]
    except ValueError:
        return ""


def translated(exc: Exception) -> AdapterError:
    """Our error for aiohttp's: was the request sent or not?"""
    if isinstance(exc, aiohttp.ClientConnectorError):
        return NetworkError(str(exc))  # names host and port alone
    if isinstance(exc, (aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError, *PROXY_ERRORS)):
        return NetworkError(f"cannot connect ({type(exc).__name__})")
    if isinstance(exc, ValueError):  # aiohttp.InvalidURL is one
        return Rejected("not an address")
    if isinstance(exc, TimeoutError):
        return NoAnswer("no answer in time")
    return OutcomeUnknown(f"no answer ({type(exc).__name__})")


async def _read(answer: aiohttp.ClientResponse, largest: int) -> bytes:
    content = await read_bounded(answer.content, largest)
    if content is None:
        raise Rejected("the file is too big")
    return content


def _json(content: bytes) -> Any:
    """The object or the list in *content*; None for anything else, which may be a file."""
    try:
        return loads(content) if content.lstrip()[:1] in (b"{", b"[") else None
    except ValueError:
        return None


def _seconds(value: str | None) -> float | None:
    return float(value) if value is not None and value.isascii() and value.isdecimal() else None
