"""Every command over WeChat, through each of its doors, in English and Chinese; and how the doors differ."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from adapters.wechat_official.wording import Words
from gateway.texts import Language, Sentence
from tests.adapters.host import until
from tests.flows.commands import Chatting, every_command, models_at, play
from tests.flows.conftest import in_house
from tests.flows.process import STARTED, GatewayProcess
from tests.flows.test_wechat_ilink import IlinkDoor
from tests.flows.test_wechat_official import FETCH, MORE, PATIENCE, SECONDS, seen, told
from tests.flows.test_wechat_web import WebDoor
from tests.flows.wechat import CHANNEL, Door, gateway_of
from tests.ports import free_port
from tests.servers import ilink, wechat_official, wechat_web
from tests.servers.ilink import IlinkServer
from tests.servers.model import ModelServer
from tests.servers.wechat_official import WeChatServer as OfficialServer
from tests.servers.wechat_web import WeChatServer as WebServer

# Where what does not fit in a response is fetched.
unverified = pytest.mark.parametrize("kept_official", ["unverified"], indirect=True)
# Who may sit there: each test takes somebody new.
_PEOPLE = 64
STOPPED = Sentence.STOPPED.say("zh")
END = "说完了。"
LONG = "".join(f"第{number}句话：这是一个很长很长的回答。" for number in range(150)) + END


def gateway(
    folder: Path, model: ModelServer, options: dict[str, Any], ids: Iterable[object], **keys: Any
) -> GatewayProcess:
    """A gateway with one channel, where people with these *ids* are admins."""
    models = models_at(model)
    access = {"admins": [f"{CHANNEL}:{id}" for id in ids]}
    return gateway_of(folder, model, {CHANNEL: {**options, "access": access}}, models=models, **keys)


def behind(door: Door) -> dict[str, Any]:
    """The channel that a door leads to."""
    return {"type": door.kind, "pacing": None, **door.options()}


# WeChat's web


@dataclass(frozen=True, slots=True)
class Web:
    """One process for all tests of this door, with an account and its friends."""

    wechat: WebServer
    model: ModelServer
    people: Iterator[wechat_web.User]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kept_web(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Web]:
    async with WebServer() as wechat, ModelServer() as model:
        door = WebDoor(wechat, wechat.account())
        people = [wechat.user("Ann") for _ in range(_PEOPLE)]
        folder, ids = tmp_path_factory.mktemp("web"), (person.seq for person in people)
        async with gateway(folder, model, behind(door), ids) as process:
            await door.enter(process)
            yield Web(wechat, model, iter(people))
            assert wechat.complaints == []


@pytest.fixture
def web(kept_web: Web) -> Web:
    """The web, with a model as new."""
    kept_web.model.reset()
    return kept_web


class Contact(Chatting):
    """Somebody at WeChat who reads what friends and bots send."""

    def read(self, message: wechat_web.Sent | ilink.Sent) -> str:
        if message.kind != "file":
            return re.sub(r"^@\w+\s+", "", message.text)
        assert message.name == "chat.md"
        assert message.content is not None
        return message.content.decode()


class Friend(Contact):
    """A friend of the account, in their private chat or in a new group."""

    def __init__(self, web: Web, *, group: bool) -> None:
        self._person = next(web.people)
        room = web.wechat.group("Friends", self._person) if group else web.wechat.private(self._person)
        super().__init__(web.wechat, room, web.model, group=group)

    async def tell(self, text: str) -> None:
        to_us = self.group and not text.startswith("/")
        self.platform.say(self.room, self._person, text, mention=to_us)


@in_house
@every_command
async def test_a_command_to_a_friend(web: Web, command: str, language: Language) -> None:
    await play(command, Friend(web, group=False), language)


@in_house
@every_command
async def test_a_command_in_a_group_of_friends(web: Web, command: str, language: Language) -> None:
    await play(command, Friend(web, group=True), language)


@in_house
async def test_what_is_stopped_was_not_seen_and_is_not_remembered(web: Web) -> None:
    ann, model = Friend(web, group=False), web.model
    await ann.say("one")
    model.chunks, model.delay = 1000, 0.05
    await ann.tell("something long, long, long, long")
    await model.until(lambda: len(model.requests) == 2)
    assert await ann.say("/stop") == "Stopped."
    await model.until(lambda: model.aborted == 1)
    model.delay = 0.0
    assert await ann.say("/retry") == "one (1 turns)"
    assert await ann.say("two") == "two (3 turns)"


# iLink


@dataclass(frozen=True, slots=True)
class Ilink:
    """The same with a bot."""

    server: IlinkServer
    model: ModelServer
    people: Iterator[ilink.Person]
    process: GatewayProcess

    async def puts_off(self, before: int) -> None:
        """Wait until what does not fit in a turn is put off once more than *before*."""
        await until(lambda: self.put_off > before, lambda: self.process.log, STARTED)

    @property
    def put_off(self) -> int:
        """How often that was so far."""
        return self.process.log.count("put off until the person writes")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kept_ilink(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ilink]:
    async with IlinkServer() as server, ModelServer() as model:
        door = IlinkDoor(server)
        people = [server.person() for _ in range(_PEOPLE)]
        folder, ids = tmp_path_factory.mktemp("ilink"), (person.id for person in people)
        async with gateway(folder, model, behind(door), ids) as process:
            await door.enter(process)
            yield Ilink(server, model, iter(people), process)
            assert server.complaints == []


@pytest.fixture
def bot(kept_ilink: Ilink) -> Ilink:
    """The bot, with a model as new."""
    kept_ilink.model.reset()
    return kept_ilink


class Owner(Contact):
    """Somebody with the bot among their contacts."""

    def __init__(self, bot: Ilink) -> None:
        self.person = next(bot.people)
        super().__init__(bot.server, self.person, bot.model)

    async def tell(self, text: str) -> None:
        self.platform.say(self.person, text)


@in_house
@every_command
async def test_a_command_to_a_bot(bot: Ilink, command: str, language: Language) -> None:
    await play(command, Owner(bot), language)


@in_house
async def test_what_waits_for_a_word_comes_before_the_answer_to_a_command(bot: Ilink) -> None:
    ann, model = Owner(bot), bot.model
    model.answer = " ".join(f"word{number}" for number in range(2200))
    await ann.tell("tell me everything")
    sent = await bot.server.answers(ann.person, 10)
    assert "write anything" in sent[-1].text
    await ann.tell("/new")
    cleared = Sentence.CLEARED.say("en")
    await bot.server.until(lambda: bot.server.sent(ann.person)[-1].text == cleared)
    texts = (message.text.partition("（未完")[0] for message in bot.server.sent(ann.person))
    assert " ".join(texts).split() == f"{model.answer} {cleared}".split()


@in_house
async def test_what_waits_for_a_word_is_stopped(bot: Ilink) -> None:
    """Regression: there was nothing to stop, and the rest came with the next answer."""
    ann, model, before = Owner(bot), bot.model, bot.put_off
    model.answer = " ".join(f"word{number}" for number in range(2200))
    await ann.tell("tell me everything")
    await bot.puts_off(before)
    model.answer = "something else"
    assert await ann.say("/stop") == "Stopped."
    assert await ann.say("/stop") == Sentence.NOTHING_TO_STOP.say("en")
    assert await ann.say("tell me something else") == "something else"
    assert len(bot.server.sent(ann.person)) == 13


# An official account


@dataclass(frozen=True, slots=True)
class Official:
    """The same with an official account and its followers."""

    wechat: OfficialServer
    model: ModelServer
    people: Iterator[wechat_official.Person]


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["verified", "unverified"])
async def kept_official(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Official]:
    verified = request.param == "verified"
    async with OfficialServer(seconds=SECONDS, verified=verified) as wechat, ModelServer() as model:
        ours, port = wechat.account, free_port()
        ours.url = f"http://127.0.0.1:{port}/hook/{CHANNEL}"
        options = {"type": "wechat_official", "app_id": ours.app_id, "app_secret": ours.secret}
        channel = {**options, "token": ours.token, "api_root": wechat.root, "patience": PATIENCE}
        people = [wechat.person() for _ in range(_PEOPLE)]
        folder, ids = tmp_path_factory.mktemp("official"), (person.id for person in people)
        async with gateway(folder, model, channel, ids, web={"port": port}):
            await wechat.until(lambda: wechat.called("stable_token"), 20)
            yield Official(wechat, model, iter(people))
            assert wechat.complaints == []


@pytest.fixture
def official(kept_official: Official) -> Official:
    """The account, with a model as new."""
    kept_official.model.reset()
    return kept_official


class Follower:
    """Somebody who follows the account: every answer is one to the request that brought the question."""

    admin = True
    group = False

    def __init__(self, official: Official) -> None:
        self.model = official.model
        self.wechat = official.wechat
        self.person = next(official.people)

    async def say(self, text: str) -> str:
        return await told(self.wechat, self.person, text)

    async def tell(self, text: str) -> None:
        await self.wechat.say(self.person, text)

    async def begins_to_read(self) -> None:
        """Ask for what is answered in pieces, of which the first is there, and others are to be fetched."""
        self.model.answer = LONG
        assert (await self.say("请详细回答")).endswith(MORE)

    async def reads_all_of(self, text: str) -> str:
        """Say something that is answered in pieces; all of them, without white space."""
        before = len(self.person.shown)
        await self.say(text)
        while not self.person.shown[-1].text.endswith(END):
            if self.wechat.account.verified:
                await self.wechat.answers(self.person, len(self.person.shown) + 1)
            else:
                assert (await self.say("继续")) != FETCH
        pieces = (shown.text.removesuffix(MORE) for shown in self.person.shown[before:])
        return "".join("".join(pieces).split())


@in_house
@every_command
async def test_a_command_to_an_official_account(official: Official, command: str, language: Language) -> None:
    await play(command, Follower(official), language)


@in_house
async def test_what_is_stopped_is_not_heard_of_again(official: Official) -> None:
    ann, wechat, model = Follower(official), official.wechat, official.model
    verified = wechat.account.verified
    model.latency = 60.0
    first = await wechat.say(ann.person, "第一个问题")
    await model.until(lambda: len(model.requests) == 1)
    second = await wechat.say(ann.person, "第二个问题")
    assert await ann.say("/停止") == STOPPED
    outcomes = [await wechat.settled(first), await wechat.settled(second)]
    assert outcomes == ["accepted", "accepted" if verified else "answered"]
    assert seen(ann.person)[1:] == ([] if verified else [(FETCH, "passive")])
    # Where an answer is to be fetched, whatever does not begin with a slash fetches.
    assert await ann.say("停止") == (STOPPED if verified else Words.NOT_READY.say("zh"))
    assert await ann.say("/停止") == (Sentence.NOTHING_TO_STOP.say("zh") if verified else STOPPED)
    model.latency = 0.0
    assert await ann.say("第三个问题") == "第三个问题 (1 turns)"


@in_house
async def test_an_export_is_a_text_that_comes_in_pieces(official: Official) -> None:
    ann, model = Follower(official), official.model
    model.answer = "".join(f"第{number}句话：这是一个很长很长的回答。" for number in range(60)) + END
    assert await ann.reads_all_of("请详细回答") == model.answer
    said = await ann.reads_all_of("/导出")
    assert f"**{Sentence.BOT.say('zh')}**" not in said
    assert said.startswith(Sentence.PERSON.say("zh"))
    assert said.endswith(model.answer)


@in_house
@unverified
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_what_waits_to_be_fetched_is_stopped(official: Official, language: Language) -> None:
    """Regression: to stop was to fetch the next piece."""
    ann = Follower(official)
    await ann.begins_to_read()
    assert await ann.say("/stop" if language == "en" else "/停止") == Sentence.STOPPED.say(language)
    assert await ann.say("/停止") == Sentence.NOTHING_TO_STOP.say("zh")
    official.model.answer = "没问题。"
    assert await ann.say("再问一个") == "没问题。"


@in_house
@unverified
async def test_what_waits_to_be_fetched_is_forgotten(official: Official) -> None:
    """Regression: it could still be fetched for a week."""
    ann = Follower(official)
    await ann.begins_to_read()
    assert await ann.say("/忘记") == Sentence.FORGOTTEN.say("zh")
    official.model.answer = "没问题。"
    assert await ann.say("再问一个") == "没问题。"


@in_house
@unverified
async def test_what_waits_to_be_fetched_comes_before_the_answer_to_a_command(official: Official) -> None:
    ann = Follower(official)
    await ann.begins_to_read()
    first = await ann.say("/new")
    assert first.endswith(MORE)
    while not (said := await ann.say("继续")).startswith(Sentence.CLEARED.say("en")):
        assert said.removesuffix(MORE) in LONG
    official.model.answer = "没问题。"
    assert await ann.say("再问一个") == "没问题。"
