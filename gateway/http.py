"""What every platform that is reached by HTTP needs: JSON that survives, and connections through a proxy."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

import aiohttp
import aiohttp_socks
import orjson

from gateway.text import clean

PROXY_ERRORS = (
    aiohttp_socks.ProxyError,
    aiohttp_socks.ProxyConnectionError,
    aiohttp_socks.ProxyTimeoutError,
)


def loads(payload: bytes | str) -> Any:
    """The JSON value in *payload*; what is no Unicode in it is replaced. Raises `ValueError`."""
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        # Lone surrogates ("\\ud83d") and endless numbers are JSON to the standard library alone.
        text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else payload
        try:
            return json.loads(clean(json.dumps(json.loads(text), ensure_ascii=False)))
        except RecursionError as exc:
            raise ValueError("nested too deep") from exc


def dumps(value: object) -> bytes:
    """*value* as JSON; what is no Unicode in it is replaced."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return clean(json.dumps(value, ensure_ascii=False)).encode()


def open_session(proxy: str | None) -> aiohttp.ClientSession:
    """A pool of connections, through *proxy* where there is one and never one from the environment."""
    socks = proxy is not None and proxy.startswith("socks")
    return aiohttp.ClientSession(
        connector=_socks(proxy) if socks and proxy else None,
        proxy=None if socks else proxy,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
    )


async def close_session(session: aiohttp.ClientSession, within: float) -> None:
    """Close every connection; what has not closed *within* so many seconds is left."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within):
            await session.close()


def _socks(proxy: str) -> aiohttp_socks.ProxyConnector:
    # the h of socks5h says that the proxy resolves names, which this connector always leaves to it
    return aiohttp_socks.ProxyConnector.from_url(proxy.replace("socks5h://", "socks5://", 1))
