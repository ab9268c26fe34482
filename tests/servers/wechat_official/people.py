"""What people do, each of which the account's server is told of."""

from __future__ import annotations

import time

from .pushes import Pushes
from .world import Person, Push, World

_MESSAGE, _CLICK = 5, 3


class People:
    """People and their phones. What they do returns when the account's server has been asked once."""

    world: World
    pushes: Pushes

    def person(self, name: str = "Ann") -> Person:
        """Somebody new who follows the account."""
        number = next(self.world.numbers)
        person = Person(f"oABCDEFGHIJKLMNOPQRSTU{number:06}", name)
        self.world.people[person.id] = person
        return person

    async def say(self, person: Person, text: str, **fields: str) -> Push:
        """Write *text*; *fields* replace what WeChat tells of it."""
        return await self._message(person, "text", {"Content": text, **fields})

    async def picture(self, person: Person, content: bytes) -> Push:
        """Send a picture."""
        media = self._media("image", content)
        return await self._message(person, "image", {"PicUrl": "http://mmbiz.qpic.cn/x", "MediaId": media})

    async def voice(self, person: Person, content: bytes, recognition: str | None = None) -> Push:
        """Say something; *recognition* is what WeChat understood, where that is switched on."""
        fields = {"MediaId": self._media("voice", content), "Format": "amr"}
        if recognition is not None:
            fields["Recognition"] = recognition
        return await self._message(person, "voice", fields)

    async def video(self, person: Person, content: bytes) -> Push:
        """Send a video."""
        fields = {"MediaId": self._media("video", content), "ThumbMediaId": "thumb"}
        return await self._message(person, "video", fields)

    async def location(self, person: Person, label: str = "") -> Push:
        """Send a place."""
        fields = {"Location_X": "23.137466", "Location_Y": "113.352425", "Scale": "20", "Label": label}
        return await self._message(person, "location", fields)

    async def link(self, person: Person, title: str, url: str) -> Push:
        """Share a page."""
        return await self._message(person, "link", {"Title": title, "Description": "", "Url": url})

    async def click(self, person: Person, key: str) -> Push:
        """Choose the button *key* in the account's menu."""
        self.world.acted(person, _CLICK, self.world.click_seconds)
        return await self.event(person, "CLICK", EventKey=key)

    async def follow(self, person: Person) -> Push:
        """Begin to follow the account."""
        person.follows = True
        self.world.acted(person, _CLICK, self.world.click_seconds)
        return await self.event(person, "subscribe", EventKey="")

    async def unfollow(self, person: Person, *, told: bool = True) -> Push | None:
        """Follow the account no more; *told*: its server is asked about it."""
        person.follows, person.left, person.until = False, 0, 0.0
        return await self.event(person, "unsubscribe", EventKey="") if told else None

    async def event(self, person: Person, event: str, **fields: str) -> Push:
        """Anything else that happens."""
        head = self._head(person, "event")
        push = Push(f"{event}-{head['CreateTime']}", person, {**head, "Event": event, **fields})
        await self.pushes.add(push)
        return push

    async def _message(self, person: Person, kind: str, fields: dict[str, str]) -> Push:
        self.world.acted(person, _MESSAGE, self.world.message_seconds)
        number = str(6_000_000_000_000_000_000 + next(self.world.numbers))
        push = Push(number, person, {**self._head(person, kind), "MsgId": number, **fields})
        await self.pushes.add(push)
        return push

    def _head(self, person: Person, kind: str) -> dict[str, str]:
        us = self.world.account.original
        return {
            "ToUserName": us,
            "FromUserName": person.id,
            "CreateTime": str(int(time.time())),
            "MsgType": kind,
        }

    def _media(self, kind: str, content: bytes) -> str:
        name = f"media-{next(self.world.numbers)}"
        self.world.media[name] = (kind, content)
        return name
