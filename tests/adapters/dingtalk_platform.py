"""DingTalk on a simulated server, as the adapters' contract and DingTalk's own tests see it."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

from adapters.dingtalk import DingTalk
from adapters.dingtalk.options import DingTalkOptions
from gateway import Chat
from tests.servers.dingtalk import DingTalkServer, Room
from tests.servers.dingtalk.stream import MESSAGES, Push

from .contract import Place, Platform, Stage, staged
from .host import FakeHost, FakeInbox

CLIENT_ID = "dingabcdef"
SECRET = "SECRET-of-the-app"
TEMPLATE = "8aebdfb9-28f4-4a98-98f5-396c3dde41a0.schema"
# What DingTalk does after 16 and 60 seconds, soon enough for a test.
REDELIVERY = (0.2, 0.5, 1, 2, 4)
Mode = Literal["stream", "http"]

NONSENSE: tuple[Any, ...] = (
    {},
    {"msgId": 7},
    {"msgId": "m", "conversationId": "c", "conversationType": "9", "senderId": "s", "msgtype": "text"},
    {"msgId": "m", "conversationId": "c", "conversationType": "1", "senderId": "s", "msgtype": "text"},
    {
        "msgId": "m",
        "conversationId": [],
        "conversationType": "1",
        "senderId": "s",
        "msgtype": "text",
        "text": {"content": {"deep": 1}},
    },
)


def unpacked(archive: bytes) -> tuple[str, bytes]:
    """The one file in *archive*, and its name."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        (name,) = opened.namelist()
        return name, opened.read(name)


def server(**options: Any) -> DingTalkServer:
    """A simulated DingTalk with our robot in it."""
    made = DingTalkServer(**{"redelivery": REDELIVERY, **options})
    made.robot(CLIENT_ID, SECRET, "Gateway")
    return made


class SimulatedDingTalk(Platform):
    """DingTalk as the contract sees it."""

    silent_pause = 60
    secrets = (SECRET, "session=", "ticket=")

    def __init__(self, server: DingTalkServer, mode: Mode = "stream", **options: Any) -> None:
        self.server = server
        self.mode = mode
        self.options = options
        self.robot = server.robot(CLIENT_ID)
        self.ann = server.user("Ann")

    def adapter(self, host: FakeHost, web_root: str) -> DingTalk:
        if self.mode == "http":
            self.server.callback(self.robot, f"{web_root}/hook/{host.name}")
        options = {"client_id": CLIENT_ID, "client_secret": SECRET, "mode": self.mode}
        options |= {"api_root": self.server.root, **self.options}
        return DingTalk(host, DingTalkOptions.model_validate(options))

    def private(self) -> Place:
        return Place("private", self.server.private(self.server.user("Somebody"), self.robot))

    def group(self) -> Place:
        return Place("group", self.server.group("Friends", self.ann, robot=self.robot))

    async def say(self, place: Place, text: str, *, mention: bool = False) -> None:
        person = place.raw.user or self.ann
        if place.kind == "group" and not mention:  # as where an administrator lets it read all
            self.server.say(place.raw, person, text, isInAtList=False, atUsers=[])
        else:
            self.server.say(place.raw, person, text)

    async def echo(self, place: Place, text: str) -> None:
        ourselves = self.server.user("Gateway", staff_id=None)
        ourselves.id = self.robot.user_id
        self.server.say(place.raw, ourselves, text)

    async def garble(self) -> None:
        for number, payload in enumerate(NONSENSE):
            push = Push(f"nonsense{number}", self.robot, "CALLBACK", MESSAGES, payload)
            self.server.deliveries.add(push)
        for connection in self.server.connections[CLIENT_ID]:
            for frame in ({}, {"headers": 7}, {"type": "NEWS", "headers": {"topic": "x"}, "data": 5}):
                connection.send(frame)

    def unconfirmed(self) -> int:
        return sum(not push.acked.is_set() for push in self.server.deliveries.pushes.values())

    def shown(self, place: Place) -> list[str]:
        """Without the call of the asker, which is no part of the text."""
        return [re.sub(r"^@\w+\s", "", sent.text) for sent in self.server.sent(place.raw)]

    def files(self, place: Place) -> list[tuple[str, bytes]]:
        """As a person has them who opens the archives that some kinds must come in."""
        sent = [one.params for one in self.server.sent(place.raw) if one.msgtype == "file"]
        found = [(params["fileName"], self.server.world.media[params["mediaId"]]) for params in sent]
        return [unpacked(data) if name.endswith(".zip") else (name, data) for name, data in found]

    def previews(self, place: Place) -> list[str]:
        return []

    async def leave(self, place: Place) -> None:
        self.server.expire_webhooks()
        place.raw.robots = ()
        if place.raw.user is not None:
            place.raw.user.staff_id = None

    async def refuse(self) -> None:
        body = {"errcode": 400013, "errmsg": "消息内容不合法"}
        self.server.fail("sendBySession", status=200, body=body)

    async def slow_down(self, seconds: int) -> None:
        """For as long as DingTalk wants: it does not say."""
        body = {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}
        self.server.fail("sendBySession", status=200, body=body)

    def outage(self) -> Any:
        return self.server.outage()


@asynccontextmanager
async def dingtalk(
    host: FakeHost,
    mode: Mode = "stream",
    inbox: FakeInbox | None = None,
    world: DingTalkServer | None = None,
    **options: Any,
) -> AsyncIterator[tuple[DingTalkServer, Stage]]:
    """A simulated DingTalk, and our adapter up and running on it."""
    made = world or server()
    async with made, staged(SimulatedDingTalk(made, mode, **options), host, inbox) as stage:
        await stage.up()
        yield made, stage


async def asked(world: DingTalkServer, stage: Stage, room: Room, text: str = "hello") -> Chat:
    """The chat that *room* is to us, after its person, or the first member, has asked *text* there."""
    before = len(stage.inbox.messages)
    world.say(room, room.user or room.members[0], text)
    return (await stage.inbox.get(before + 1))[-1].chat
