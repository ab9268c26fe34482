"""The parts of a robot's messages that we read, checked where they come in.

https://open.dingtalk.com/document/orgapp/receive-message; what a quote looks like is documented nowhere and
taken from what arrives.
"""

from __future__ import annotations

from typing import Annotated, Any, Required

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12

Id = Annotated[str, Field(min_length=1)]
Milliseconds = Annotated[int, Field(ge=0, lt=2**53)]


class RawAt(TypedDict, total=False):
    """Somebody who is named in a message."""

    dingtalkId: str | None
    staffId: str | None


class RawQuoted(TypedDict, total=False):
    """The message that another one answers; its content comes in as many shapes as there are clients."""

    msgType: str | None
    msgId: str | None
    senderId: str | None
    senderNick: str | None
    content: Any


class RawText(TypedDict, total=False):
    """What a text message says, and what it answers."""

    content: str | None
    isReplyMsg: bool | None
    repliedMsg: RawQuoted | None


class RawSegment(TypedDict, total=False):
    """A stretch of a rich text: words or a picture."""

    text: str | None
    type: str | None
    downloadCode: str | None


class RawContent(TypedDict, total=False):
    """What is in a message that is more than text."""

    richText: list[RawSegment] | None
    downloadCode: str | None
    recognition: str | None
    fileName: str | None
    videoType: str | None
    isReplyMsg: bool | None
    repliedMsg: RawQuoted | None


class RawMessage(TypedDict, total=False):
    """A message to a robot."""

    msgId: Required[Id]
    conversationId: Required[Id]
    conversationType: Required[str]
    senderId: Required[Id]
    msgtype: Required[str]
    conversationTitle: str | None
    senderStaffId: str | None
    senderNick: str | None
    chatbotUserId: str | None
    isInAtList: bool | None
    atUsers: list[RawAt] | None
    createAt: Milliseconds
    robotCode: str | None
    sessionWebhook: str | None
    sessionWebhookExpiredTime: Milliseconds
    originalMsgId: str | None
    text: RawText | None
    content: RawContent | str | None


MESSAGE = TypeAdapter(RawMessage)
