"""Connections through a proxy or straight, and to no address inside the operator's network by mistake."""

from __future__ import annotations

import asyncio
import contextlib

import aiohttp
import aiohttp_socks
from aiohttp.abc import AbstractResolver

PROXY_ERRORS = (
    aiohttp_socks.ProxyError,
    aiohttp_socks.ProxyConnectionError,
    aiohttp_socks.ProxyTimeoutError,
)


def open_session(
    proxy: str | None, resolver: AbstractResolver | None = None, *, limit: int = 100
) -> aiohttp.ClientSession:
    """A pool of connections, through *proxy* where there is one and never one from the environment.

    *resolver* finds the addresses of names; a proxy does that by itself. *limit*: connections at once, 0 = as
    many as it takes.
    """
    socks = proxy is not None and proxy.startswith("socks")
    return aiohttp.ClientSession(
        connector=(
            _socks(proxy, limit)
            if socks and proxy
            else aiohttp.TCPConnector(resolver=None if proxy else resolver, limit=limit)
        ),
        proxy=None if socks else proxy,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
    )


async def close_session(session: aiohttp.ClientSession, within: float) -> None:
    """Close every connection; what has not closed *within* so many seconds is left."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within):
            await session.close()


def _socks(proxy: str, limit: int) -> aiohttp_socks.ProxyConnector:
    # the h of socks5h says that the proxy resolves names, which this connector always leaves to it
    return aiohttp_socks.ProxyConnector.from_url(proxy.replace("socks5h://", "socks5://", 1), limit=limit)
