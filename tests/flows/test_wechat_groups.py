"""Groups on WeChat's web: who is answered there, and how."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from tests.flows.conftest import in_house
from tests.flows.process import GatewayProcess
from tests.flows.test_talk import asked
from tests.flows.test_wechat_web import WebDoor
from tests.flows.wechat import gateway_of
from tests.servers.model import ModelServer
from tests.servers.wechat_web import AT, User, WeChatServer

# An account for each: what is said in its groups is answered as its channel says.
CHANNELS: dict[str, dict[str, Any]] = {
    "quote": {"group": {"triggers": ["Bot,", "小明"], "keywords": ["机器人"]}},
    "mention": {"group": {"context": "member", "reply": "mention"}},
    "plain": {"group": {"reply": "plain"}},
    "wechatbot": {"group_reply": "wechatbot"},
}
LINE = " --------------------------------"


@dataclass(frozen=True, slots=True)
class Party:
    """One process for all tests of this file, with accounts that are logged in."""

    doors: Mapping[str, WebDoor]
    wechat: WeChatServer
    model: ModelServer
    process: GatewayProcess


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kept_party(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Party]:
    async with WeChatServer() as wechat, ModelServer() as model:
        doors = {name: WebDoor(wechat, wechat.account(name.title())) for name in CHANNELS}
        channels = {
            name: {"type": door.kind, "pacing": None, **door.options(), **CHANNELS[name]}
            for name, door in doors.items()
        }
        async with gateway_of(tmp_path_factory.mktemp("party"), model, channels) as process:
            for name, door in doors.items():
                await door.enter(process, name)
            yield Party(doors, wechat, model, process)
            assert wechat.complaints == []


@pytest.fixture
def party(kept_party: Party) -> Party:
    """The party, with a model as new."""
    kept_party.model.reset()
    return kept_party


class Group:
    """A new group with the account of a channel, Ann, its friend, and Bob, who is none."""

    def __init__(self, party: Party, channel: str) -> None:
        self.wechat = party.wechat
        door = party.doors[channel]
        self.ann, self.bob = door.ann, self.wechat.user("Bob", friend=False)
        self.room = self.wechat.group("Friends", self.ann, self.bob, account=door.account)

    async def ask(self, who: User, text: str, **how: Any) -> str:
        """Say something that is for the bot; the answer."""
        before = len(self.texts)
        self.wechat.say(self.room, who, text, **how)
        await self.wechat.answers(self.room, before + 1)
        return self.texts[-1]

    @property
    def texts(self) -> list[str]:
        """What the account said there."""
        return [sent.text for sent in self.wechat.sent(self.room)]


@in_house
async def test_triggers_and_keywords_count_as_a_mention(party: Party) -> None:
    group = Group(party, "quote")
    ann, wechat = group.ann, party.wechat
    for text in ("nothing in particular", "Robot, this is not you", "ask Bot, not me", "@Bob 小明"):
        wechat.say(group.room, ann, text)
    wechat.say(group.room, ann, "what do you think?", mention=group.bob)
    assert await group.ask(ann, "Bot, what is it?") == f"@Ann{AT}Ann: what is it? (1 turns)"
    assert await group.ask(group.bob, "小明你好") == f"@Bob{AT}Bob: 你好 (3 turns)"
    said = "这个机器人会什么？"
    assert await group.ask(ann, said) == f"@Ann{AT}Ann: {said} (5 turns)"
    await party.process.idle()
    assert len(group.texts) == len(party.model.requests) == 3


@in_house
async def test_an_answer_that_would_quote_calls_who_asked(party: Party) -> None:
    group = Group(party, "quote")
    party.model.answer = "one line"
    assert await group.ask(group.bob, "one", mention=True) == f"@Bob{AT}one line"
    party.model.answer = "line one\n\nline two"
    assert await group.ask(group.ann, "two", mention=True) == f"@Ann{AT}\nline one\n\nline two"


@in_house
async def test_an_answer_that_mentions_calls_who_asked_in_its_first_piece(party: Party) -> None:
    group = Group(party, "mention")
    party.model.answer = " ".join(f"word{number}" for number in range(300))
    first = await group.ask(group.bob, "tell me", mention=True)
    await party.wechat.answers(group.room, 2)
    assert first.startswith(f"@Bob{AT}")
    assert " ".join(group.texts).removeprefix(f"@Bob{AT}").split() == party.model.answer.split()


@in_house
async def test_a_plain_answer_calls_nobody(party: Party) -> None:
    group = Group(party, "plain")
    assert await group.ask(group.ann, "one", mention=True) == "Ann: one (1 turns)"
    assert await group.ask(group.bob, "two", mention=True) == "Bob: two (3 turns)"


@in_house
async def test_wechatbots_answers_have_the_question_and_a_line(party: Party) -> None:
    group = Group(party, "wechatbot")
    answer = await group.ask(group.bob, "how are you?", mention=True)
    assert answer.split("\n") == ["@Bob", "how are you?", LINE, "Bob: how are you? (1 turns)"]
    answer = await group.ask(group.ann, "长" * 300, mention=True)
    assert answer.split("\n")[1] == "长" * 139 + "…"


@in_house
async def test_members_with_contexts_of_their_own_do_not_see_each_others(party: Party) -> None:
    group = Group(party, "mention")
    other = party.wechat.user("Bob", friend=False)
    said = [
        await group.ask(who, str(number), mention=True)
        for number, who in enumerate((group.ann, group.bob, group.ann, group.bob), 1)
    ]
    assert said == [
        *(f"@Ann{AT}1 (1 turns)", f"@Bob{AT}2 (1 turns)"),
        *(f"@Ann{AT}3 (3 turns)", f"@Bob{AT}4 (3 turns)"),
    ]
    assert asked(party.model) == ["2", "2 (1 turns)", "4"]
    # Two strangers with one name are told apart, as long as the login lasts.
    party.wechat.join(group.room, other)
    assert await group.ask(other, "5", mention=True) == f"@Bob{AT}5 (1 turns)"
