"""What browsers ask for over HTTP: the page, the stream of events, and what people say."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from adapters.webchat import assets
from adapters.webchat.feed import Full, Stream
from adapters.webchat.history import CONTROLS, control
from adapters.webchat.live import Event
from adapters.webchat.place import Place
from adapters.webchat.rooms import NotAnswered, Rooms
from adapters.webchat.visitors import Visitors
from gateway.errors import InboxError, StoreError
from gateway.http import read_bounded
from gateway.pacing import Buckets, denied_for
from gateway.text import clean

log = logging.getLogger(__name__)

HEADER = "X-Gateway-Chat"
"""A header that no other site can have a browser send: every change asks for it."""
LARGEST_BODY = 384 * 1024
"""Bytes of one message, as JSON."""
# Characters of what is said, and of a language's name.
_LONGEST_TEXT, _LONGEST_LANGUAGE = 50_000, 20
_ID = re.compile(r"[A-Za-z0-9_-]{16,40}")
# Seconds of silence after which a stream shows that it is alive.
_BEAT = 15.0
# Seconds that a page may take to read what it was sent.
_WRITE_SECONDS = 30.0
# What one visitor may send: messages a second, and at once.
_RATE, _BURST = 2.0, 60.0


class Door:
    """The routes of one web chat."""

    def __init__(self, rooms: Rooms, visitors: Visitors) -> None:
        self._rooms = rooms
        self._visitors = visitors
        self._assets = assets.load()
        self._paces = Buckets(_RATE, _BURST)

    def routes(self) -> Iterable[web.RouteDef]:
        """What the web server is to serve."""
        one = "/chat/conversations/{conversation}"
        return (
            web.get("/", self._page),
            web.get("/chat/static/{path:.+}", self._asset),
            web.get("/chat/events", self._events, allow_head=False),
            web.get("/chat/conversations", self._list),
            web.get(one, self._history),
            web.delete(one, self._remove),
            web.post(f"{one}/messages", self._say),
        )

    async def _page(self, request: web.Request) -> web.Response:
        response = self._assets["index.html"].response(request)
        try:
            wait = await self._visitors.welcome(request, response)
        except StoreError as exc:
            return _unavailable(exc)
        return _slow(wait) if wait else response

    async def _asset(self, request: web.Request) -> web.Response:
        asset = self._assets.get(request.match_info["path"])
        return _refusal(404, "no such file") if asset is None else asset.response(request)

    async def _list(self, request: web.Request) -> web.Response:
        try:
            who = await self._visitors.find(request)
            return _stranger() if who is None else _json(await self._rooms.conversations(who))
        except StoreError as exc:
            return _unavailable(exc)

    async def _history(self, request: web.Request) -> web.Response:
        try:
            place = await self._place(request)
            return _stranger() if place is None else _json(await self._rooms.history(place))
        except StoreError as exc:
            return _unavailable(exc)

    async def _remove(self, request: web.Request) -> web.Response:
        try:
            place = await self._place(request)
            if place is None:
                return _stranger()
            if HEADER not in request.headers:
                return _refusal(403, f"the header {HEADER} is missing")
            removed = await self._rooms.remove(place)
        except (InboxError, StoreError) as exc:
            return _unavailable(exc)
        return _json({}) if removed else _refusal(404, "no such conversation")

    async def _say(self, request: web.Request) -> web.Response:
        """200 once the message is durable; anything else: it may be sent again, under the same id.

        ``{"ask": true}``: what is to be answered again must be asked again; nothing was taken.
        """
        try:
            place = await self._place(request)
            if place is None:
                return _stranger()
            return self._turned_away(request, place) or await self._take(request, place)
        except (InboxError, StoreError) as exc:
            return _unavailable(exc)

    def _turned_away(self, request: web.Request, place: Place) -> web.Response | None:
        """What is answered without a look at the message; None: look."""
        if HEADER not in request.headers:
            return _refusal(403, f"the header {HEADER} is missing")
        if request.content_type != "application/json":
            return _refusal(415, "send JSON")
        wait = denied_for(self._paces[place.visitor])
        return _slow(wait) if wait else None

    async def _take(self, request: web.Request, place: Place) -> web.Response:
        """Take a message in. Raises `InboxError`, `StoreError`."""
        body = await _body(request)
        if body is None:
            return _refusal(413, "that is too much")
        said = _message(body)
        if said is None:
            return _refusal(400, "this is no message")
        try:
            await self._rooms.say(place, *said)
        except NotAnswered:
            return _json({"ask": True})
        return _json({})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Server-Sent Events, as https://html.spec.whatwg.org/multipage/server-sent-events.html has them."""
        try:
            who = await self._visitors.find(request)
            if who is None:
                return _stranger()
            with self._rooms.feed.open(who) as stream:
                return await _pour(stream, request, self._rooms.feed.seq)
        except Full:
            return _refusal(503, "too many pages are open", {"Retry-After": "10"})
        except StoreError as exc:
            return _unavailable(exc)

    async def _place(self, request: web.Request) -> Place | None:
        """The conversation that a path names, of the visitor who asks.

        Raises `HTTPNotFound` for no id at all, `StoreError`.
        """
        id = request.match_info["conversation"]
        if not _ID.fullmatch(id):
            raise web.HTTPNotFound(headers=assets.HEADERS)
        who = await self._visitors.find(request)
        return None if who is None else Place(who, id)


async def _pour(stream: Stream, request: web.Request, seq: int) -> web.StreamResponse:
    """Write events until the page or the channel is closed."""
    headers = {
        **assets.HEADERS,
        "Content-Type": "text/event-stream; charset=utf-8",
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",  # nginx would hold events back
    }
    response = web.StreamResponse(headers=headers)
    try:
        await response.prepare(request)
        await response.write(_event({"seq": seq, "type": "ready"}))
        while True:
            event = await _next(stream)
            if event is None:
                return response
            async with asyncio.timeout(_WRITE_SECONDS):
                await response.write(_event(event))
    except ConnectionError:
        return response
    except TimeoutError:  # nobody reads any more
        response.force_close()
        return response


async def _next(stream: Stream) -> Event | None:
    """The next event, a beat where there is none for long, None at the end."""
    try:
        return await stream.get(_BEAT)
    except TimeoutError:
        return {"type": "beat"}


def _event(event: Event) -> bytes:
    return f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


async def _body(request: web.Request) -> bytes | None:
    """What was posted, b"" where it is garbled; None where it is more than we take, without reading on."""
    try:
        return await read_bounded(request.content, LARGEST_BODY)
    except web.RequestPayloadError:
        return b""


def _message(body: bytes) -> tuple[str, str, str] | None:
    """The id, the text and the language of what was posted; None where it is no message."""
    try:
        said: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    id, text, language = said.get("id"), said.get("text"), said.get("language", "")
    if not (isinstance(id, str) and isinstance(text, str) and isinstance(language, str)):
        return None
    steering = control(id)
    known = _ID.fullmatch(id) if steering is None else text == CONTROLS[steering.kind]
    text = clean(text).strip()
    if not known or not text or len(text) > _LONGEST_TEXT:
        return None
    return id, text, clean(language)[:_LONGEST_LANGUAGE]


def _json(value: Event) -> web.Response:
    headers = {**assets.HEADERS, "Cache-Control": "no-store"}
    return web.json_response(value, headers=headers)


def _refusal(status: int, reason: str, headers: dict[str, str] | None = None) -> web.Response:
    everywhere = {**assets.HEADERS, "Cache-Control": "no-store"}
    return web.json_response({"error": reason}, status=status, headers={**everywhere, **(headers or {})})


def _slow(wait: float) -> web.Response:
    return _refusal(429, "not so fast", {"Retry-After": str(int(wait) + 1)})


def _stranger() -> web.Response:
    """For a browser that has not been given its cookie: it must load the page first."""
    return _refusal(401, "visitor")


def _unavailable(error: InboxError | StoreError) -> web.Response:
    log.warning("a message could not be kept: %s", error)
    return _refusal(503, "try again", {"Retry-After": "1"})
