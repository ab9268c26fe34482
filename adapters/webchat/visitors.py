"""Who a browser is: a secret in a cookie, and the id that follows from it."""

from __future__ import annotations

import hashlib
import re
import secrets

from aiohttp import web

COOKIE = "gateway_visitor"
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
# Browsers keep a cookie for no longer than 400 days; every look at the page begins them anew (seconds).
_LIFETIME = 400 * 24 * 3600


def visitor(request: web.Request) -> str | None:
    """The id of who asks; None for a browser that has never seen the page.

    The id is a digest of the cookie, so that what is logged and stored lets nobody in.
    """
    secret = request.cookies.get(COOKIE, "")
    if not _SECRET.fullmatch(secret):
        return None
    return hashlib.sha256(secret.encode()).hexdigest()[:32]


def remember(request: web.Request, response: web.Response) -> None:
    """Give the browser its secret, or keep the one that it has."""
    known = request.cookies.get(COOKIE, "")
    secret = known if _SECRET.fullmatch(known) else secrets.token_urlsafe(32)
    response.set_cookie(
        COOKIE,
        secret,
        max_age=_LIFETIME,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=is_https(request),
    )


def is_https(request: web.Request) -> bool:
    """True where the browser's side of the way is encrypted.

    The header may be a lie; who lies loses nothing but a cookie of his own.
    """
    return request.secure or request.headers.get("X-Forwarded-Proto", "").lower() == "https"
