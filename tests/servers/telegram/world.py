"""What Telegram knows: chats, their messages and files."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.servers.watching import Changing

from .entities import Json, find
from .flood import Flood
from .updates import UpdateQueue

DRAFT_SECONDS = 30.0
_SERVICE = (
    "migrate_to_chat_id",
    "migrate_from_chat_id",
    "forum_topic_created",
    "new_chat_members",
    "left_chat_member",
    "new_chat_title",
    "pinned_message",
)
ANONYMOUS_ADMIN: Json = {
    "id": 1087968824,
    "is_bot": True,
    "first_name": "Group",
    "username": "GroupAnonymousBot",
}
CHANNEL_WRITER: Json = {
    "id": 136817688,
    "is_bot": True,
    "first_name": "Channel",
    "username": "Channel_Bot",
}


@dataclass(frozen=True, slots=True)
class SentMessage:
    """One of the bot's messages as people see it now; `time` is `time.monotonic()` of its sending.

    `text` is a caption where `kind` is a medium, `file` its bytes. `history`: every version of the text, the
    first first.
    """

    id: int
    text: str
    entities: list[Json]
    reply_to: int | None
    thread: int | None
    time: float
    kind: str = "text"
    edits: int = 0
    history: tuple[str, ...] = ()
    file: bytes = field(default=b"", repr=False)


@dataclass(slots=True)
class Room:
    """One chat and all that happened in it."""

    chat: Json
    ids: Iterator[int]
    messages: dict[int, Json] = field(default_factory=dict)
    sent: dict[int, SentMessage] = field(default_factory=dict)
    drafts: list[tuple[float, str]] = field(default_factory=list)
    live_draft: tuple[float, str] | None = None
    actions: list[str] = field(default_factory=list)
    topics: set[int] = field(default_factory=set)
    blocked: bool = False
    moved_to: int | None = None

    @property
    def private(self) -> bool:
        """Whether this is a chat of one person with the bot."""
        return bool(self.chat["type"] == "private")

    @property
    def forum(self) -> bool:
        """Whether this is a supergroup with topics."""
        return bool(self.chat.get("is_forum"))


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file by its id: what getFile says of it, and its bytes."""

    info: Json
    content: bytes


class World(Changing):
    """Everything both sides share: the people's side writes in it, and so do the bot's calls."""

    def __init__(self, token: str, username: str, *, reads_all: bool) -> None:
        super().__init__()
        self.bot: Json = {
            "id": int(token.partition(":")[0]),
            "is_bot": True,
            "first_name": username,
            "username": username,
        }
        self.reads_all = reads_all
        self.rooms: dict[int, Room] = {}
        self.files: dict[str, StoredFile] = {}
        self.paths: dict[str, bytes] = {}
        self.queue = UpdateQueue(self.changed)
        self.commands: list[Json] = []
        self.flood: Flood | None = None
        # Hears each message of the bot's with its room, and hears it again when it was edited.
        self.heard: Callable[[Room, SentMessage], None] = lambda room, message: None
        self.numbers = itertools.count(1001)  # users, chats and files
        self._account_ids = itertools.count(11)  # private chats and basic groups share one row of ids

    def open(self, chat: Json) -> Room:
        """A new room for *chat*, or the one there is."""
        room = self.rooms.get(chat["id"])
        if room is None:
            ids = itertools.count(2) if chat["type"] == "supergroup" else self._account_ids
            room = self.rooms[chat["id"]] = Room(chat, ids)
        return room

    def compose(self, room: Room, sender: Json | None, **content: Any) -> Json:
        """A message with the next id, kept in *room*; None in *content* is left out."""
        message: Json = {
            "message_id": next(room.ids),
            "date": int(time.time()),
            "chat": room.chat,
            "from": sender,
            **content,
        }
        message = {key: value for key, value in message.items() if value is not None}
        room.messages[message["message_id"]] = message
        return message

    def deliver(self, room: Room, message: Json, kind: str = "message") -> None:
        """Queue *message* as an update, if this bot may see it."""
        if not room.blocked and self._sees(room, message):
            self.queue.add({kind: message}, room.chat["id"])
        self.changed()

    def publish(self, room: Room, kind: str, text: str, entities: list[Json], **content: Any) -> Json:
        """Keep a message of the bot's in *room* and return its JSON."""
        if kind == "text":
            content.update(text=text, entities=entities or None)
        elif text:
            content.update(caption=text, caption_entities=entities or None)
        message = self.compose(room, self.bot, **content)
        number = message["message_id"]
        replied = message.get("reply_to_message")
        room.sent[number] = SentMessage(
            id=number,
            text=text,
            entities=entities,
            reply_to=replied["message_id"] if replied else None,
            thread=message.get("message_thread_id"),
            time=time.monotonic(),
            kind=kind,
            history=(text,),
            file=self._content(content.get(kind)),
        )
        room.live_draft = None
        self.heard(room, room.sent[number])
        return message

    def place(self, room: Room, thread: int | None, reply_to: Json | None) -> Json:
        """Where a message stands: topic, thread and what it replies to, as the Bot API words it."""
        if room.forum or room.private:
            found: Json = {}
            if thread is not None:
                found = {"message_thread_id": thread, "is_topic_message": True}
                # a message in a topic that replies to nothing replies to the topic's first message
                reply_to = reply_to or (room.messages.get(thread) if room.forum else None)
        else:
            # replies in a plain supergroup carry the id of the thread they make, and are in no topic
            root = reply_to and (reply_to.get("message_thread_id") or reply_to["message_id"])
            found = {"message_thread_id": root} if root and room.chat["type"] == "supergroup" else {}
        if reply_to is not None:
            found["reply_to_message"] = {
                key: value for key, value in reply_to.items() if key != "reply_to_message"
            }
        return found

    def store(self, content: bytes, folder: str, ending: str, **info: Any) -> Json:
        """Keep a file; its Bot API description (with what *info* adds) without the path."""
        number = next(self.numbers)
        file_id = f"AgACAgIAAxkBAAI{number:06d}"
        known: Json = {
            "file_id": file_id,
            "file_unique_id": f"AQAD{number:06d}",
            "file_size": len(content),
        }
        path = f"{folder}/file_{number}.{ending}"
        self.files[file_id] = StoredFile({**known, "file_path": path}, content)
        self.paths[path] = content
        return {**known, **info}

    def _content(self, medium: Any) -> bytes:
        """The bytes of a medium as a message describes it: a photo by its sizes, the largest last."""
        described = medium[-1] if isinstance(medium, list) else medium
        return self.files[described["file_id"]].content if isinstance(described, dict) else b""

    def _sees(self, room: Room, message: Json) -> bool:
        sender = message.get("from") or {}
        if sender.get("is_bot") and "sender_chat" not in message:
            return False  # bots do not hear bots, nor themselves
        if room.private or self.reads_all or any(key in message for key in _SERVICE):
            return True
        replied = message.get("reply_to_message") or {}
        if (replied.get("from") or {}).get("id") == self.bot["id"]:
            return True
        return self._commanded(message)

    def _commanded(self, message: Json) -> bool:
        text = message.get("text") or message.get("caption") or ""
        for entity in find(text):
            if entity["type"] == "bot_command" and text.startswith("/"):
                target = text.split()[0].partition("@")[2]
                return not target or target.lower() == self.bot["username"].lower()
        return False
