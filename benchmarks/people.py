"""People who talk to the bot, each in a private chat, and who know when they are answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.world import END
from tests.servers.telegram import Room, SentMessage, TelegramServer
from tests.servers.telegram.entities import Json

LONGEST = 240.0
"""Seconds that people wait for what they asked; nobody is forgotten silently."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, and the chat with the bot."""

    user: Json
    chat: Json


class People:
    """Everybody on one Telegram. Nobody looks for answers: each message of the bot's wakes whom it is for."""

    def __init__(self, telegram: TelegramServer) -> None:
        self._telegram = telegram
        self._asked: dict[int, asyncio.Future[None]] = {}
        telegram.world.heard = self._hear

    def come(self, count: int, first: int | None = None) -> list[Person]:
        """So many new people; with ids from *first* on, where that is given."""
        users = [
            self._telegram.user(f"P{number}", id=None if first is None else first + number)
            for number in range(count)
        ]
        return [Person(user, self._telegram.private(user)) for user in users]

    async def ask(self, person: Person, question: str) -> float:
        """Ask one thing; seconds until the whole answer was there."""
        answered = self._asked[person.chat["id"]] = asyncio.get_running_loop().create_future()
        asked = time.perf_counter()
        self._telegram.say(person.chat, person.user, question)
        await answered
        return time.perf_counter() - asked

    async def converse(self, people: Iterable[Person], turns: int) -> None:
        """Everybody asks *turns* questions, the next when the last is answered."""

        async def talk(person: Person) -> None:
            for turn in range(turns):
                await self.ask(person, f"question {turn}")

        async with asyncio.timeout(LONGEST):
            await asyncio.gather(*map(talk, people))

    async def take_turns(self, people: Iterable[Person], question: str, at_once: int) -> None:
        """Everybody asks *question*, while only *at_once* of them wait for an answer."""
        queue = iter(people)

        async def serve() -> None:
            for person in queue:
                await self.ask(person, question)

        async with asyncio.timeout(LONGEST):
            await asyncio.gather(*(serve() for _ in range(at_once)))

    async def ask_together(self, people: Iterable[Person]) -> list[float]:
        """All ask at the same moment; seconds until each was answered, `inf` where nobody did."""
        asked = [asyncio.create_task(self.ask(person, "question")) for person in people]
        await asyncio.wait(asked, timeout=LONGEST / 4)
        seconds = [task.result() if task.done() else float("inf") for task in asked]
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        return seconds

    def _hear(self, room: Room, message: SentMessage) -> None:
        if message.text.endswith(END):
            answered = self._asked.pop(room.chat["id"], None)
            if answered is not None and not answered.done():
                answered.set_result(None)
