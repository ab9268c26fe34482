"""The parts of WeChat's answers that we read, checked where they come in.

There is no documentation; what they look like is taken from what arrives.
"""

from __future__ import annotations

from typing import Annotated, Any, Required

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12

Id = Annotated[str, Field(min_length=1)]
Seconds = Annotated[int, Field(ge=0, lt=2**40)]
Number = Annotated[int, Field(ge=-(2**63), lt=2**63)]


class RawResponse(TypedDict, total=False):
    """Whether it worked."""

    Ret: Required[int]


class RawPair(TypedDict):
    """How far one kind of news is read."""

    Key: Number
    Val: Number


class RawKey(TypedDict, total=False):
    """How far we have read."""

    Count: Number
    List: Required[list[RawPair]]


class RawMember(TypedDict, total=False):
    """Somebody in a group; `DisplayName` is what they call themselves there."""

    UserName: Required[Id]
    NickName: str | None
    DisplayName: str | None


class RawContact(TypedDict, total=False):
    """A friend, a group (``@@…``) or an official account. Its `UserName` is good for one login."""

    UserName: Required[Id]
    NickName: str | None
    RemarkName: str | None
    HeadImgUrl: str | None
    VerifyFlag: int | None
    MemberList: list[RawMember] | None


class RawPerson(TypedDict, total=False):
    """Who wants to be a friend, or is on a card."""

    UserName: str | None
    NickName: str | None
    Ticket: str | None


class RawMessage(TypedDict, total=False):
    """A message, or what WeChat tells in the form of one."""

    MsgId: Required[Id]
    FromUserName: Required[str]
    ToUserName: Required[str]
    MsgType: Required[int]
    Content: str | None
    CreateTime: Seconds
    NewMsgId: int | str | None
    Url: str | None
    FileName: str | None
    FileSize: int | str | None
    MediaId: str | None
    AppMsgType: int | None
    StatusNotifyUserName: str | None
    RecommendInfo: RawPerson | None


class RawUser(TypedDict, total=False):
    """We ourselves."""

    UserName: Required[Id]
    NickName: str | None


class RawInit(TypedDict, total=False):
    """What WeChat says to begin with. `SystemTime` is its clock, in seconds."""

    BaseResponse: Required[RawResponse]
    User: RawUser
    SyncKey: RawKey
    ContactList: list[Any] | None
    SystemTime: Seconds


class RawSync(TypedDict, total=False):
    """What is new. `ContinueFlag`: there is more."""

    BaseResponse: Required[RawResponse]
    SyncKey: RawKey
    SyncCheckKey: RawKey
    AddMsgList: list[Any] | None
    ModContactList: list[Any] | None
    DelContactList: list[Any] | None
    ContinueFlag: int | None


class RawContacts(TypedDict, total=False):
    """Contacts; `Seq` is where to go on, 0 at the end."""

    BaseResponse: Required[RawResponse]
    MemberList: list[Any] | None
    ContactList: list[Any] | None
    Seq: int | None


class RawSent(TypedDict, total=False):
    """What became of what we did."""

    BaseResponse: Required[RawResponse]
    MsgID: str | int | None
    LocalID: str | int | None
    MediaId: str | None


MESSAGE = TypeAdapter(RawMessage)
CONTACT = TypeAdapter(RawContact)
INIT = TypeAdapter(RawInit)
SYNC = TypeAdapter(RawSync)
CONTACTS = TypeAdapter(RawContacts)
SENT = TypeAdapter(RawSent)
