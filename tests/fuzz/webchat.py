"""The web chat: what browsers post, ids, the lists of conversations that are kept."""

from __future__ import annotations

import json
from typing import Any

from adapters.webchat.book import Book
from adapters.webchat.door import _message
from adapters.webchat.history import control, merge
from adapters.webchat.place import Place
from adapters.webchat.rooms import NotAnswered, Rooms
from gateway import Chat
from gateway.errors import InboxError

from .stage import Host, drive, receive
from .target import Target, decoded

_ID = "0123456789abcdef"
POSTS: list[Any] = [
    {"id": _ID, "text": "hello", "language": "de-AT"},
    {"id": f"retry.{_ID}.{_ID}", "text": "/retry", "language": "en"},
    {"id": f"stop.{_ID}.{_ID}", "text": "/stop"},
    {"id": f"forget.{_ID}.{_ID}", "text": "/forget"},
]
KEPT: list[Any] = [[{"id": _ID, "title": "hello", "time": 1_700_000_000.5}], []]
_PLACE = Place("visitor", _ID)


def _post(data: bytes) -> None:
    said = _message(data)
    if said is None:
        return
    host: Any = Host()
    rooms = Rooms(host)
    rooms.receive = receive
    drive(rooms.say(_PLACE, *said))
    json.dumps(drive(rooms.history(_PLACE)), ensure_ascii=False).encode()
    json.dumps(drive(rooms.conversations("visitor")), ensure_ascii=False).encode()


def _id(data: bytes) -> None:
    text = decoded(data)
    control(text)
    Place.of(Chat("web", text))
    merge((), ())


def _kept(data: bytes) -> None:
    host: Any = Host(decoded(data))
    book = Book(host)
    drive(book.touch("visitor", "f" * 16, "hello", 1.0))
    entries = drive(book.entries("visitor")).values()
    sorted(entries, key=lambda entry: entry.time)


_WORDS = (_ID, "stop.", "retry.", "/stop", ".", "é" * 40)
TARGETS = (
    Target("webchat posts", _post, POSTS, allowed=(NotAnswered, InboxError), words=_WORDS, most=384 * 1024),
    Target("webchat ids", _id, texts=(_ID, f"retry.{_ID}.{_ID}", f"visitor.{_ID}"), words=_WORDS),
    Target("webchat lists", _kept, KEPT, words=_WORDS),
)
