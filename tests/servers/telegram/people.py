"""What people do: open chats, write, send media, leave."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from .entities import Json, find
from .world import ANONYMOUS_ADMIN, CHANNEL_WRITER, Room, World


class People:
    """Users and chats, and what becomes of them."""

    world: World

    def user(
        self,
        name: str = "Ann",
        *,
        id: int | None = None,
        language_code: str = "en",
        username: str | None = None,
        is_bot: bool = False,
    ) -> Json:
        """A Telegram User."""
        known: Json = {
            "id": next(self.world.numbers) if id is None else id,
            "is_bot": is_bot,
            "first_name": name,
            "language_code": language_code,
        }
        return {**known, "username": username} if username else known

    def private(self, user: Json) -> Json:
        """The private chat with *user*, who has pressed "start"."""
        chat = {"id": user["id"], "type": "private", "first_name": user["first_name"]}
        if "username" in user:
            chat["username"] = user["username"]
        return self.world.open(chat).chat

    def group(self, title: str, *members: Json, forum: bool = False, supergroup: bool = True) -> Json:
        """A group of *members* and the bot: a supergroup, with topics if *forum*, or a basic group."""
        number = next(self.world.numbers)
        if not supergroup and not forum:
            return self.world.open({"id": -number, "type": "group", "title": title}).chat
        chat: Json = {"id": -1_000_000_000_000 - number, "type": "supergroup", "title": title}
        return self.world.open({**chat, "is_forum": True} if forum else chat).chat

    def topic(self, chat: Json, name: str, user: Json | None = None) -> int:
        """A new topic in a forum, by its thread id; its first message is a service message."""
        world, room = self.world, self.world.rooms[chat["id"]]
        created = {"name": name, "icon_color": 7322096}
        message = world.compose(room, user or ANONYMOUS_ADMIN, forum_topic_created=created)
        message.update(message_thread_id=message["message_id"], is_topic_message=True)
        if user is None:
            message["sender_chat"] = chat
        room.topics.add(message["message_id"])
        world.deliver(room, message)
        return int(message["message_id"])

    def drop_topic(self, chat: Json, thread: int) -> None:
        """Delete a topic: what is sent there meets "message thread not found"."""
        self.world.rooms[chat["id"]].topics.discard(thread)

    def migrate(self, group: Json) -> Json:
        """Make a basic group a supergroup: a service message in both, and the old id is refused."""
        world, old = self.world, self.world.rooms[group["id"]]
        chat = {**group, "id": -1_000_000_000_000 - next(world.numbers), "type": "supergroup"}
        new = world.open(chat)
        old.moved_to = chat["id"]
        left = {"migrate_to_chat_id": chat["id"]}
        world.deliver(old, world.compose(old, ANONYMOUS_ADMIN, sender_chat=old.chat, **left))
        came = {"migrate_from_chat_id": group["id"]}
        world.deliver(new, world.compose(new, ANONYMOUS_ADMIN, sender_chat=new.chat, **came))
        return chat

    def block(self, chat: Json) -> None:
        """The user blocks the bot, or the group removes it: 403, and a my_chat_member update."""
        self._membership(self.world.rooms[chat["id"]], blocked=True)

    def unblock(self, chat: Json) -> None:
        """Undo `block`."""
        self._membership(self.world.rooms[chat["id"]], blocked=False)

    def _membership(self, room: Room, *, blocked: bool) -> None:
        statuses = ("member", "kicked") if blocked else ("kicked", "member")
        old, new = (_member(self.world.bot, status) for status in statuses)
        person = {"id": room.chat["id"], "is_bot": False, "first_name": room.chat.get("first_name", "")}
        room.blocked = blocked
        update = {
            "chat": room.chat,
            "from": person if room.private else ANONYMOUS_ADMIN,
            "date": int(time.time()),
            "old_chat_member": old,
            "new_chat_member": new,
        }
        self.world.queue.add({"my_chat_member": update}, room.chat["id"])
        self.world.changed()


class Speech:
    """What people write and send. Every method returns the message's id in its chat."""

    world: World

    def say(
        self,
        chat: Json,
        user: Json | None,
        text: str,
        *,
        reply_to: int | None = None,
        entities: Sequence[Json] = (),
        thread: int | None = None,
        **extra: Any,
    ) -> int:
        """Write *text*. Mentions, commands, links and tags become entities, as in every client.

        *user* None speaks as the chat itself (an anonymous admin) or as ``sender_chat`` in *extra*, which
        adds to the message or, with None, takes away.
        """
        found = sorted([*find(text), *entities], key=lambda entity: entity["offset"])
        return self._tell(chat, user, reply_to, thread, {"text": text, "entities": found or None, **extra})

    def edit(self, chat: Json, message_id: int, text: str) -> None:
        """Change a person's message; the bot gets an edited_message."""
        room = self.world.rooms[chat["id"]]
        message = {**room.messages[message_id], "edit_date": int(time.time())}
        key, marks = ("text", "entities") if "text" in message else ("caption", "caption_entities")
        message |= {key: text, marks: find(text)}
        room.messages[message_id] = message
        self.world.deliver(room, message, "edited_message")

    def photo(self, chat: Json, user: Json | None, *, content: bytes = b"\xff\xd8photo", **rest: Any) -> int:
        """Send a photo. *rest* here and below: caption, media_group, reply_to, thread, more fields."""
        store = self.world.store
        small = store(content[: len(content) // 2], "photos", "jpg", width=90, height=60)
        large = store(content, "photos", "jpg", width=1280, height=853)
        return self._medium(chat, user, {"photo": [small, large]}, **rest)

    def voice(
        self, chat: Json, user: Json | None, *, content: bytes = b"OggSvoice", duration: int = 2, **rest: Any
    ) -> int:
        """Send a voice message of *duration* seconds."""
        file = self.world.store(content, "voice", "oga", duration=duration, mime_type="audio/ogg")
        return self._medium(chat, user, {"voice": file}, **rest)

    def document(
        self,
        chat: Json,
        user: Json | None,
        *,
        content: bytes = b"%PDF-1.4",
        name: str = "notes.pdf",
        mime_type: str = "application/pdf",
        **rest: Any,
    ) -> int:
        """Send a file."""
        ending = name.rpartition(".")[2]
        file = self.world.store(content, "documents", ending, file_name=name, mime_type=mime_type)
        return self._medium(chat, user, {"document": file}, **rest)

    def sticker(self, chat: Json, user: Json | None, *, emoji: str = "👍", **rest: Any) -> int:
        """Send a sticker."""
        looks = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
        file = self.world.store(b"RIFFsticker", "stickers", "webp", emoji=emoji, **looks)
        return self._medium(chat, user, {"sticker": file}, **rest)

    def push(self, update: Json) -> int:
        """Queue any raw update; its id, or 0 where its kind is not among the allowed ones."""
        number = self.world.queue.add(update)
        self.world.changed()
        return number

    def _medium(
        self,
        chat: Json,
        user: Json | None,
        medium: Json,
        *,
        caption: str = "",
        media_group: str | None = None,
        reply_to: int | None = None,
        thread: int | None = None,
        **extra: Any,
    ) -> int:
        content: Json = {**medium, "media_group_id": media_group}
        if caption:
            content.update(caption=caption, caption_entities=find(caption) or None)
        return self._tell(chat, user, reply_to, thread, {**content, **extra})

    def _tell(
        self, chat: Json, user: Json | None, reply_to: int | None, thread: int | None, content: Json
    ) -> int:
        world, room = self.world, self.world.rooms[chat["id"]]
        if user is None:
            content = {"sender_chat": room.chat, **content}
            user = ANONYMOUS_ADMIN if content["sender_chat"]["id"] == chat["id"] else CHANNEL_WRITER
        if thread is not None:
            room.topics.add(thread)
        replied = room.messages[reply_to] if reply_to is not None else None
        message = world.compose(room, user, **(world.place(room, thread, replied) | content))
        world.deliver(room, message)
        return int(message["message_id"])


def _member(user: Json, status: str) -> Json:
    member: Json = {"status": status, "user": user}
    return {**member, "until_date": 0} if status == "kicked" else member
