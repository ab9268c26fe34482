"""Where a request comes from: which name of ours it was sent to, and which site sent it."""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import web

from gateway.http import is_loopback

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_known_host(request: web.Request, own: str) -> bool:
    """True where the request names this machine, or *own*, as the host it is for.

    A page of somebody else's whose name is made to point to this machine (DNS rebinding) names that name.
    """
    try:
        name = urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        return False
    return name == own or name.endswith(".localhost") or is_loopback(name)


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
    return origin is not None and origin.partition("://")[2] != request.host
