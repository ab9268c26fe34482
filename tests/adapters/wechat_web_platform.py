"""The simulated WeChat as the contract sees it, and a phone that scans whatever it is shown."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from adapters.wechat_web import WechatWeb
from adapters.wechat_web.options import WechatWebOptions
from gateway import Chat
from gateway.login import Scan, Step
from tests.servers.wechat_web import Account, Room, WeChatServer

from .contract import Place, Platform, Stage, staged
from .host import FakeHost, FakeInbox

NONSENSE: list[dict[str, Any]] = [
    {"kind": 1, "content": "", "MsgId": ""},
    {"kind": "text", "content": "no kind"},
    {"kind": 1, "content": "", "Url": "http://[", "FileName": 7},
    {"kind": 9999, "content": "news"},
    {"kind": 50, "content": "a call"},
    {"kind": 51, "content": "no user", "StatusNotifyUserName": "@@x,,y"},
    {"kind": 37, "content": "nobody", "RecommendInfo": None},
    {"kind": 10002, "content": "&lt;sysmsg&gt;"},
    {"kind": 1, "content": "tomorrow", "CreateTime": "tomorrow"},
    {"kind": 1, "content": "from WeChat", "FromUserName": "weixin"},
]


def server(**options: Any) -> WeChatServer:
    """A WeChat with our account, which holds questions shorter than the real one."""
    made = WeChatServer(**options)
    made.account()
    return made


class SimulatedWechatWeb(Platform):
    """One account of the simulator's."""

    silent_pause = 60

    def __init__(self, world: WeChatServer, **options: Any) -> None:
        self.server = world
        self.options = options
        self.account = world.first
        self.ann = world.user("Ann")

    @property
    def secrets(self) -> tuple[str, ...]:
        """What opens a login, and what makes one."""
        cookies = ("wxsid", "webwx_data_ticket", "webwx_auth_ticket", "webwxuvid")
        opening = [session.cookies[name] for session in self.server.sessions.all for name in cookies]
        keys = [key for session in self.server.sessions.all for key in (session.skey, session.pass_ticket)]
        codes = [code.uuid for code in self.server.logins.codes]
        return (*opening, *keys, *codes, "deviceid", "DeviceID")

    def adapter(self, host: FakeHost, web_root: str = "") -> WechatWeb:
        """With no pacing: the contract is about other things."""
        options = {"api_root": self.server.root, "pacing": None, **self.options}
        return WechatWeb(host, WechatWebOptions.model_validate(options))

    def private(self) -> Place:
        return Place("private", self.server.private(self.server.user("Somebody")))

    def group(self) -> Place:
        return Place("group", self.server.group("Friends", self.ann))

    async def say(self, place: Place, text: str, *, mention: bool = False) -> None:
        self.server.say(place.raw, place.raw.user or self.ann, text, mention=mention)

    async def echo(self, place: Place, text: str) -> None:
        self.server.say(place.raw, self.account, text)

    async def garble(self) -> None:
        room = self.server.private(self.ann)
        for strange in NONSENSE:
            self.server.say(room, self.ann, **strange)
        self.server.stir()

    def unconfirmed(self) -> int:
        return self.server.unconfirmed()

    def shown(self, place: Place) -> list[str]:
        """Without the call of the asker, which is no part of the text."""
        return [re.sub(r"^@\w+\u2005", "", sent.text) for sent in self.server.sent(place.raw)]

    def files(self, place: Place) -> list[tuple[str, bytes]]:
        return self.server.files(place.raw)

    def previews(self, place: Place) -> list[str]:
        return []

    async def leave(self, place: Place) -> None:
        self.server.leave(place.raw)

    async def refuse(self) -> None:
        self.server.fail("webwxsend", ret=1)

    async def slow_down(self, seconds: int) -> None:
        """For as long as WeChat wants: it does not say."""
        self.server.fail("webwxsend", ret=1205)

    def outage(self) -> Any:
        return self.server.outage()


def scan_by_itself(host: FakeHost, world: WeChatServer, account: Account | None = None) -> None:
    """Have the account's owner scan and confirm every code that the channel shows."""

    def look(scan: Scan | None) -> None:
        code = world.logins.find(scan.text) if scan is not None and scan.step is Step.SCAN else None
        if code is not None and code.state == "new":
            world.scan(code, account)
            world.confirm(account)

    host.login.watch(look)


async def log_in(host: FakeHost, world: WeChatServer, account: Account | None = None) -> None:
    """Have the channel be logged in before it starts."""
    scan_by_itself(host, world, account)
    adapter = SimulatedWechatWeb(world).adapter(host)
    try:
        await adapter.log_in()
    finally:
        await adapter.close()


@asynccontextmanager
async def wechat(
    host: FakeHost, world: WeChatServer, inbox: FakeInbox | None = None, **options: Any
) -> AsyncIterator[Stage]:
    """Our adapter, up and running on *world*, whose account scans what it is asked to."""
    if not host.values.get("cursor"):
        await log_in(host, world)
    host.reports.clear()
    async with staged(SimulatedWechatWeb(world, **options), host, inbox) as stage:
        await stage.up()
        yield stage


async def asked(world: WeChatServer, stage: Stage, room: Room, text: str = "hello", **more: Any) -> Chat:
    """The chat that *room* is to us, after its person, or the first other member, has said *text* there."""
    before = len(stage.inbox.messages)
    world.say(room, room.user or room.members[-1], text, **more)
    return (await stage.inbox.get(before + 1))[-1].chat
