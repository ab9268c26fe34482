"""What a login hears: the first view, the question whether there is news, and the news.

A SyncKey says how far a client has come. What comes after the one that it shows is what it has not got yet,
and comes again until it shows a later one, with webwxsync or with the next check.
https://github.com/HalfdogStudio/wechat-user-bot
"""

from __future__ import annotations

import re
import time
from typing import Any

from . import render
from .call import Answer, Call, done, script
from .refusals import PARAMETER, Refusal
from .sessions import Session, Sessions
from .wording import marked
from .world import STATUS, Account, Change, Json, Message, Names, Room, Stir, User, World

_POSITION = 2  # the key that counts messages
_CHECK_ONLY = 203  # a key that is in the SyncCheckKey only
_FIRST = 639547230
_LATEST = 10
_PROFILE: Json = {
    "BitFlag": 0,
    "UserName": {"Buff": ""},
    "NickName": {"Buff": ""},
    "BindUin": 0,
    "BindEmail": {"Buff": ""},
    "BindMobile": {"Buff": ""},
    "Status": 0,
    "Sex": 0,
    "PersonalCard": 0,
    "Alias": "",
    "HeadImgUpdateFlag": 0,
    "HeadImgUrl": "",
    "Signature": "",
}


class Sync:
    """The calls with which a client follows what happens.

    *hold_seconds*: how long a check is held while there is nothing. *page*: how many pieces of news one
    answer has at most. `replays`: how much of what was confirmed comes once more with the next answer, by
    account. `answers`: retcode and selector that the next checks get, whatever there is, by account.
    """

    def __init__(self, world: World, sessions: Sessions, hold_seconds: float, page: int) -> None:
        self.world = world
        self.sessions = sessions
        self.hold_seconds = hold_seconds
        self.page = page
        self.replays: dict[Account, int] = {}
        self.answers: dict[Account, list[tuple[int, int]]] = {}

    async def init(self, call: Call) -> Answer:
        """POST webwxinit: who we are, the latest conversations, and where the news begin."""
        session = self.sessions.request(call.params, call.cookies)
        account = session.account
        position = len(account.timeline) if session.initialised else session.start
        session.initialised = True
        latest = [render.contact(session, self.world.filehelper)]
        latest += [render.contact(session, who, members=True, recent=True) for who in self._latest(session)]
        return done(
            Count=len(latest),
            ContactList=latest,
            SyncKey=_key(position),
            User=render.own(session),
            ChatSet=",".join(one["UserName"] for one in latest),
            SKey=session.skey,
            ClientVersion=369302288,
            SystemTime=int(time.time()),
            GrayScale=1,
            InviteStartCount=40,
            MPSubscribeMsgCount=0,
            MPSubscribeMsgList=[],
            ClickReportInterval=600000,
        )

    async def notify(self, call: Call) -> Answer:
        """POST webwxstatusnotify: the phone is told, and tells which conversations it has, once."""
        session = self.sessions.request(call.params, call.cookies)
        if session.find(str(call.params.get("ToUserName"))) is None:
            raise Refusal(PARAMETER)
        if call.params.get("Code") == 3 and not session.announced:
            session.announced = True
            self.world.tell(session.account, self._conversations(session))
        return done(MsgID=self.world.message_id())

    async def check(self, call: Call) -> Answer:
        """GET synccheck: whether there is news; held until there is, or a while."""
        params = call.params
        try:
            session = self.sessions.check(params.get("sid"), params.get("uin"), call.cookies)
            self.sessions.device(session, params.get("deviceid"))
            self.sessions.visit(params, call.cookies)
            keys = _pairs(str(params.get("synckey")))
            position = self._confirm(session, keys)
        except Refusal as refusal:
            return _checked(refusal.ret)
        session.ready = True
        if _CHECK_ONLY not in keys and position > session.start:
            self.world.complain("synckey is not made of the SyncCheckKey")
            return _checked(0, 2)
        session.checks += 1
        self.world.changed()
        try:
            return await self._hold(session, position)
        finally:
            session.checks -= 1
            self.world.changed()

    async def sync(self, call: Call) -> Answer:
        """POST webwxsync: the news after the SyncKey."""
        session = self.sessions.request(call.params, call.cookies)
        position = self._confirm(session, _listed(call.params.get("SyncKey")))
        account = session.account
        again = self.replays.pop(account, 0)
        news = account.timeline[max(0, position - again) : position + self.page]
        upto = min(position + self.page, len(account.timeline))
        said = [render.message(session, item) for item in news if isinstance(item, Message)]
        changes = [item for item in news if isinstance(item, Change)]
        changed = [
            render.contact(session, one.who, members=True, recent=True) for one in changes if not one.gone
        ]
        gone = [{"UserName": session.name(one.who), "ContactFlag": 0} for one in changes if one.gone]
        return done(
            AddMsgCount=len(said),
            AddMsgList=said,
            ModContactCount=len(changed),
            ModContactList=changed,
            DelContactCount=len(gone),
            DelContactList=gone,
            ModChatRoomMemberCount=0,
            ModChatRoomMemberList=[],
            Profile=_PROFILE,
            ContinueFlag=int(upto < len(account.timeline)),
            SyncKey=_key(upto),
            SKey="",
            SyncCheckKey=_key(upto, check=True),
        )

    async def _hold(self, session: Session, position: int) -> Answer:
        timeline = session.account.timeline
        preset = self.answers.setdefault(session.account, [])
        await self.world.wait(lambda: session.over or preset or len(timeline) > position, self.hold_seconds)
        if session.over:
            return _checked(session.over)
        if preset:
            return _checked(*preset.pop(0))
        return _checked(0, _selector(timeline[position:]))

    def _confirm(self, session: Session, keys: dict[int, int]) -> int:
        """How far the client has come; what is before that it has. Raises `Refusal`."""
        position = keys.get(_POSITION, 0) - _FIRST
        if not 0 <= position <= len(session.account.timeline):
            self.world.complain("the SyncKey is none of those handed out")
            raise Refusal(PARAMETER)
        account = session.account
        if position > account.confirmed:
            account.confirmed = position
            self.world.changed()
        return position

    def _latest(self, session: Session) -> list[User | Room]:
        mine = [room for room in self.world.recent if session.account in room.members]
        return [room.peer(session.account) for room in mine[::-1][:_LATEST]]

    def _conversations(self, session: Session) -> Message:
        latest = [self.world.filehelper, *self._latest(session)]
        ids = ",".join(one.id for one in latest)
        content = marked(f"<msg>\n<op id='4'>\n<username>{ids}</username>\n</op>\n</msg>")

        def more(names: Names) -> Json:
            listed = ",".join(names.name(one) for one in latest)
            return {"StatusNotifyCode": 4, "StatusNotifyUserName": listed}

        return Message(self.world.message_id(), None, session.account, STATUS, content, more=more)


def _key(position: int, *, check: bool = False) -> Json:
    pairs = {1: 639545758, _POSITION: _FIRST + position, 3: 639546681, 1000: 1452852659}
    if check:
        pairs |= {_CHECK_ONLY: int(time.time())}
    return {"Count": len(pairs), "List": [{"Key": key, "Val": pairs[key]} for key in sorted(pairs)]}


def _pairs(text: str) -> dict[int, int]:
    """The synckey of a check. Raises `Refusal`."""
    if not re.fullmatch(r"\d+_\d+(\|\d+_\d+)*", text):
        raise Refusal(PARAMETER)
    return {int(key): int(value) for key, value in (pair.split("_") for pair in text.split("|"))}


def _listed(key: Any) -> dict[int, int]:
    """A SyncKey. Raises `Refusal`."""
    items = key.get("List") if isinstance(key, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Refusal(PARAMETER)
    pairs = [(item.get("Key"), item.get("Val")) for item in items]
    whole = all(isinstance(number, int) for pair in pairs for number in pair)
    if not whole or key.get("Count") != len(pairs):
        raise Refusal(PARAMETER)
    return dict(pairs)


def _selector(news: list[Message | Change | Stir]) -> int:
    if any(isinstance(item, Message) for item in news):
        return 2
    if any(isinstance(item, Change) for item in news):
        return 4
    return next((item.selector for item in news if isinstance(item, Stir)), 0)


def _checked(retcode: int, selector: int = 0) -> Answer:
    return script(f'window.synccheck={{retcode:"{retcode}",selector:"{selector}"}}')
