"""Who calls us by HTTP: from where, and whether on the way nobody can listen."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from aiohttp import web

Network = IPv4Network | IPv6Network
PROXIES = web.AppKey("proxies", tuple[Network, ...])
"""Where proxies call from whose word is believed, beside this machine."""


def address(request: web.Request) -> str:
    """Whom to count attempts for: the other end, or, where that is a proxy, whom it names.

    A proxy is who calls from this machine, or from one of the application's `PROXIES`. It adds whom it has
    heard to the end of what it was told, some in a line of their own; what stands before, anybody may have
    made up. Of an IPv6 address it is the network: who has one address there has them all.
    """
    lines = request.headers.getall("X-Forwarded-For", [])
    hops = [hop.strip() for line in lines for hop in line.split(",")]
    proxies = request.app.get(PROXIES, ())
    caller = request.remote or ""
    while hops and _is_proxy(_parsed(caller), proxies):
        caller = hops.pop() or caller
    parsed = _parsed(caller)
    if isinstance(parsed, IPv6Address) and not parsed.is_loopback:
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed or "unknown")


def _parsed(caller: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address(caller)
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else parsed


def _is_proxy(caller: IPv4Address | IPv6Address | None, proxies: Iterable[Network]) -> bool:
    if caller is None:
        return False
    return caller.is_loopback or any(caller in network for network in proxies)


def is_https(request: web.Request) -> bool:
    """True where the browser's side of the way is encrypted.

    The header may be a lie; who lies loses nothing but a cookie of their own.
    """
    return request.secure or request.headers.get("X-Forwarded-Proto", "").lower() == "https"
