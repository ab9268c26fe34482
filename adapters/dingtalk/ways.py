"""The ways back to a chat: its session webhook while that is good, and who is on the other side."""

from __future__ import annotations

import logging
import time
from dataclasses import asdict, dataclass, replace

import orjson
from pydantic import TypeAdapter

from gateway import Chat, Host, Message, Sender
from gateway.newest import Newest

log = logging.getLogger(__name__)

# Chats, and messages, that are known in memory.
_MOST = 10_000
# A webhook lasts 90 minutes from the message that brought it. One that ends within so many seconds is not
# used any more; the one that is kept is replaced by a newer one that lasts so many seconds longer.
_MARGIN = 30.0
_KEEP_AGAIN = 600.0


@dataclass(frozen=True, slots=True)
class Way:
    """How a chat is answered: by its session webhook, good `until` then (seconds since 1970), "" = none.

    `staff_id` is the person's in a private chat, "" in a group.
    """

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
        self._ways: Newest[str, Way] = Newest(_MOST)
        self._kept: Newest[str, Way] = Newest(_MOST)
        self._askers: Newest[str, Sender] = Newest(_MOST)

    async def learn(self, message: Message, way: Way) -> None:
        """Keep the way that *message* brought. Raises `StoreError`."""
        chat = message.chat.id
        self._askers[message.id] = message.sender
        if not way.webhook:
            before = await self.find(message.chat)
            way = replace(way, webhook=before.webhook, until=before.until)
        self._ways[chat] = way
        kept = self._kept.get(chat, Way())
        if way.until > kept.until + _KEEP_AGAIN or way.staff_id != kept.staff_id:
            await self._host.save(_key(chat), orjson.dumps(asdict(way)).decode())
            self._kept[chat] = way

    async def find(self, chat: Chat) -> Way:
        """The way to *chat*, as far as it is known. Raises `StoreError`.

        A private chat in which nobody ever wrote is called by the person's staff id.
        """
        way = self._ways.get(chat.id)
        if way is None:
            saved = await self._host.load(_key(chat.id))
            unknown = saved is None and chat.kind == "private"
            way = Way(staff_id=chat.id) if unknown else _read(saved)
            self._ways[chat.id] = way
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
