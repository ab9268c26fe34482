"""Who a browser is: a secret that we gave it in a cookie, and the id that follows from it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets

from aiohttp import web

from gateway import Host
from gateway.http import address, is_https, is_loopback
from gateway.pacing import Buckets, denied_for

COOKIE = "gateway_visitor"
# Browsers keep a cookie for no longer than 400 days; every look at the page begins them anew (seconds).
_LIFETIME = 400 * 24 * 3600
# New visitors from one address: a second, and at once.
_RATE, _BURST = 1 / 20, 60.0
_KEY = "visitors"


class Visitors:
    """Knows the browsers that we gave a secret: none can claim to be another visitor, or a new one."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._key = b""
        self._loading = asyncio.Lock()
        self._newcomers = Buckets(_RATE, _BURST)

    async def find(self, request: web.Request) -> str | None:
        """The id of who asks; None for a browser that has never seen the page. Raises `StoreError`.

        The id is a digest of the secret, so that what is logged and stored lets nobody in.
        """
        await self._load()
        secret = self._secret(request)
        return hashlib.sha256(secret.encode()).hexdigest()[:32] if secret else None

    async def welcome(self, request: web.Request, response: web.Response) -> float:
        """Give the browser a secret, or renew the cookie of the one that it has; returns 0.

        Where too many new visitors came from its address it gets none: returns in how many seconds one more
        may come. Raises `StoreError`.
        """
        await self._load()
        known = self._secret(request)
        if not known and (wait := self._wait(request)):
            return wait
        secret = known or secrets.token_urlsafe(32)
        # Not "Strict": who comes by a link would come without, and be taken for somebody new. What changes
        # something asks for more than the cookie.
        response.set_cookie(
            COOKIE,
            f"{secret}.{self._sign(secret)}",
            max_age=_LIFETIME,
            path="/",
            httponly=True,
            samesite="Lax",
            secure=is_https(request),
        )
        return 0.0

    def _wait(self, request: web.Request) -> float:
        here = address(request)
        return 0.0 if is_loopback(here) else denied_for(self._newcomers[here])

    def _secret(self, request: web.Request) -> str:
        """The secret that a browser brings; "" where it has none of ours."""
        secret, _, signature = request.cookies.get(COOKIE, "").partition(".")
        good = hmac.compare_digest(signature.encode("utf-8", "replace"), self._sign(secret).encode())
        return secret if good else ""

    def _sign(self, secret: str) -> str:
        return hmac.digest(self._key, secret.encode("utf-8", "replace"), hashlib.sha256).hex()

    async def _load(self) -> None:
        """The key, drawn and kept where there is none yet."""
        async with self._loading:
            if self._key:
                return
            saved = await self._host.load(_KEY)
            if saved is None:
                saved = secrets.token_hex(32)
                await self._host.save(_KEY, saved)
            self._key = bytes.fromhex(saved)
