"""People, groups and messages as the web protocol shows them to one login."""

from __future__ import annotations

from .sessions import Session
from .wording import marked
from .world import Account, Json, Message, Names, Room, User

NOTHING: Json = {
    "Uin": 0,
    "UserName": "",
    "NickName": "",
    "HeadImgUrl": "",
    "ContactFlag": 0,
    "MemberCount": 0,
    "MemberList": [],
    "RemarkName": "",
    "HideInputBarFlag": 0,
    "Sex": 0,
    "Signature": "",
    "VerifyFlag": 0,
    "OwnerUin": 0,
    "PYInitial": "",
    "PYQuanPin": "",
    "RemarkPYInitial": "",
    "RemarkPYQuanPin": "",
    "StarFriend": 0,
    "AppAccountFlag": 0,
    "Statues": 0,
    "AttrStatus": 0,
    "Province": "",
    "City": "",
    "Alias": "",
    "SnsFlag": 0,
    "UniFriend": 0,
    "DisplayName": "",
    "ChatRoomId": 0,
    "KeyWord": "",
    "EncryChatRoomId": "",
    "IsOwner": 0,
}
_NOBODY: Json = {
    "UserName": "",
    "NickName": "",
    "QQNum": 0,
    "Province": "",
    "City": "",
    "Content": "",
    "Signature": "",
    "Alias": "",
    "Scene": 0,
    "VerifyFlag": 0,
    "AttrStatus": 0,
    "Sex": 0,
    "Ticket": "",
    "OpCode": 0,
}
_SILENCE: Json = {
    "MsgId": "",
    "FromUserName": "",
    "ToUserName": "",
    "MsgType": 0,
    "Content": "",
    "Status": 3,
    "ImgStatus": 1,
    "CreateTime": 0,
    "VoiceLength": 0,
    "PlayLength": 0,
    "FileName": "",
    "FileSize": "",
    "MediaId": "",
    "Url": "",
    "AppMsgType": 0,
    "StatusNotifyCode": 0,
    "StatusNotifyUserName": "",
    "RecommendInfo": _NOBODY,
    "ForwardFlag": 0,
    "AppInfo": {"AppID": "", "Type": 0},
    "HasProductId": 0,
    "Ticket": "",
    "ImgHeight": 0,
    "ImgWidth": 0,
    "SubMsgType": 0,
    "NewMsgId": 0,
    "OriContent": "",
    "EncryFileName": "",
}
BASE = "/cgi-bin/mmwebwx-bin/"


def contact(session: Session, who: User | Room, *, members: bool = False, recent: bool = False) -> Json:
    """A contact; a group with its *members* where they are asked for.

    *recent*: as webwxinit and webwxsync give it, without the number of a group's portrait.
    """
    if isinstance(who, Room) and who.user is None:
        return _group(session, who, members=members, recent=recent)
    user = who.peer(session.account) if isinstance(who, Room) else who
    assert isinstance(user, User)
    return {
        **NOTHING,
        "UserName": session.name(user),
        "NickName": marked(user.name),
        "HeadImgUrl": portrait(session, user, user.seq),
        "ContactFlag": 3 if user in session.account.friends else 0,
        "RemarkName": marked(session.account.friends.get(user, "")),
        "Sex": user.sex,
        "Signature": marked(user.signature),
        "VerifyFlag": user.verify_flag,
        "Alias": user.wechat_id,
        "KeyWord": user.id[:3],
    }


def own(session: Session) -> Json:
    """The account itself, as webwxinit shows it."""
    return {**contact(session, session.account), "Uin": session.account.uin, "ContactFlag": 0}


def member(session: Session, room: Room, user: User) -> Json:
    """A member in a group's list."""
    return {
        "Uin": 0,
        "UserName": session.name(user),
        "NickName": marked(user.name),
        "AttrStatus": 98407,
        "PYInitial": "",
        "PYQuanPin": "",
        "RemarkPYInitial": "",
        "RemarkPYQuanPin": "",
        "MemberStatus": 0,
        "DisplayName": marked(room.aliases.get(user, "")),
        "KeyWord": user.id[:3],
    }


def detailed(session: Session, room: Room, user: User) -> Json:
    """A member asked for by name: a contact, with a portrait that belongs to the group."""
    known = contact(session, user)
    url = f"{portrait(session, user, 0)}&chatroomid={session.encrypted(room)}"
    return {**known, **member(session, room, user), "HeadImgUrl": url}


def portrait(session: Session, who: User | Room, seq: int) -> str:
    """Where the portrait of *who* is."""
    path = "webwxgetheadimg" if isinstance(who, Room) else "webwxgeticon"
    return f"{BASE}{path}?seq={seq}&username={session.name(who)}&skey={session.skey}"


def _group(session: Session, room: Room, *, members: bool, recent: bool) -> Json:
    listed = [member(session, room, user) for user in room.members] if members else []
    owner = room.owner
    return {
        **NOTHING,
        "UserName": session.name(room),
        "NickName": marked(room.title),
        "HeadImgUrl": portrait(session, room, 0 if recent else room.seq),
        "ContactFlag": 3 if room.saved else 2,
        "MemberCount": len(room.members) if members else 0,
        "MemberList": listed,
        "OwnerUin": owner.uin if isinstance(owner, Account) else 0,
        "ChatRoomOwner": session.name(owner) if owner and members else "",
        "EncryChatRoomId": session.encrypted(room) if members else "",
        "IsOwner": int(owner is session.account),
    }


def message(session: Session, said: Message) -> Json:
    """A message, as webwxsync hands it over."""
    account = session.account
    sender, receiver, content = session.name(account), session.name(account), said.content
    if said.room is not None:
        peer = said.room.peer(account)
        if said.sender is account:
            receiver = session.name(peer)
        else:
            sender = session.name(peer)
            if not said.room.private and said.sender is not None:
                content = f"{session.name(said.sender)}:<br/>{content}"
    return {
        **_SILENCE,
        "MsgId": said.id,
        "NewMsgId": int(said.id),
        "FromUserName": sender,
        "ToUserName": receiver,
        "MsgType": said.kind,
        "Content": content,
        "CreateTime": said.created,
        **said.fields,
        **(said.more(session) if said.more else {}),
    }


def recommended(names: Names, user: User, content: str = "", ticket: str = "") -> Json:
    """A person as a request or a card shows them."""
    return {
        **_NOBODY,
        "UserName": names.name(user),
        "NickName": marked(user.name),
        "Content": marked(content),
        "Signature": marked(user.signature),
        "Alias": user.wechat_id,
        "Scene": 30,
        "Sex": user.sex,
        "VerifyFlag": user.verify_flag,
        "Ticket": ticket,
        "OpCode": 2 if ticket else 0,
    }
