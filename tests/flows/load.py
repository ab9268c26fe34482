"""People who ask and ask again, on any platform, while the gateway is killed; and what they got."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from tests.flows.process import GatewayProcess
from tests.servers.model import Body, ModelServer

QUESTIONS_AT_ONCE = 3


class Crowd(Protocol):
    """People on a simulated platform, by their numbers, each in a chat of their own with the bot."""

    people: int

    def say(self, number: int, text: str) -> None:
        """One of them writes *text*."""

    def heard(self, number: int) -> list[str]:
        """What one of them was answered, in order."""

    def visits(self) -> int:
        """How often the gateway came to fetch messages."""

    async def until(self, condition: Callable[[], bool], seconds: float) -> None:
        """Wait until *condition* is true, looking whenever something happens on the platform."""


class Load:
    """A crowd in which everybody asks again when they were answered: what was lost, what came twice."""

    def __init__(self, crowd: Crowd) -> None:
        self.crowd = crowd
        self.asked: Counter[int] = Counter()

    def ask(self) -> None:
        """Everybody who waits for fewer than three answers asks one thing more."""
        for number in range(self.crowd.people):
            if self.asked[number] - len(set(self.crowd.heard(number))) < QUESTIONS_AT_ONCE:
                self.say(number)

    def say(self, number: int) -> None:
        """One person asks one thing more."""
        self.crowd.say(number, f"question {number}.{self.asked[number]}")
        self.asked[number] += 1

    def all_answered(self) -> bool:
        """True where nobody waits."""
        return all(len(set(self.crowd.heard(number))) >= asked for number, asked in self.asked.items())

    def lost(self) -> list[str]:
        """The answers that never came."""
        return [
            wanted
            for number in self.asked
            for wanted in self._expected(number)
            if wanted not in self.crowd.heard(number)
        ]

    def disordered(self) -> list[int]:
        """The people who were answered, but not in the order in which they asked."""
        return [
            number
            for number in self.asked
            if list(dict.fromkeys(self.crowd.heard(number))) != self._expected(number)
        ]

    def repeated(self) -> int:
        """How many pieces came more than once."""
        return sum(
            len(self.crowd.heard(number)) - len(set(self.crowd.heard(number))) for number in self.asked
        )

    def _expected(self, number: int) -> list[str]:
        return [f"answer {number}.{turn}" for turn in range(self.asked[number])]


def answer(body: Body) -> str:
    """A model whose answers say which question they answer."""
    return str(body["messages"][-1]["content"]).replace("question", "answer")


async def kill_again_and_again(
    crowd: Crowd, model: ModelServer, process: GatewayProcess, kills: int, seed: int
) -> Load:
    """Kill the gateway *kills* times at random moments under load; the load, when all is answered."""
    chance = random.Random(seed)
    model.keep_requests = False
    model.latency = lambda body: chance.uniform(0.2, 1.0)
    model.answer = answer
    load = Load(crowd)
    async with process:
        for _ in range(kills):
            load.ask()
            visits = crowd.visits()
            await crowd.until(lambda visits=visits: crowd.visits() > visits, 20)
            await asyncio.sleep(chance.uniform(0.0, 1.5))  # the random moment is what is tested
            load.ask()
            await process.kill()
            await process.start()
        await crowd.until(load.all_answered, 60)
        assert await process.terminate() == 0
    assert load.lost() == []
    return load
