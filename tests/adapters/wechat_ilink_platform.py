"""iLink on a simulated server, as the adapters' contract and iLink's own tests see it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from adapters.wechat_ilink import WechatIlink
from adapters.wechat_ilink.options import WechatIlinkOptions
from gateway import ChannelState, Chat
from gateway.login import Scan, Step
from tests.servers.ilink import Bot, IlinkServer, Person

from .contract import Place, Platform, Stage, staged
from .host import FakeHost, FakeInbox, running, until

HOLD = 5.0
NONSENSE: tuple[Any, ...] = (
    None,
    "words",
    {},
    {"message_id": 7},
    {"message_id": {}, "from_user_id": "o9@im.wechat", "item_list": [{"type": 1}]},
    {"message_id": 8, "from_user_id": 5, "item_list": []},
    {"message_id": 9, "from_user_id": "o9@im.wechat", "item_list": "words"},
    {"message_id": 10, "from_user_id": "o9@im.wechat", "item_list": [None, 5, {"type": "x"}, {"type": 1}]},
    {"from_user_id": "o9@im.wechat", "item_list": [{"type": 1, "text_item": {"text": "no id"}}]},
    {"message_id": 11, "from_user_id": "o9@im.wechat", "item_list": [{"type": 1, "text_item": {"text": {}}}]},
)


def server(**options: Any) -> IlinkServer:
    """A simulated iLink."""
    return IlinkServer(**{"hold": HOLD, **options})


def saved_session(bot: Bot, id: str = "first") -> str:
    """What an adapter keeps that logged in as *bot*."""
    session = {"id": id, "token": bot.token, "root": bot.root, "bot": bot.id, "user": bot.owner.id}
    return json.dumps({"account": f"bot-of-{bot.owner.id}", "session": session})


def adapter(host: FakeHost, server: IlinkServer, **options: Any) -> WechatIlink:
    """An adapter for *server*."""
    given = {"api_root": server.root, "cdn_root": server.cdn, "pacing": None, **options}
    return WechatIlink(host, WechatIlinkOptions.model_validate(given))


class SimulatedIlink(Platform):
    """iLink as the contract sees it: somebody has logged in already."""

    has_groups = False
    silent_pause = 60

    def __init__(self, server: IlinkServer, bot: Bot | None = None, **options: Any) -> None:
        self.server = server
        self.options = options
        self.bot = bot or server.login()
        self.secrets = (self.bot.token, "AA+z/")  # so begins every context token, and every file's name

    def adapter(self, host: FakeHost, web_root: str) -> WechatIlink:
        host.values.setdefault("session", saved_session(self.bot))
        return adapter(host, self.server, **self.options)

    def private(self) -> Place:
        return Place("private", self.server.person("Somebody"))

    def group(self) -> Place:
        raise NotImplementedError

    async def say(self, place: Place, text: str, *, mention: bool = False) -> None:
        self.server.say(place.raw, text, bot=self.bot)

    async def echo(self, place: Place, text: str) -> None:
        self.server.echo(place.raw, text, bot=self.bot)

    async def garble(self) -> None:
        for payload in NONSENSE:
            self.server.push(payload, self.bot)

    def unconfirmed(self) -> int:
        return self.server.unconfirmed(self.bot)

    def shown(self, place: Place) -> list[str]:
        return [sent.text for sent in self.server.sent(place.raw)]

    def files(self, place: Place) -> list[tuple[str, bytes]]:
        sent = self.server.sent(place.raw)
        return [(one.name, one.content) for one in sent if one.kind == "file" and one.content is not None]

    def previews(self, place: Place) -> list[str]:
        return ["typing" for status in self.server.typings(place.raw) if status == 1]

    async def leave(self, place: Place) -> None:
        self.server.remove(place.raw)

    async def refuse(self) -> None:
        self.server.refuse("sendmessage", -3, "invalid arguments")

    async def slow_down(self, seconds: int) -> None:
        """For as long as WeChat wants: it does not say."""
        self.server.fail("sendmessage", status=429)

    def outage(self) -> Any:
        return self.server.outage()


@asynccontextmanager
async def ilink(
    host: FakeHost, inbox: FakeInbox | None = None, world: IlinkServer | None = None, **options: Any
) -> AsyncIterator[tuple[IlinkServer, Stage]]:
    """A simulated iLink, and our adapter up and running on it, logged in as somebody's bot."""
    async with world or server() as made, staged(SimulatedIlink(made, **options), host, inbox) as stage:
        await stage.up()
        yield made, stage


@asynccontextmanager
async def unknown(
    host: FakeHost, world: IlinkServer | None = None, **options: Any
) -> AsyncIterator[tuple[IlinkServer, FakeInbox, asyncio.Task[None]]]:
    """A simulated iLink, and our adapter running on it, with whatever login *host* has kept."""
    async with world or server() as made:
        inbox = FakeInbox(host)
        async with running(adapter(host, made, **options), inbox) as task:
            yield made, inbox, task


async def code(host: FakeHost, other_than: str = "") -> Scan:
    """What is to be scanned, once that is not *other_than*."""

    def another() -> Scan | None:
        scan = host.login.scan
        return scan if scan is not None and scan.text != other_than else None

    found = await until(another)
    assert found is not None
    return found


async def step(host: FakeHost, step: Step, *, wrong: bool = False) -> None:
    """Wait until a person has to do that."""
    await until(lambda: (scan := host.login.scan) and (scan.step, scan.wrong) == (step, wrong))


async def log_in(world: IlinkServer, host: FakeHost, person: Person) -> Bot:
    """*person* scans the code that is shown, and confirms."""
    world.scan(person, (await code(host)).text)
    await step(host, Step.CONFIRM)
    bot = world.confirm()
    await until(lambda: host.states[-1] is ChannelState.UP, lambda: host.reports)
    return bot


@asynccontextmanager
async def ilink_again(
    host: FakeHost, inbox: FakeInbox, world: IlinkServer, **options: Any
) -> AsyncIterator[tuple[IlinkServer, Stage]]:
    """Our adapter on *world*, which is there already: entered again with the same host, a restart."""
    bot = world.world.bots[0] if world.world.bots else None
    before = len(host.reports)
    async with staged(SimulatedIlink(world, bot, **options), host, inbox) as stage:
        await until(lambda: [state for state, _ in host.reports[before:] if state is ChannelState.UP])
        yield world, stage


async def asked(world: IlinkServer, stage: Stage, person: Person, text: str = "hello") -> Chat:
    """The chat that *person* is to us, after they have asked *text*."""
    before = len(stage.inbox.messages)
    world.say(person, text)
    return (await stage.inbox.get(before + 1))[-1].chat


def tried_with(world: IlinkServer) -> list[str]:
    """With which context token each message was tried; "" without."""
    return [call.params["msg"].get("context_token", "") for call in world.called("sendmessage")]


def newest(world: IlinkServer) -> str:
    """The context token that came last."""
    return str(world.first.inbox[-1]["context_token"])
