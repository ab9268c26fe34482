"""What people write and send."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from . import render
from .wording import marked
from .world import STATUS, Account, FriendRequest, Json, Message, Names, Room, Stir, User, World

AT = "\u2005"  # what the phone writes after a mention


class Speech:
    """What people write and send. Every method returns the message's id.

    The sender is a person, or an account: then it is its owner who writes on the phone.
    """

    world: World

    def say(
        self,
        room: Room,
        user: User,
        text: str = "",
        *,
        mention: bool | User = False,
        separator: str = AT,
        kind: int = 1,
        content: str | None = None,
        media: bytes = b"",
        **fields: Any,
    ) -> str:
        """Write *text*, after a mention of the account, or of somebody else, and the *separator*.

        *kind* is the MsgType; *content* what the protocol carries instead of the text, *fields* add to the
        message.
        """
        if mention:
            called = mention if isinstance(mention, User) else room.account
            text = f"@{room.name_of(called)}{separator}{text}"
        written = marked(text) if content is None else content
        said = Message(self.world.message_id(), room, user, kind, written, fields, media=media)
        return self.world.say(said)

    def picture(self, room: Room, user: User, *, content: bytes = b"\x89PNGpicture", **rest: Any) -> str:
        """Send a picture. *rest* here and below: as for `say`."""
        size = len(content)
        xml = f'<?xml version="1.0"?>\n<msg>\n\t<img length="{size}" hdlength="0" />\n</msg>\n'
        written = marked(xml)
        return self.say(
            room,
            user,
            kind=3,
            content=written,
            media=content,
            ImgHeight=120,
            ImgWidth=90,
            ImgStatus=2,
            **rest,
        )

    def sticker(self, room: Room, user: User, *, content: bytes = b"GIF89asticker", **rest: Any) -> str:
        """Send a picture that moves."""
        written = marked(f'<msg><emoji len="{len(content)}"></emoji></msg>')
        return self.say(room, user, kind=47, content=written, media=content, **rest)

    def audio(
        self, room: Room, user: User, *, content: bytes = b"ID3voice", duration: int = 2000, **rest: Any
    ) -> str:
        """Send a voice message of *duration* milliseconds."""
        written = marked(f'<msg><voicemsg voicelength="{duration}" /></msg>')
        return self.say(room, user, kind=34, content=written, media=content, VoiceLength=duration, **rest)

    def video(self, room: Room, user: User, *, content: bytes = b"\0\0\0 ftypmp42", **rest: Any) -> str:
        """Send a video."""
        written = marked('<msg><videomsg playlength="3" /></msg>')
        return self.say(room, user, kind=43, content=written, media=content, PlayLength=3, **rest)

    def file(
        self, room: Room, user: User, *, name: str = "notes.pdf", content: bytes = b"%PDF-1.4", **rest: Any
    ) -> str:
        """Send a file."""
        mark = hashlib.sha256(f"file {next(self.world.numbers)}".encode()).hexdigest()
        written = marked(f"<msg><appmsg><title>{name}</title><type>6</type></appmsg></msg>")
        return self.say(
            room,
            user,
            kind=49,
            content=written,
            media=content,
            AppMsgType=6,
            FileName=marked(name),
            FileSize=str(len(content)),
            MediaId=f"@crypt_{mark[:8]}_{mark}",
            EncryFileName=marked(name),
            **rest,
        )

    def link(
        self,
        room: Room,
        user: User,
        *,
        title: str = "A page",
        url: str = "https://example.org/?a=1&b=2",
        **rest: Any,
    ) -> str:
        """Send a card with a link."""
        inner = f"<title>{title}</title><des></des><type>5</type><url>{url.replace('&', '&amp;')}</url>"
        written = marked(f"<msg><appmsg>{inner}</appmsg></msg>")
        return self.say(
            room,
            user,
            kind=49,
            content=written,
            AppMsgType=5,
            FileName=marked(title),
            Url=url.replace("&", "&amp;"),
            **rest,
        )

    def place(self, room: Room, user: User, *, label: str = "West Lake", **rest: Any) -> str:
        """Send a location: a text with an address of a map."""
        content = f"{marked(label)}:<br/>/cgi-bin/mmwebwx-bin/webwxgetpubliclinkimg?url=xxx"
        url = "http://apis.map.qq.com/uri/v1/geocoder?coord=30.2,120.1"
        return self.say(room, user, content=content, SubMsgType=48, Url=url, **rest)

    def card(self, room: Room, user: User, whom: User, **rest: Any) -> str:
        """Send somebody's name card."""
        return self._custom(room, user, 42, lambda names: {"RecommendInfo": render.recommended(names, whom)})

    def note(self, room: Room, text: str, *, content: str | None = None) -> str:
        """WeChat itself says something in a conversation: who came, red packets, and such."""
        written = marked(text) if content is None else content
        said = Message(self.world.message_id(), room, None, 10000, written)
        return self.world.say(said)

    def recall(self, room: Room, user: User, message_id: str) -> str:
        """Take back a message that a person wrote."""
        words = f'"{user.name}" 撤回了一条消息'
        xml = (
            f'<sysmsg type="revokemsg"><revokemsg><session>{room.id}</session><oldmsgid>1</oldmsgid>'
            f"<msgid>{message_id}</msgid><replacemsg><![CDATA[{words}]]></replacemsg></revokemsg></sysmsg>"
        )
        return self.say(room, user, kind=10002, content=marked(xml))

    def ask_friend(
        self, user: User, content: str = "我是Ann", *, account: Account | None = None
    ) -> FriendRequest:
        """A stranger asks to be a friend of *account*."""
        account = account or self.world.first
        number = next(self.world.numbers)
        ticket = f"v2_{hashlib.sha256(f'ticket {number}'.encode()).hexdigest()}@stranger"
        request = FriendRequest(user, account, content, ticket)
        self.world.requests.append(request)

        def more(names: Names) -> Json:
            info = render.recommended(names, user, content, ticket)
            return {"FromUserName": "fmessage", "RecommendInfo": info, "Ticket": ticket}

        written = marked(f'<msg fromusername="{user.id}" content="{content}" ticket="{ticket}"></msg>')
        said = Message(self.world.message_id(), None, user, 37, written, more=more)
        self.world.say(said, account)
        return request

    def look(self, room: Room) -> None:
        """The owner opens a conversation on the phone, which web clients are told."""
        account = room.account
        peer = room.peer(account)
        xml = f"<msg>\n<op id='2'>\n<username>{peer.id}</username>\n</op>\n</msg>"

        def more(names: Names) -> Json:
            return {"StatusNotifyCode": 2, "StatusNotifyUserName": names.name(peer)}

        said = Message(self.world.message_id(), room, account, STATUS, marked(xml), more=more)
        self.world.tell(account, said)

    def redeliver(self, message_id: str, account: Account | None = None) -> None:
        """Deliver a message once more, under the same id."""
        self.world.tell(account or self.world.first, self.world.messages[message_id])

    def stir(self, account: Account | None = None, *, selector: int = 7) -> None:
        """Something happens that webwxsync has no news of."""
        self.world.tell(account or self.world.first, Stir(selector))

    def _custom(self, room: Room, user: User, kind: int, more: Callable[[Names], Json]) -> str:
        said = Message(self.world.message_id(), room, user, kind, "", more=more)
        return self.world.say(said)
