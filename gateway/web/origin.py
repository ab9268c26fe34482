"""Where a request comes from: which address it came to, which site sent it, who is at the other end."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from aiohttp import web

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_known_host(request: web.Request, own: str) -> bool:
    """True where the request names this machine, or *own*, as the host it is for.

    A page of somebody else's whose name is made to point to this machine (DNS rebinding) names that name.
    """
    try:
        name = urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        return False
    return name == own or name == "localhost" or name.endswith(".localhost") or _is_loopback(name)


def is_cross_site(request: web.Request) -> bool:
    """True for a change that another site's page asks for.

    https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site, which browsers send
    to https and to this machine; elsewhere there is the Origin. What is no browser sends neither.
    """
    if request.method in _SAFE_METHODS:
        return False
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site != "same-origin"
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.host


def address(request: web.Request) -> str:
    """Whom to count attempts for: the other end, or, where that is a proxy on this machine, whom it names.

    Of an IPv6 address it is the network: who has one address there has them all.
    """
    peer = request.remote or ""
    if _is_loopback(peer):
        peer = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() or peer
    try:
        parsed = ip_address(peer)
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed)


def is_https(request: web.Request) -> bool:
    """True where the browser's side of the way is encrypted.

    The header may be a lie; who lies loses nothing but a cookie of his own.
    """
    return request.secure or request.headers.get("X-Forwarded-Proto", "").lower() == "https"


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
