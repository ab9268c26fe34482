"""The parts of iLink's messages that we read, checked where they come in.

https://github.com/Tencent/openclaw-weixin/blob/main/docs/protocol.md
"""

from __future__ import annotations

from typing import Annotated, Any, Required

from pydantic import BeforeValidator, Field, TypeAdapter
from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12


def _id(value: Any) -> Any:
    """Ids are numbers of 64 bits or strings; a float has lost what it was."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Id = Annotated[str, BeforeValidator(_id)]
Milliseconds = Annotated[int, Field(ge=0, lt=2**53)]


class RawMedia(TypedDict, total=False):
    """A file on the CDN."""

    encrypt_query_param: str | None
    aes_key: str | None
    full_url: str | None


class RawText(TypedDict, total=False):
    """Words."""

    text: str | None


class RawImage(TypedDict, total=False):
    """A picture; `aeskey` is hex."""

    media: RawMedia | None
    aeskey: str | None


class RawVoice(TypedDict, total=False):
    """A voice message, with what WeChat understood of it."""

    media: RawMedia | None
    encode_type: int | None
    text: str | None


class RawFile(TypedDict, total=False):
    """A file; `len` is its size in decimal digits."""

    media: RawMedia | None
    file_name: str | None
    md5: str | None
    len: Any


class RawVideo(TypedDict, total=False):
    """A video."""

    media: RawMedia | None


class RawPartial(TypedDict, total=False):
    """How a selected stretch of what is quoted begins and ends."""

    start: str | None
    end: str | None


class RawItem(TypedDict, total=False):
    """One thing that a message says or shows."""

    type: Required[int]
    msg_id: Id | None
    text_item: RawText | None
    image_item: RawImage | None
    voice_item: RawVoice | None
    file_item: RawFile | None
    video_item: RawVideo | None
    ref_msg: Any


class RawQuoted(TypedDict, total=False):
    """What a message answers; newer phones give its id alone."""

    svr_id: Id | None
    title: str | None
    message_item: RawItem | None
    partial_text: RawPartial | None


class RawMessage(TypedDict, total=False):
    """A message. `message_type`: 1 from a person, 2 from a bot."""

    from_user_id: Required[Annotated[str, Field(min_length=1)]]
    message_id: Id | None
    group_id: str | None
    message_type: int | None
    create_time_ms: Milliseconds | None
    context_token: str | None
    item_list: list[Any] | None


MESSAGE = TypeAdapter(RawMessage)
ITEM = TypeAdapter(RawItem)
QUOTED = TypeAdapter(RawQuoted)
