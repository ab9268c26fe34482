"""Who there is: the contact list, groups with their members, requests to be a friend."""

from __future__ import annotations

from . import render
from .call import Answer, Call, done
from .refusals import PARAMETER, SYSTEM, Refusal
from .sessions import Session, Sessions
from .world import Change, Json, Message, Room, User, World

_BATCH = 50


class Contacts:
    """The calls about contacts. *page*: how many one page of the contact list has."""

    def __init__(self, world: World, sessions: Sessions, page: int) -> None:
        self.world = world
        self.sessions = sessions
        self.page = page

    async def everybody(self, call: Call) -> Answer:
        """GET webwxgetcontact: a page of the contact list; Seq says where the next one begins, 0: nowhere."""
        session = self.sessions.visit(call.params, call.cookies)
        try:
            begin = int(call.params.get("seq") or 0)
        except ValueError as exc:
            raise Refusal(PARAMETER) from exc
        everybody = self._everybody(session)
        page = everybody[begin : begin + self.page]
        following = begin + self.page if begin + self.page < len(everybody) else 0
        listed = [render.contact(session, who) for who in page]
        return done(MemberCount=len(listed), MemberList=listed, Seq=following)

    async def batch(self, call: Call) -> Answer:
        """POST webwxbatchgetcontact: groups with their members, people, members of a group; 50 at most."""
        session = self.sessions.request(call.params, call.cookies)
        asked = call.params.get("List")
        if not isinstance(asked, list) or call.params.get("Count") != len(asked) or len(asked) > _BATCH:
            raise Refusal(PARAMETER)
        found = [self._found(session, one) for one in asked]
        return done(Count=len(found), ContactList=found)

    async def verify(self, call: Call) -> Answer:
        """POST webwxverifyuser: accept a request to be a friend (Opcode 3), or make one (2)."""
        session = self.sessions.request(call.params, call.cookies)
        asked = call.params.get("VerifyUserList")
        if not isinstance(asked, list) or call.params.get("VerifyUserListSize") != len(asked):
            raise Refusal(PARAMETER)
        if call.params.get("Opcode") == 3:
            for one in asked:
                self._accept(session, one, str(call.params.get("VerifyContent")))
        elif call.params.get("Opcode") != 2:
            raise Refusal(PARAMETER)
        return done()

    async def note(self, call: Call) -> Answer:
        """POST webwxoplog: a remark (CmdId 2), or a conversation at the top (3)."""
        session = self.sessions.request(call.params, call.cookies)
        who = session.find(str(call.params.get("UserName")))
        if who is None or call.params.get("CmdId") not in (2, 3):
            raise Refusal(PARAMETER)
        if call.params["CmdId"] == 2 and who in session.account.friends:
            session.account.friends[who] = str(call.literal.get("RemarkName", ""))
            self.world.tell(session.account, Change(who))
        return done()

    def _everybody(self, session: Session) -> list[User | Room]:
        account = session.account
        groups = [
            room for room in self.world.rooms if not room.private and room.saved and account in room.members
        ]
        return [self.world.filehelper, account, *account.friends, *groups]

    def _found(self, session: Session, asked: object) -> Json:
        if not isinstance(asked, dict) or "UserName" not in asked:
            raise Refusal(PARAMETER)
        who = session.find(str(asked["UserName"]))
        where = str(asked.get("EncryChatRoomId") or "")
        if isinstance(who, User) and where:
            room = self._group(session, where)
            return render.detailed(session, room, who) if room and who in room.members else _nobody(asked)
        if isinstance(who, Room) and session.account not in who.members:
            return _nobody(asked)
        return render.contact(session, who, members=True) if who is not None else _nobody(asked)

    def _group(self, session: Session, where: str) -> Room | None:
        mine = (room for room in self.world.rooms if not room.private and session.account in room.members)
        return next((room for room in mine if where in (session.encrypted(room), session.name(room))), None)

    def _accept(self, session: Session, asked: Json, words: str) -> None:
        who, account = session.find(str(asked.get("Value"))), session.account
        made = [one for one in self.world.requests if one.user is who and one.account is account]
        request = next((one for one in made if one.ticket in (asked.get("VerifyUserTicket"), words)), None)
        if request is None:
            raise Refusal(SYSTEM)
        if request.accepted:
            return
        request.accepted = True
        account.friends[request.user] = ""
        self.world.tell(account, Change(request.user))
        room = self.world.private(request.user, account)
        text = f"你已添加了{request.user.name}，现在可以开始聊天了。"
        self.world.say(Message(self.world.message_id(), room, request.user, 10000, text), account)


def _nobody(asked: Json) -> Json:
    """What is said of somebody who is not there: a contact with nothing but the name asked for."""
    return {**render.NOTHING, "UserName": asked["UserName"]}
