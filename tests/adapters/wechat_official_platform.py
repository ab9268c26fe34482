"""An official account on a simulated WeChat, as the adapters' contract and its own tests see it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from adapters.wechat_official import WechatOfficial
from adapters.wechat_official.options import WechatOfficialOptions
from gateway import Message
from tests.servers.wechat_official import Person, Push, WeChatServer

from .contract import Place, Platform, Stage, staged
from .host import FakeHost, FakeInbox

# WeChat's five seconds and our four and a half, short enough for tests, with room for a slow machine.
SECONDS, PATIENCE = 0.8, 0.5

NONSENSE = (
    b"",
    b"<xml>",
    b"<html></html>",
    b"{}",
    b"\xff\xfe",
    b"<xml></xml>",
    b"<xml><MsgType>text</MsgType></xml>",
    b"<xml><ToUserName>a</ToUserName><FromUserName>b</FromUserName><CreateTime>soon</CreateTime>"
    b"<MsgType>text</MsgType></xml>",
    b'<!DOCTYPE xml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><xml><MsgType>&b;</MsgType></xml>',
    b'<!DOCTYPE xml [<!ENTITY f SYSTEM "file:///etc/passwd">]><xml><Content>&f;</Content></xml>',
    b"<xml><ToUserName>a</ToUserName><FromUserName>b</FromUserName><CreateTime>1</CreateTime>"
    b"<MsgType>event</MsgType><Event>PIGS_FLY</Event></xml>",
)


def server(**options: Any) -> WeChatServer:
    """A simulated WeChat with our account in it."""
    return WeChatServer(**{"seconds": SECONDS, **options})


class SimulatedWeChat(Platform):
    """An official account as the contract sees it."""

    has_groups = False
    silent_pause = 60

    def __init__(self, server: WeChatServer, **options: Any) -> None:
        self.server = server
        self.options = options
        account = server.account
        self.secrets = (account.secret, account.token, account.key, "access_token=")

    def adapter(self, host: FakeHost, web_root: str) -> WechatOfficial:
        account = self.server.account
        account.url = f"{web_root}/hook/{host.name}"
        options = {"app_id": account.app_id, "app_secret": account.secret, "token": account.token}
        options |= {"api_root": self.server.root, "patience": PATIENCE}
        if account.mode != "plain":
            options["encoding_aes_key"] = account.key
        return WechatOfficial(host, WechatOfficialOptions.model_validate({**options, **self.options}))

    def private(self) -> Place:
        return Place("private", self.server.person())

    def group(self) -> Place:
        raise NotImplementedError

    async def say(self, place: Place, text: str, *, mention: bool = False) -> None:
        await self.server.say(place.raw, text)

    async def echo(self, place: Place, text: str) -> None:
        await self.server.say(place.raw, text, FromUserName=self.server.account.original)

    async def garble(self) -> None:
        for body in NONSENSE:
            query, _ = self.server.pushes.request({"ToUserName": "", "MsgType": ""})
            status, answer = await self.server.pushes.post(query, body)
            assert (status, answer) in ((200, b"success"), (403, b""))

    def unconfirmed(self) -> int:
        return sum(push.outcome in (None, "failed") for push in self.server.pushes.all)

    def shown(self, place: Place) -> list[str]:
        return self.server.texts(place.raw)

    def previews(self, place: Place) -> list[str]:
        return ["typing" for _ in place.raw.typing]

    async def leave(self, place: Place) -> None:
        push = await self.server.unfollow(place.raw)
        await self.server.until(lambda: push is None or push.outcome)

    async def refuse(self) -> None:
        self.server.refuse("custom/send", 45002)

    async def slow_down(self, seconds: int) -> None:
        """For as long as WeChat wants: it does not say."""
        self.server.refuse("custom/send", 45011)

    def outage(self) -> Any:
        return self.server.outage()


@asynccontextmanager
async def wechat(
    host: FakeHost, inbox: FakeInbox | None = None, world: WeChatServer | None = None, **options: Any
) -> AsyncIterator[tuple[WeChatServer, Stage]]:
    """A simulated WeChat, and our adapter up and running on it."""
    made = world or server()
    async with made, staged(SimulatedWeChat(made, **options), host, inbox) as stage:
        await stage.up()
        yield made, stage


async def say_late(world: WeChatServer, person: Person, text: str = "hello") -> Push:
    """*person* says *text*, and by WeChat's clock it asks us for the third time."""
    return await world.say(person, text, CreateTime=str(int(time.time()) - 10))


async def asked(world: WeChatServer, stage: Stage, person: Person, text: str = "hello") -> Message:
    """What we have heard after *person* has said *text*; WeChat waits for the answer."""
    before = len(stage.inbox.messages)
    await world.say(person, text)
    return (await stage.inbox.get(before + 1))[-1]
