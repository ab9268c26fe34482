"""The parts of the Bot API's objects that we read, checked where they come in.

https://core.telegram.org/bots/api#available-types
"""

from __future__ import annotations

from typing import Annotated, Any, Required

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12

Id = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Count = Annotated[int, Field(ge=0, lt=2**53)]


class RawUser(TypedDict, total=False):
    """A person or a bot."""

    id: Required[Id]
    is_bot: bool
    first_name: str
    last_name: str
    username: str
    language_code: str


class RawMe(RawUser, total=False):
    """What getMe says of ourselves."""

    can_read_all_group_messages: bool


class RawChat(TypedDict, total=False):
    """Where a message was written."""

    id: Required[Id]
    type: Required[str]
    title: str
    first_name: str
    last_name: str
    username: str


class RawEntity(TypedDict, total=False):
    """A stretch of text with a meaning, in UTF-16 units."""

    type: Required[str]
    offset: Required[Count]
    length: Required[Count]
    user: RawUser


class RawFile(TypedDict, total=False):
    """What photos, voices, documents, stickers and the like have in common."""

    file_id: Required[str]
    file_size: Count
    file_name: str
    mime_type: str
    width: Count
    height: Count
    emoji: str


class RawLocation(TypedDict):
    """A point on the map."""

    latitude: float
    longitude: float


class RawVenue(TypedDict):
    """A place with a name."""

    location: RawLocation
    title: str
    address: str


class RawContact(TypedDict, total=False):
    """A shared phone contact."""

    phone_number: Required[str]
    first_name: Required[str]
    last_name: str


class RawOption(TypedDict):
    """One answer of a poll."""

    text: str


class RawPoll(TypedDict):
    """A poll."""

    question: str
    options: list[RawOption]


class RawDice(TypedDict):
    """A thrown dice, dart or ball."""

    emoji: str
    value: int


class RawQuote(TypedDict):
    """The part of a message that somebody selected to answer it."""

    text: str


class RawMessage(TypedDict, total=False):
    """A message; `from` is a word of Python's, hence `from_`."""

    message_id: Required[Id]
    date: Required[Count]
    chat: Required[RawChat]
    from_: Annotated[RawUser, Field(alias="from")]
    sender_chat: RawChat
    edit_date: Count
    message_thread_id: Id
    is_topic_message: bool
    media_group_id: str
    migrate_to_chat_id: Id
    reply_to_message: RawMessage
    forum_topic_created: dict[str, Any]
    quote: RawQuote
    text: str
    entities: list[RawEntity]
    caption: str
    caption_entities: list[RawEntity]
    photo: list[RawFile]
    voice: RawFile
    audio: RawFile
    document: RawFile
    animation: RawFile
    video: RawFile
    video_note: RawFile
    sticker: RawFile
    location: RawLocation
    venue: RawVenue
    contact: RawContact
    poll: RawPoll
    dice: RawDice
    story: dict[str, Any]
    game: dict[str, Any]
    paid_media: dict[str, Any]
    checklist: dict[str, Any]


class RawUpdate(TypedDict, total=False):
    """One update; kinds that we do not ask for are left out."""

    update_id: Required[Id]
    message: RawMessage
    edited_message: RawMessage


UPDATE = TypeAdapter(RawUpdate)
ME = TypeAdapter(RawMe)
