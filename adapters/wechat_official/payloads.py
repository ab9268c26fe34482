"""The parts of WeChat's messages that we read, checked where they come in.

https://developers.weixin.qq.com/doc/subscription/guide/product/message/Receiving_standard_messages.html and
https://developers.weixin.qq.com/doc/subscription/guide/product/message/Receiving_event_pushes.html
"""

from __future__ import annotations

from typing import Annotated, Required

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12

Id = Annotated[str, Field(min_length=1, max_length=256)]


class RawIncoming(TypedDict, total=False):
    """A message or an event; in XML all are texts."""

    ToUserName: Required[Id]
    FromUserName: Required[Id]
    CreateTime: Required[Annotated[int, Field(ge=0, lt=2**40)]]
    MsgType: Required[Id]
    MsgId: str
    Content: str
    MediaId: str
    Format: str
    Recognition: str
    Location_X: str
    Location_Y: str
    Label: str
    Title: str
    Description: str
    Url: str
    Event: str
    EventKey: str


INCOMING = TypeAdapter(RawIncoming)
