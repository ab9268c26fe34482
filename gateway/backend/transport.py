"""The HTTP client below the openai SDK."""

from __future__ import annotations

import httpx2
from openai import DefaultAioHttpClient, DefaultAsyncHttpx2Client

from gateway.errors import ConfigError

# How many requests run at once is bounded above, for all models together; not a second time here.
_LIMITS = httpx2.Limits(max_connections=100_000, max_keepalive_connections=1_000)


def parse_proxy(url: str) -> httpx2.Proxy:
    """The proxy at *url*: http, https, socks5 or socks5h. Raises `ConfigError`, without the password."""
    try:
        proxy = httpx2.Proxy(url)
    except (ValueError, httpx2.InvalidURL):
        raise ConfigError("proxy must be http://, https:// or socks5://[user:password@]host:port") from None
    if not proxy.url.host:
        raise ConfigError("proxy names no host")
    return proxy


def http_client(connect: float, proxy: httpx2.Proxy | None = None) -> httpx2.AsyncClient:
    """A client that takes *connect* seconds at most to connect, and reads nothing from the environment.

    It sets no limit to reading: whoever reads does. aiohttp carries it, at half of httpx's cost, except
    through proxies that aiohttp cannot use: SOCKS, and those that want to know who asks.
    """
    timeout = httpx2.Timeout(None, connect=connect, pool=connect)
    plain = proxy is None or (proxy.url.scheme in ("http", "https") and proxy.auth is None)
    client = DefaultAioHttpClient if plain else DefaultAsyncHttpx2Client
    return client(proxy=proxy, timeout=timeout, limits=_LIMITS, trust_env=False)
