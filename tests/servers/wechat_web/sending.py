"""What a login says: texts, pictures, files, and taking them back."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ET

from . import wording
from .call import Answer, Call, done
from .refusals import NO_FRIEND, PARAMETER, SYSTEM, TOO_OFTEN, Refusal
from .sessions import Session, Sessions, Upload
from .world import Account, Json, Message, Room, Sent, User, World

_KINDS = {3: ("picture", "pic"), 47: ("emoticon", "doc"), 43: ("video", "video"), 6: ("file", "doc")}


class Sending:
    """The calls that say something. *revoke_seconds*: how long it can be taken back."""

    def __init__(self, world: World, sessions: Sessions, revoke_seconds: float) -> None:
        self.world = world
        self.sessions = sessions
        self.revoke_seconds = revoke_seconds
        self._times: dict[Account, list[float]] = {}

    async def text(self, call: Call) -> Answer:
        """POST webwxsendmsg."""
        session, said = self._said(call)
        content = said.get("Content")
        if said.get("Type") != 1 or not isinstance(content, str) or not content:
            raise Refusal(PARAMETER)
        return self._show(session, said, text=content, kind="text")

    async def media(self, call: Call) -> Answer:
        """POST webwxsendmsgimg, webwxsendemoticon, webwxsendvideomsg: what was uploaded before."""
        session, said = self._said(call)
        kind, uploaded = _KINDS.get(said.get("Type", 0), ("", ""))
        expected = {
            "webwxsendmsgimg": "picture",
            "webwxsendemoticon": "emoticon",
            "webwxsendvideomsg": "video",
        }
        if expected[call.name] != kind:
            raise Refusal(PARAMETER)
        upload = self._uploaded(session, said.get("MediaId"), uploaded)
        return self._show(session, said, text="", kind=kind, upload=upload)

    async def app(self, call: Call) -> Answer:
        """POST webwxsendappmsg: a file, or a link, as XML."""
        session, said = self._said(call)
        try:
            root = ET.fromstring(str(said.get("Content")))
        except ET.ParseError as exc:
            self.world.complain("the appmsg is no XML")
            raise Refusal(PARAMETER) from exc
        title, kind = root.findtext("title") or "", root.findtext("type")
        if root.tag != "appmsg" or str(said.get("Type")) != kind:
            raise Refusal(PARAMETER)
        if kind == "5":
            return self._show(session, said, text=f"{title}\n{root.findtext('url')}", kind="link")
        upload = self._uploaded(session, root.findtext("appattach/attachid"), "doc")
        if kind != "6" or root.findtext("appattach/totallen") != str(upload.total):
            raise Refusal(PARAMETER)
        return self._show(session, said, text="", kind="file", upload=upload, name=title)

    async def revoke(self, call: Call) -> Answer:
        """POST webwxrevokemsg: take a message back, for a while."""
        session = self.sessions.request(call.params, call.cookies)
        room = self._room(session, call.params.get("ToUserName"))
        number = str(call.params.get("SvrMsgId"))
        sent = next((one for one in room.shown if one.id == number and not one.revoked), None)
        if sent is None or sent.account is not session.account:
            raise Refusal(PARAMETER)
        if time.monotonic() - sent.time > self.revoke_seconds:
            raise Refusal(PARAMETER)
        sent.revoked = True
        self.world.changed()
        return done(Introduction="", SysWording="")

    def _said(self, call: Call) -> tuple[Session, Json]:
        session = self.sessions.request(call.params, call.cookies)
        said = call.literal.get("Msg")
        if not isinstance(said, dict) or not said.get("ClientMsgId"):
            raise Refusal(PARAMETER)
        if said.get("FromUserName") != session.name(session.account):
            raise Refusal(SYSTEM)
        return session, said

    def _room(self, session: Session, name: object) -> Room:
        """The conversation that *name* means to the login. Raises `Refusal`."""
        room = session.room(str(name))
        if room is None:
            self.world.complain(f"nobody is called {name} in this login")
            raise Refusal(SYSTEM)
        return room

    def _uploaded(self, session: Session, media_id: object, kind: str) -> Upload:
        upload = session.uploads.get(str(media_id))
        if upload is None or not upload.complete or upload.kind != kind:
            raise Refusal(PARAMETER)
        return upload

    def _show(
        self,
        session: Session,
        said: Json,
        *,
        text: str,
        kind: str,
        upload: Upload | None = None,
        name: str = "",
    ) -> Answer:
        account = session.account
        room = self._room(session, said.get("ToUserName"))
        if not self._reachable(account, room):
            raise Refusal(NO_FRIEND)
        if self._too_often(account):
            raise Refusal(TOO_OFTEN)
        local = str(said.get("LocalID", ""))
        sent = Sent(text, kind, account, self.world.message_id(), local, said, name)
        if upload is not None:
            sent.name, sent.content = name or upload.name, upload.content
        peer = room.peer(account)
        if isinstance(peer, User) and peer in account.lost:
            note = Message(self.world.message_id(), room, peer, 10000, wording.marked(account.lost[peer]))
            self.world.say(note, account)
        else:
            room.shown.append(sent)
            self._tell_others(room, sent)
        return done(MsgID=sent.id, LocalID=local)

    def _too_often(self, account: Account) -> bool:
        """Count a message of *account*; whether it is one more than it may send in a minute."""
        now = time.monotonic()
        self._times[account] = [at for at in self._times.get(account, []) if now - at < 60]
        most = self.world.sends_per_minute
        if most is not None and len(self._times[account]) >= most:
            return True
        self._times[account].append(now)
        return False

    def _reachable(self, account: Account, room: Room) -> bool:
        if not room.private:
            return account in room.members
        peer = room.peer(account)
        return peer is self.world.filehelper or peer in account.friends

    def _tell_others(self, room: Room, sent: Sent) -> None:
        """Let our other accounts hear of it: a text as it is, everything else by its name."""
        self.world.touch(room)
        text = wording.marked(sent.text or f"[{sent.kind}] {sent.name}")
        said = Message(sent.id, room, sent.account, 1, text)
        for other in room.accounts():
            if other is not sent.account:
                self.world.say(said, other)
        self.world.changed()
