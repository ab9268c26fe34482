"""Who calls us by HTTP: from where, and whether on the way nobody can listen."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

from aiohttp import web

from gateway.http.addresses import is_loopback


def address(request: web.Request) -> str:
    """Whom to count attempts for: the other end, or, where that is a proxy on this machine, whom it names.

    Of an IPv6 address it is the network: who has one address there has them all.
    """
    peer = request.remote or ""
    if is_loopback(peer):
        peer = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() or peer
    try:
        parsed = ip_address(peer)
    except ValueError:
        return "unknown"
    if not isinstance(parsed, IPv6Address) or parsed.is_loopback:
        return str(parsed)
    return str(parsed.ipv4_mapped or ip_network((parsed, 64), strict=False))


def is_https(request: web.Request) -> bool:
    """True where the browser's side of the way is encrypted.

    The header may be a lie; who lies loses nothing but a cookie of his own.
    """
    return request.secure or request.headers.get("X-Forwarded-Proto", "").lower() == "https"
