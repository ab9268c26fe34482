"""Updates by webhook: Telegram hears 200 only when they are durable. https://core.telegram.org/bots/api#setwebhook"""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
from collections import deque
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import SecretStr

from adapters.telegram import albums
from adapters.telegram.parse import Account, album
from gateway import Event, Host, Receive, hook_path
from gateway.errors import GatewayError, InboxError, StoreError
from gateway.health import Health, growing_pauses
from gateway.http import dumps, loads, read_bounded

log = logging.getLogger(__name__)

LARGEST_BODY = 2**20
"""Bytes; an update is a few thousand."""
_REMEMBERED = 1000  # parts of albums, by their updates' ids
_HEADER = "X-Telegram-Bot-Api-Secret-Token"


def address(url: str, channel: str) -> str:
    """The configured address, with the channel's path where it has none."""
    return url if urlsplit(url).path.strip("/") else url.rstrip("/") + hook_path(channel)


async def secret(host: Host, configured: SecretStr | None) -> str:
    """The word that only Telegram and we know: the configured one, or one of our own, kept."""
    if configured is not None:
        return configured.get_secret_value()
    kept = await host.load("webhook_secret")
    if kept is None:
        kept = secrets.token_urlsafe(32)
        await host.save("webhook_secret", kept)
    return kept


async def hand_over_kept(host: Host, me: Account, receive: Receive) -> None:
    """Hand over the albums that waited when the channel stopped. Raises `InboxError`."""
    kept = _read(await host.load("albums"))
    if kept:
        await receive(albums.events(kept, me))
        await host.save("albums", "[]")


class Webhook:
    """Takes what Telegram posts.

    It posts a chat's updates one by one, each after the answer to the one before, so an album cannot be
    collected while the first part waits for its 200: its parts are kept durable in the host's state until
    they had their time, or until something else is said in the chat.
    """

    def __init__(self, secret: str, host: Host, me: Account, receive: Receive, health: Health) -> None:
        self._secret = secret.encode()
        self._host = host
        self._me = me
        self._receive = receive
        self._health = health
        self._parts: list[Any] = []  # raw updates of albums
        self._taken: deque[Any] = deque(maxlen=_REMEMBERED)  # their ids: a 200 that got lost brings one again
        self._came = asyncio.Event()
        self._lock = asyncio.Lock()

    async def run(self) -> None:
        """Hand over albums when their time is over, until cancelled."""
        pauses = growing_pauses()
        while True:
            if not self._parts:
                self._came.clear()
                await self._came.wait()
            await asyncio.sleep(albums.WAIT)
            try:
                async with self._lock:
                    await self._hand_over(list(self._parts), [])
            except GatewayError as exc:
                await self._health.recover(exc, pauses)
            else:
                pauses = growing_pauses()

    async def answer(self, request: web.Request) -> web.Response:
        """200 for an update that is durable or of no use, 403 without the secret, 503 to be sent it again."""
        given = request.headers.get(_HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self._secret):
            return web.Response(status=403)
        try:
            update = loads(await _body(request))
        except ValueError:
            log.warning("%s: what was posted is no JSON", self._host.name)
            return web.Response(status=400)
        try:
            await self._take(update)
        except (InboxError, StoreError) as exc:
            self._health.down(exc)
            return web.Response(status=503)
        self._health.up()
        return web.Response()

    async def _take(self, update: Any) -> None:
        if album(update) is not None:
            async with self._lock:
                await self._collect(update)
        elif self._before(update):
            async with self._lock:
                await self._hand_over(self._before(update), [update])
        else:  # by far the most: beside each other, so that they share the inbox's transactions
            await self._hand_over([], [update])

    async def _collect(self, part: Any) -> None:
        if part.get("update_id") not in self._taken:
            await self._keep([*self._parts, part])
            self._taken.append(part.get("update_id"))
            self._came.set()

    def _before(self, update: Any) -> list[Any]:
        """What waits in the same chat."""
        chat = _chat(update)
        return [part for part in self._parts if _chat(part) == chat]

    async def _hand_over(self, parts: list[Any], more: list[Any]) -> None:
        events: list[Event] = albums.events([*parts, *more], self._me)
        if events:
            await self._receive(events)
        if parts:
            await self._keep([part for part in self._parts if part not in parts])

    async def _keep(self, parts: list[Any]) -> None:
        await self._host.save("albums", dumps(parts).decode())
        self._parts = parts


def _read(saved: str | None) -> list[Any]:
    try:
        kept = loads(saved or "[]")
    except ValueError:
        kept = None
    if not isinstance(kept, list):
        log.warning("the albums that waited are unreadable: going without")
        return []
    return kept


def _chat(update: Any) -> Any:
    if not isinstance(update, dict):
        return None
    message = update.get("message") or update.get("edited_message")
    chat = message.get("chat") if isinstance(message, dict) else None
    return chat.get("id") if isinstance(chat, dict) else None


async def _body(request: web.Request) -> bytes:
    """What was posted. Raises `HTTPRequestEntityTooLarge` before more than `LARGEST_BODY` is in memory."""
    body = await read_bounded(request.content, LARGEST_BODY)
    if body is None:
        raise web.HTTPRequestEntityTooLarge(LARGEST_BODY, request.content_length or 0)
    return body
