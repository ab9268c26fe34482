"""The proxies through which models may be asked."""

from __future__ import annotations

from urllib.parse import urlsplit

from gateway.errors import ConfigError

_SCHEMES = ("http", "https", "socks5", "socks5h")


def check_proxy(url: str) -> str:
    """*url*, where it can be a proxy's. Raises `ConfigError`, without the password, where it cannot."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in _SCHEMES and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise ConfigError("proxy must be http://, https:// or socks5://[user:password@]host:port")
    if not parts.hostname:
        raise ConfigError("proxy names no host")
    return url
