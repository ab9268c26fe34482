"""What a person may ask in a day is counted exactly, whatever happens to the process."""

from __future__ import annotations

import asyncio
import random
import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway.texts import Sentence
from tests.flows.conftest import Configure, House, in_house
from tests.flows.process import GatewayProcess
from tests.flows.test_groups import texts
from tests.noon import NOON
from tests.servers.model import ModelServer
from tests.servers.telegram import TelegramServer

PEOPLE, ALLOWED = 8, 6
QUOTA_USED = re.compile(re.escape(Sentence.QUOTA_USED.value[0]).replace(r"\{until\}", r"\S+ \d\d:\d\d.*"))
CONFIG: Mapping[str, Any] = {
    "timezone": NOON.key,
    "channels": {
        "telegram": {"limits": {"tokens_per_day": 50}, "access": {"admins": ["telegram:900"]}},
        "quick": {"limits": {"per_minute": 2}},
    },
}


class Crowd:
    """People who each ask more than they may."""

    def __init__(self, telegram: TelegramServer, questions: int) -> None:
        self.telegram = telegram
        self.people = [telegram.user(f"P{number}") for number in range(PEOPLE)]
        self.chats = [telegram.private(person) for person in self.people]
        self.questions = questions
        self.asked = 0

    def ask(self) -> None:
        """Everybody asks one thing more, if anything is left."""
        if self.asked < self.questions:
            for person, chat in zip(self.people, self.chats, strict=True):
                self.telegram.say(chat, person, f"question {self.asked}")
            self.asked += 1

    def said(self, chat: dict[str, Any]) -> list[str]:
        """What a person was answered, without what a crash made come twice; refusals are all alike."""
        texts = [message.text for message in self.telegram.sent(chat)]
        return [text for text in dict.fromkeys(texts) if text.startswith("answer")]

    def refusals(self, chat: dict[str, Any]) -> list[str]:
        return [text for text in texts(self.telegram, chat) if not text.startswith("answer")]

    def finished(self) -> bool:
        return all(len(self.said(chat)) + len(self.refusals(chat)) >= self.questions for chat in self.chats)


def counted(folder: Path) -> dict[str, int]:
    """How many messages stand on everybody's account."""
    with closing(sqlite3.connect(folder / "data" / "gateway.db")) as connection:
        return dict(connection.execute("SELECT person, sum(messages) FROM quota GROUP BY person"))


async def polls(telegram: TelegramServer) -> None:
    """Wait until the gateway asks for what there is: it is up."""
    polled = len(telegram.called("getUpdates"))
    await telegram.until(lambda: len(telegram.called("getUpdates")) > polled, timeout=20)


async def kill_and_count(
    telegram: TelegramServer, model: ModelServer, process: GatewayProcess, kills: int, seed: int
) -> int:
    """Kill the gateway under load; asserts that each person had exactly what they may. Repeated pieces."""
    chance = random.Random(seed)
    model.keep_requests = False
    model.latency = lambda body: chance.uniform(0.05, 0.4)
    model.answer = lambda body: str(body["messages"][-1]["content"]).replace("question", "answer")
    crowd = Crowd(telegram, ALLOWED + 4)
    async with process:
        for _ in range(kills):
            crowd.ask()
            await polls(telegram)
            crowd.ask()
            await asyncio.sleep(chance.uniform(0.0, 1.0))  # the random moment is what is tested
            crowd.ask()
            await process.kill()
            await process.start()
        await polls(telegram)
        while crowd.asked < crowd.questions:
            crowd.ask()
        await telegram.until(crowd.finished, timeout=60)
        await process.idle()
        assert await process.terminate() == 0
    for chat in crowd.chats:
        assert crowd.said(chat) == [f"answer {number}" for number in range(ALLOWED)]
        assert all(QUOTA_USED.fullmatch(text) for text in crowd.refusals(chat))
    people = [f"telegram:{person['id']}" for person in crowd.people]
    assert counted(process.folder) == dict.fromkeys(people, ALLOWED)
    return sum(len(telegram.sent(chat)) for chat in crowd.chats) - PEOPLE * crowd.questions


LIMITED = {"timezone": NOON.key, "limits": {"messages_per_day": ALLOWED}}


async def test_no_question_is_free_and_none_counted_twice_when_it_is_killed(
    telegram: TelegramServer, model: ModelServer, gateway: Configure
) -> None:
    assert await kill_and_count(telegram, model, gateway(**LIMITED), kills=4, seed=1) <= 4


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_thirty_kills_with_a_quota(tmp_path: Path) -> None:
    repeated = 0
    for seed in range(10):
        folder = tmp_path / str(seed)
        folder.mkdir()
        async with TelegramServer() as telegram, ModelServer() as model:
            channel = {"token": telegram.token, "api_root": telegram.root, "pacing": None}
            config = {
                "base_url": model.base_url,
                "model": "test",
                "channels": {"telegram": channel},
                **LIMITED,
            }
            process = GatewayProcess(folder, config)
            repeated += await kill_and_count(telegram, model, process, kills=3, seed=seed)
    print(f"30 kills, every account exact, {repeated} pieces repeated")  # noqa: T201 - what this run is for
    assert repeated <= 30


@in_house
async def test_tokens_are_counted_by_the_day_and_an_admin_may_always(house: House) -> None:
    telegram = house.telegram
    ann, boss = telegram.user("Ann"), telegram.user("Boss", id=900)
    chats = [telegram.private(ann), telegram.private(boss)]
    group = telegram.group("Friends", ann)
    house.model.answer = "word " * 50
    for count in (1, 2):
        for chat, person in zip(chats, (ann, boss), strict=True):
            telegram.say(chat, person, f"question {count}")
            await telegram.answers(chat, count, timeout=20)
    assert texts(telegram, chats[0])[0].startswith("word")
    assert QUOTA_USED.fullmatch(texts(telegram, chats[0])[1])
    assert all(text.startswith("word") for text in texts(telegram, chats[1]))
    telegram.say(group, ann, "@gateway_bot in another chat")
    (refusal,) = await telegram.answers(group, 1)
    assert QUOTA_USED.fullmatch(refusal.text)
    telegram.say(chats[0], ann, "/usage")
    usage = (await telegram.answers(chats[0], 3))[-1].text
    assert ": 0 of 50" in usage
    assert len(house.model.requests) == 3


@in_house
async def test_who_asks_too_fast_hears_when_to_ask_again(house: House) -> None:
    telegram = house.telegrams["quick"]
    ann, bob = telegram.user("Ann"), telegram.user("Bob", language_code="zh-hans")
    chats = [telegram.private(ann), telegram.private(bob)]
    for person, chat in zip((ann, bob), chats, strict=True):
        for number in range(3):
            telegram.say(chat, person, f"{number}")
    for chat in chats:
        await telegram.answers(chat, 3, timeout=20)
    english, chinese = (texts(telegram, chat) for chat in chats)
    assert english[:2] == chinese[:2] == ["0 (1 turns)", "1 (3 turns)"]
    assert re.fullmatch(r"That is faster than I may answer. Please ask again in (59|60) s\.", english[2])
    assert re.fullmatch("您提问太快了，请在 (59|60) 秒后再试。", chinese[2])
    telegram.say(chats[0], ann, "/status")
    assert (await telegram.answers(chats[0], 4))[-1].text.startswith("Model")
