"""Many people, answers of every length at every moment: each is seen once and in order."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from pathlib import Path

import pytest

from adapters.wechat_official.wording import Words
from gateway import Message, Reply
from tests.servers.wechat_official import FAILURE, Person, WeChatServer

from .contract import Stage
from .host import FakeHost
from .wechat_official_platform import server, wechat

PEOPLE, QUESTIONS = 30, 2
# Seconds that an answer takes: within one of WeChat's requests, at its end, between two, after all of them.
DELAYS = (0, 0.1, 0.34, 0.36, 0.5, 0.7, 1.0, 1.2, 1.36, 1.6, 2.2)
OURS = [text for words in Words for text in words.value]
MORE = Words.MORE.value


class Gateway:
    """Answers each person's questions one after the other, as the real one does. `said`: what, by person."""

    def __init__(self, stage: Stage, rng: random.Random) -> None:
        self.said: defaultdict[str, list[str]] = defaultdict(list)
        self._stage = stage
        self._rng = rng
        self._lanes: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def run(self, tasks: asyncio.TaskGroup) -> None:
        """Answer until everything is answered."""
        for number in range(PEOPLE * QUESTIONS):
            tasks.create_task(self._answer((await self._stage.inbox.get(number + 1))[number]))

    async def _answer(self, message: Message) -> None:
        async with self._lanes[message.chat.id]:
            if self._rng.random() < 0.5:
                await self._stage.adapter.typing(message.chat)
            await asyncio.sleep(self._rng.choice(DELAYS))
            pieces = [f"{message.text}.{number}" for number in range(self._rng.randint(1, 3))]
            for piece in pieces:
                self.said[message.chat.id].append(piece)
                more = piece is not pieces[-1]
                await self._stage.adapter.send(message.chat, Reply(piece, question=message.id, more=more))


def read(person: Person) -> list[str]:
    """What *person* has read of answers."""
    texts = [shown.text for shown in person.shown if shown.text not in OURS]
    return [text.removesuffix(MORE[0]).removesuffix(MORE[1]) for text in texts]


async def talk(world: WeChatServer, person: Person, rng: random.Random) -> None:
    """Ask, and wait for what becomes of it."""
    for number in range(QUESTIONS):
        push = await world.say(person, f"question {person.name}.{number}")
        await asyncio.sleep(rng.choice((0, 0.2, 1.0)))
        await world.settled(push)
        await fetch_all(world, person)


async def fetch_all(world: WeChatServer, person: Person) -> None:
    """Fetch as long as *person* is told to."""
    while person.shown and person.shown[-1].text.endswith(tuple(OURS)):
        await world.settled(await world.say(person, "1"))


@pytest.mark.parametrize("verified", [True, False])
async def test_everybody_reads_everything_once_and_in_order(tmp_path: Path, verified: bool) -> None:
    rng = random.Random(5)
    world = server(verified=verified, seconds=0.5, mode="secure")
    async with wechat(FakeHost(tmp_path), world=world, patience=0.35) as (_, stage):
        people = [world.person(str(number)) for number in range(PEOPLE)]
        gateway = Gateway(stage, rng)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(gateway.run(tasks))
            for person in people:
                tasks.create_task(talk(world, person, rng))
        for person in people:
            await fetch_all(world, person)
        assert {person.name: read(person) for person in people} == {
            person.name: gateway.said[person.id] for person in people
        }
        assert len(stage.inbox.messages) == PEOPLE * QUESTIONS
        assert not any(FAILURE in world.texts(person) for person in people)
        assert world.complaints == []
