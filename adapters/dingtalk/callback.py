"""Messages by HTTP callback: DingTalk hears 200 only when they are durable.

https://open.dingtalk.com/document/orgapp/receive-message
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import time
from collections.abc import Mapping

from aiohttp import web

from adapters.dingtalk.intake import Intake
from gateway.errors import InboxError, StoreError
from gateway.health import Health
from gateway.http import loads, read_bounded
from gateway.pacing import denied_for, seldom

log = logging.getLogger(__name__)

LARGEST_BODY = 2**20
"""Bytes; a message is a few thousand."""
_OLDEST = 3600.0  # seconds since it was signed


def signature(timestamp: str, secret: str) -> str:
    """What DingTalk signs a message with that it posts at *timestamp*, in milliseconds."""
    digest = hmac.new(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def is_genuine(headers: Mapping[str, str], secret: str, now: float) -> bool:
    """Whether DingTalk sent it, and within an hour of *now*, in seconds since 1970."""
    timestamp = headers.get("timestamp", "")
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 20):
        return False
    given = headers.get("sign", "").encode("utf-8", "surrogateescape")
    genuine = hmac.compare_digest(given, signature(timestamp, secret).encode())
    return genuine and abs(now - int(timestamp) / 1000) < _OLDEST


class Callback:
    """Takes what DingTalk posts. What is posted twice is one message: the inbox knows it by its id."""

    def __init__(self, channel: str, secret: str, intake: Intake, health: Health) -> None:
        self._channel = channel
        self._secret = secret
        self._intake = intake
        self._health = health
        self._complaints = seldom()

    async def answer(self, request: web.Request) -> web.Response:
        """200 for a message that is durable or of no use, 403 for a false one, 503 to be sent it again."""
        if not is_genuine(request.headers, self._secret, time.time()):
            if not denied_for(self._complaints):
                log.warning("%s: what was posted is not signed by DingTalk, or long ago", self._channel)
            return web.Response(status=403)
        try:
            payload = loads(await _body(request))
        except ValueError:
            log.warning("%s: what was posted is no JSON", self._channel)
            return web.Response(status=400)
        try:
            await self._intake.take([payload])
        except (InboxError, StoreError) as exc:
            self._health.down(exc)
            return web.Response(status=503)
        self._health.up()
        return web.Response()


async def _body(request: web.Request) -> bytes:
    """What was posted. Raises `HTTPRequestEntityTooLarge` before more than `LARGEST_BODY` is in memory."""
    body = await read_bounded(request.content, LARGEST_BODY)
    if body is None:
        raise web.HTTPRequestEntityTooLarge(LARGEST_BODY, request.content_length or 0)
    return body
