"""From Telegram's updates to our messages: pure, and never an exception."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from adapters.telegram.payloads import UPDATE, RawChat, RawFile, RawMessage, RawUser
from adapters.telegram.wording import Wording, read
from gateway import Audio, Chat, Event, File, Image, Message, Moved, Part, Quote, Sender, Text
from gateway.payloads import flaw

log = logging.getLogger(__name__)

_FileKind = Literal["animation", "video", "video_note", "sticker", "document"]
_FILES: tuple[_FileKind, ...] = ("animation", "video", "video_note", "sticker", "document")
_UNREADABLE = ("story", "game", "paid_media", "checklist")  # what people send and we cannot fetch
_GENERAL = 1  # the topic that every forum has; messages must not be sent to it by number


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are: the channel's name, and our bot's id and username."""

    channel: str
    id: int
    username: str


def parse(update: Any, me: Account) -> Event | None:
    """What *update* says, or None: nothing for us, or not understood, and then one line in the log says so.

    *update* is JSON as `loads` reads it: its texts can be encoded.
    """
    try:
        raw = UPDATE.validate_python(update)
        if "message" in raw:
            return _message(raw["message"], me)
        if "edited_message" in raw:
            return _edited(raw["edited_message"], me, raw["update_id"])
    except ValueError as exc:
        number = update.get("update_id") if isinstance(update, dict) else None
        log.warning("update %.40r is not understood and left out: %s", number, flaw(exc))
    return None


def album(update: Any) -> str | None:
    """The album that a new message belongs to."""
    message = update.get("message") if isinstance(update, dict) else None
    group = message.get("media_group_id") if isinstance(message, dict) else None
    return group if isinstance(group, str) and group else None


def _message(raw: RawMessage, me: Account) -> Event | None:
    kind = raw["chat"]["type"]
    if kind not in ("private", "group", "supergroup"):
        return None
    chat = _chat(raw, me)
    if "migrate_to_chat_id" in raw:
        return Moved(chat, to=str(raw["migrate_to_chat_id"]))
    sender = _sender(raw)
    said = _said(raw, me)
    media = tuple(_media(raw))
    if sender.id == str(me.id) or not (said.parts or media or said.mentioned):
        return None  # our own, or a service message
    replied = _replied(raw)
    to_us = replied is not None and replied.get("from_", {}).get("id") == me.id
    return Message(
        id=str(raw["message_id"]),
        chat=chat,
        sender=sender,
        parts=(*_quote(raw, replied), *said.parts, *media),
        time=float(raw["date"]),
        mentioned=chat.kind == "group" and not said.to_another and (said.mentioned or to_us),
        language=raw.get("from_", {}).get("language_code", ""),
    )


def _edited(raw: RawMessage, me: Account, number: int) -> Event | None:
    """A correction; named by its update's *number*, for a message may be corrected twice within a second."""
    edited = _message(raw, me)
    if not isinstance(edited, Message) or "location" in raw:  # a live location moves by edits
        return None
    time = raw.get("edit_date", raw["date"])
    return Message(
        id=f"{edited.id}~{number}",
        chat=edited.chat,
        sender=edited.sender,
        parts=edited.parts,
        time=float(time),
        mentioned=edited.mentioned,
        language=edited.language,
        edit_of=edited.id,
    )


def _chat(raw: RawMessage, me: Account) -> Chat:
    chat, thread = raw["chat"], raw.get("message_thread_id", 0)
    # Replies in a group without topics carry a thread id as well.
    topic = raw.get("is_topic_message", False) and thread != _GENERAL
    return Chat(
        channel=me.channel,
        id=str(chat["id"]),
        kind="private" if chat["type"] == "private" else "group",
        title=_title(chat),
        thread=str(thread) if topic and thread else "",
        account=str(me.id),
    )


def _title(chat: RawChat) -> str:
    return chat.get("title") or _name(chat.get("first_name"), chat.get("last_name"), chat.get("username"))


def _name(first: str | None, last: str | None, username: str | None) -> str:
    return " ".join(part for part in (first, last) if part) or username or ""


def _user_name(user: RawUser) -> str:
    return _name(user.get("first_name"), user.get("last_name"), user.get("username"))


def _sender(raw: RawMessage) -> Sender:
    if "sender_chat" in raw:  # an anonymous administrator or a channel; `from` is a stand-in then
        return Sender(str(raw["sender_chat"]["id"]), _title(raw["sender_chat"]))
    if "from_" not in raw:
        raise ValueError("the message has no sender")
    user = raw["from_"]
    return Sender(str(user["id"]), _user_name(user), bot=user.get("is_bot", False))


def _said(raw: RawMessage, me: Account) -> Wording:
    if "text" in raw:
        return read(raw["text"], raw.get("entities", []), me.id, me.username)
    if "caption" in raw:
        return read(raw["caption"], raw.get("caption_entities", []), me.id, me.username)
    text = _in_words(raw)
    return Wording((Text(text),) if text else ())


def _replied(raw: RawMessage) -> RawMessage | None:
    replied = raw.get("reply_to_message")
    # In a topic every message "replies" to the one that opened it.
    return None if replied is None or "forum_topic_created" in replied else replied


def _quote(raw: RawMessage, replied: RawMessage | None) -> Iterator[Quote]:
    selected = raw["quote"]["text"] if "quote" in raw else ""
    if replied is not None:
        said = selected or replied.get("text") or replied.get("caption") or _in_words(replied)
        shown = [f"[{part.type}]" for part in _media(replied)]
        yield Quote(
            str(replied["message_id"]), _author(replied), "\n".join([*shown, said] if said else shown)
        )
    elif selected:  # from a chat that we cannot see
        yield Quote("", "", selected)


def _author(raw: RawMessage) -> str:
    if "sender_chat" in raw:
        return _title(raw["sender_chat"])
    return _user_name(raw["from_"]) if "from_" in raw else ""


def _in_words(raw: RawMessage) -> str:
    """Content that has no file and no text of its own, as a person would read it out."""
    if "venue" in raw:
        place = raw["venue"]
        return f"📍 {place['title']}, {place['address']} ({_point(place['location'])})"
    if "location" in raw:
        return f"📍 {_point(raw['location'])}"
    if "contact" in raw:
        contact = raw["contact"]
        name = _name(contact["first_name"], contact.get("last_name"), None)
        return f"👤 {name} {contact['phone_number']}".replace("  ", " ")
    if "poll" in raw:
        return "\n".join(
            [f"📊 {raw['poll']['question']}", *(f"- {option['text']}" for option in raw["poll"]["options"])]
        )
    if "dice" in raw:
        return f"{raw['dice']['emoji']} {raw['dice']['value']}"
    return ""


def _point(location: dict[str, float] | Any) -> str:
    return f"{location['latitude']:.6f}, {location['longitude']:.6f}"


def _media(raw: RawMessage) -> Iterator[Part]:
    if raw.get("photo"):
        largest = max(raw["photo"], key=lambda size: size.get("width", 0) * size.get("height", 0))
        yield Image(largest["file_id"], "image/jpeg", largest.get("file_size", 0))
    for sound in (raw.get("voice"), raw.get("audio")):
        if sound is not None:
            yield Audio(sound["file_id"], sound.get("mime_type", ""), sound.get("file_size", 0))
    for kind in _FILES:
        if kind in raw:
            yield _file(kind, raw[kind])
            return  # an animation comes as a document as well
    for name in _UNREADABLE:
        if name in raw:
            yield File("", name.replace("_", " "))


def _file(kind: str, file: RawFile) -> Part:
    name = file.get("file_name") or f"{kind.replace('_', ' ')} {file.get('emoji', '')}".rstrip()
    return File(file["file_id"], name, file.get("mime_type", ""), file.get("file_size", 0))
