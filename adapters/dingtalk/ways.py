"""The ways back to a chat: its session webhook while that is good, and who is on the other side."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from dataclasses import asdict, dataclass, replace
from typing import TypeVar

import orjson
from pydantic import TypeAdapter

from gateway import Chat, Host, Message, Sender

log = logging.getLogger(__name__)

V = TypeVar("V")

_MOST = 10_000
# A webhook lasts 90 minutes from the message that brought it. One that will not see the next half minute is
# not begun with, and a kept one is renewed when it is so much older than the newest.
_MARGIN = 30.0
_KEEP_AGAIN = 600.0


@dataclass(frozen=True, slots=True)
class Way:
    """A session webhook, good `until` then (seconds since 1970), and a private chat's person's staff id."""

    webhook: str = ""
    until: float = 0.0
    staff_id: str = ""

    @property
    def open(self) -> bool:
        """True where the webhook is good for a while."""
        return bool(self.webhook) and time.time() < self.until - _MARGIN


_WAY = TypeAdapter(Way)


class Ways:
    """The way to every chat, in memory and durable; and who asked what, in memory."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._ways: OrderedDict[str, Way] = OrderedDict()
        self._kept: OrderedDict[str, Way] = OrderedDict()
        self._askers: OrderedDict[str, Sender] = OrderedDict()

    async def learn(self, message: Message, way: Way) -> None:
        """Keep the way that *message* brought. Raises `StoreError`."""
        chat = message.chat.id
        _put(self._askers, message.id, message.sender)
        if not way.webhook:
            before = await self.find(message.chat)
            way = replace(way, webhook=before.webhook, until=before.until)
        _put(self._ways, chat, way)
        kept = self._kept.get(chat, Way())
        if way.until > kept.until + _KEEP_AGAIN or way.staff_id != kept.staff_id:
            await self._host.save(_key(chat), orjson.dumps(asdict(way)).decode())
            _put(self._kept, chat, way)

    async def find(self, chat: Chat) -> Way:
        """The way to *chat*, as far as it is known. Raises `StoreError`.

        A private chat in which nobody ever wrote is called by the person's staff id.
        """
        way = self._ways.get(chat.id)
        if way is None:
            saved = await self._host.load(_key(chat.id))
            unknown = saved is None and chat.kind == "private"
            way = Way(staff_id=chat.id) if unknown else _read(saved)
            _put(self._ways, chat.id, way)
        return way

    def shut(self, chat: Chat, webhook: str) -> None:
        """Forget *webhook*: it is not taken any more."""
        way = self._ways.get(chat.id)
        if way is not None and way.webhook == webhook:
            self._ways[chat.id] = replace(way, webhook="")

    def asker(self, message_id: str | None) -> Sender | None:
        """Who wrote a message, if that was not long ago."""
        return self._askers.get(message_id or "")


def _key(chat: str) -> str:
    return f"way:{chat}"


def _read(saved: str | None) -> Way:
    try:
        return _WAY.validate_json(saved) if saved else Way()
    except ValueError:
        log.warning("a saved session webhook is unreadable: going without")
        return Way()


def _put(table: OrderedDict[str, V], key: str, value: V) -> None:
    """Keep *value*, and forget the oldest where there are too many."""
    table[key] = value
    table.move_to_end(key)
    if len(table) > _MOST:
        table.popitem(last=False)
