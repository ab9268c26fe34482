"""The words of the gateway: who said what, where, and what goes back."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from types import NoneType
from typing import Any, Literal, Self, TypeVar, get_origin, get_type_hints

import orjson

T = TypeVar("T")

ChatKind = Literal["private", "group"]

# What ends a line or a header where a file's name should stand; and what turns the direction of writing,
# with which a name looks as if it ended in another way.
_NO_NAME = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Chat:
    """One conversation on one channel: the unit of order, of context, of routing.

    `account` is the platform's id of our own account, so that another token on the same channel
    shares nothing with the one before. `thread` is a topic inside the chat, or "".
    """

    channel: str
    id: str
    kind: ChatKind = "private"
    title: str = ""
    thread: str = ""
    account: str = ""

    @property
    def key(self) -> str:
        """One string for (channel, account, id, thread); two different chats never share it."""
        return ":".join(map(_escape, (self.channel, self.account, self.id, self.thread)))

    def moved(self, to: str) -> Chat:
        """The same chat under another id of the platform's."""
        return replace(self, id=to)


def _escape(value: str) -> str:
    return value.replace("%", "%25").replace(":", "%3A")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who wrote a message. `id` is the platform's and never changes; `name` is only shown."""

    id: str
    name: str = ""
    bot: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text."""

    text: str
    type: Literal["text"] = field(default="text", init=False)


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody else who is named in the text (our own mention is stripped); `text` is how it reads."""

    id: str
    text: str
    type: Literal["mention"] = field(default="mention", init=False)


@dataclass(frozen=True, slots=True)
class Quote:
    """The message that this one answers: its platform id, its author's name, its text."""

    id: str
    author: str = ""
    text: str = ""
    type: Literal["quote"] = field(default="quote", init=False)


@dataclass(frozen=True, slots=True)
class Image:
    """A picture, by reference: `ref` is what the adapter's `fetch` takes. `size` in bytes, 0 = unknown."""

    ref: str
    mime: str = ""
    size: int = 0
    type: Literal["image"] = field(default="image", init=False)


@dataclass(frozen=True, slots=True)
class Audio:
    """A voice message or sound, by reference; `transcript` where the platform brings one."""

    ref: str
    mime: str = ""
    size: int = 0
    transcript: str = ""
    type: Literal["audio"] = field(default="audio", init=False)


@dataclass(frozen=True, slots=True)
class File:
    """Anything else that is not text (file, video, sticker, location), by reference where there is one."""

    ref: str
    name: str = ""
    mime: str = ""
    size: int = 0
    type: Literal["file"] = field(default="file", init=False)


Part = Text | Mention | Quote | Image | Audio | File

_PARTS: dict[str, Callable[..., Part]] = {
    "text": Text,
    "mention": Mention,
    "quote": Quote,
    "image": Image,
    "audio": Audio,
    "file": File,
}


def _part(data: dict[str, Any]) -> Part:
    values = {name: value for name, value in data.items() if name != "type"}
    return _made(_PARTS[data["type"]], values)


def _made(kind: Callable[..., T], values: dict[str, Any]) -> T:
    """An object of the *values*. Raises `TypeError` where one is of another type."""
    made = kind(**values)
    for name, types in _types(kind).items():
        if not isinstance(getattr(made, name), types):
            raise TypeError(f"{name} is of another type")
    return made


def _join(id: object, count: object) -> tuple[str, int]:
    """One of `Message.joins`. Raises `TypeError` for anything else."""
    if not isinstance(id, str) or not isinstance(count, int):
        raise TypeError("what it was joined of is of another type")
    return id, count


@cache
def _types(kind: type) -> dict[str, Any]:
    """The types of those fields of a class that hold plain texts and numbers, by name."""
    hints = get_type_hints(kind)
    plain = {name: str if get_origin(hint) is Literal else _PLAIN.get(hint) for name, hint in hints.items()}
    return {name: types for name, types in plain.items() if types is not None}


_PLAIN: dict[Any, Any] = {str: str, bool: bool, int: int, float: (int, float), str | None: (str, NoneType)}


@dataclass(frozen=True, slots=True)
class Message:
    """One incoming message, the same for every platform.

    `time` is in seconds since 1970, the platform's. `mentioned` says that a group message is meant for
    us: we are mentioned, replied to, or named in a command. `language` is the sender's (BCP 47) where the
    platform tells it. `edit_of` is the id of the message that this one corrects. `joins` tells of what
    messages it was joined: the id of each, and how many of the parts are its.
    """

    id: str
    chat: Chat
    sender: Sender
    parts: tuple[Part, ...]
    time: float = 0.0
    mentioned: bool = False
    language: str = ""
    edit_of: str | None = None
    joins: tuple[tuple[str, int], ...] = ()

    @property
    def text(self) -> str:
        """What was said, without what was quoted; a transcript counts as said."""
        said = []
        for part in self.parts:
            if isinstance(part, (Text, Mention)):
                said.append(part.text)
            elif isinstance(part, Audio):
                said.append(part.transcript)
        return "".join(said).strip()

    @property
    def root(self) -> str:
        """The id of the message as it was first written: a correction belongs to that one."""
        return self.edit_of or self.id

    @property
    def quote(self) -> Quote | None:
        """The message that this one answers."""
        return next((part for part in self.parts if isinstance(part, Quote)), None)

    @property
    def media(self) -> tuple[Image | Audio | File, ...]:
        """What is not text."""
        return tuple(part for part in self.parts if isinstance(part, (Image, Audio, File)))

    def joined(self, following: Message) -> Message:
        """This message with what *following* says after it, on a line of its own."""
        between = (Text("\n"),) if self.text and following.text else ()
        (id, count), *more = following._joins
        return replace(
            self,
            parts=(*self.parts, *between, *following.parts),
            mentioned=self.mentioned or following.mentioned,
            joins=(*self._joins, (id, len(between) + count), *more),
        )

    def without(self, id: str) -> Self | None:
        """This message without what message *id* said of it; None where nothing is left."""
        at, parts, joins = 0, list[Part](), list[tuple[str, int]]()
        for part_of, count in self._joins:
            own = self.parts[at : at + count]
            at += count
            if part_of == id:
                continue
            if not joins and at > count and own[:1] == (Text("\n"),):
                own = own[1:]
            parts += own
            joins.append((part_of, len(own)))
        return replace(self, parts=tuple(parts), joins=tuple(joins) if self.joins else ()) if joins else None

    def revised(self, correction: Message) -> Message:
        """This message with what *correction* says in the place of what it corrects, the whole or a part."""
        at, parts, joins = 0, list[Part](), list[tuple[str, int]]()
        for id, count in self._joins:
            own = self.parts[at : at + count]
            at += count
            if id == correction.root:
                line = own[:1] if joins and own[:1] == (Text("\n"),) else ()
                own = (*line, *correction.parts)
            parts += own
            joins.append((id, len(own)))
        mentioned = correction.mentioned or (len(joins) > 1 and self.mentioned)
        return replace(
            self, parts=tuple(parts), mentioned=mentioned, joins=tuple(joins) if self.joins else ()
        )

    @property
    def _joins(self) -> tuple[tuple[str, int], ...]:
        return self.joins or ((self.root, len(self.parts)),)

    def to_json(self) -> bytes:
        """UTF-8 JSON that `from_json` turns into an equal message."""
        return orjson.dumps(self)

    @classmethod
    def from_json(cls, data: bytes | str) -> Self:
        """The message that `to_json` wrote. Raises `ValueError` for anything else."""
        value = orjson.loads(data)
        try:
            value["chat"] = _made(Chat, value["chat"])
            value["sender"] = _made(Sender, value["sender"])
            value["parts"] = tuple(_part(part) for part in value["parts"])
            value["joins"] = tuple(_join(*join) for join in value.get("joins", ()))
            return _made(cls, value)
        except (AttributeError, KeyError, TypeError) as exc:
            raise ValueError(f"this is no message: {exc}") from exc


@dataclass(frozen=True, slots=True)
class Moved:
    """The platform gave a chat another id: everything kept about `chat` belongs to id `to` from now on."""

    chat: Chat
    to: str


@dataclass(frozen=True, slots=True)
class Recalled:
    """A person took a message back: it is not to be answered, nor remembered. `id` is the message's."""

    chat: Chat
    id: str


Event = Message | Moved | Recalled
"""What an adapter hands over."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A stretch of text that is shown in a special way: offset and length in UTF-16 code units.

    `type` is Telegram's name for it (bold, italic, underline, strikethrough, spoiler, code, pre,
    text_link, blockquote, expandable_blockquote). `url` goes with text_link, `language` with pre.
    """

    type: str
    offset: int
    length: int
    url: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that we send: its name, which can be no path, and its bytes.

    A picture or a voice message, by its `mime`, is shown as one where the platform can.
    """

    name: str
    data: bytes
    mime: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", _file_name(self.name))


def _file_name(text: str) -> str:
    """*text* as a name of a file that is one: no folder in it, and not too long."""
    name = _NO_NAME.sub("", text).replace("\\", "/").rpartition("/")[2].strip(" .")
    stem, dot, ending = name.rpartition(".")
    if len(name) > _LONGEST_NAME and dot and len(ending) < _LONGEST_NAME // 2:
        return f"{stem[: _LONGEST_NAME - len(ending) - 1]}.{ending}"
    return name[:_LONGEST_NAME] or "file"


@dataclass(frozen=True, slots=True)
class Reply:
    """One outgoing message, already rendered for its platform and within its limits.

    `question` is the id of the message that it answers. `reply_to` is that id too where the reply is to be
    shown as one, `mention` the person to name. `file` goes with the text, where the platform takes files.
    `growing`: a view of an answer that is still being written, which `edit` is to complete. `more`: another
    piece of the same answer follows.
    """

    text: str
    entities: tuple[Entity, ...] = ()
    question: str = ""
    reply_to: str | None = None
    mention: Sender | None = None
    file: Attachment | None = None
    growing: bool = False
    more: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that was said in a chat, as it is remembered: by a *person* or the *bot*.

    `id` is the question's, of an answer too; `time` in seconds since 1970.
    """

    id: str
    author: Literal["person", "bot"]
    text: str
    time: float


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the platform calls the message we sent; `edit` finds it again by this id."""

    id: str


def labels(message: Message) -> Mapping[str, str]:
    """What a log line says of a message."""
    return {"channel": message.chat.channel, "chat": message.chat.key, "message": message.id}
