"""Everything at once: said, repeated, corrected, recalled, merged, given up and tried again, in any order."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gateway import commands
from gateway.inbox import Claim, EmbeddedInbox, deadletters
from gateway.message import Message, Recalled
from gateway.store.database import Database, connect
from tests.words import chat, said

STEPS = 60


class Storm:
    """An inbox on which many act beside each other; `wrong` is what must never be."""

    def __init__(self, path: Path, database: Database, seed: int) -> None:
        self._random = random.Random(seed)
        window, per_lane = self._random.choice([(4, 1), (8, 2), (2000, 16)])
        self.inbox = EmbeddedInbox(database, commands.lane, window, per_lane)
        self._path = path
        self._chats = [chat(id) for id in "abc"[: self._random.choice([1, 3])]]
        self._said: list[Message] = []
        self._recalled: set[str] = set()
        self._count = 0
        self._open: set[str] = set()
        self.over = False
        self.wrong: list[str] = []

    async def read(self, group: asyncio.TaskGroup) -> None:
        """Take every claim as it comes."""
        with closing(connect(self._path)) as connection:
            async for claim in self.inbox.claims():
                self._look(connection, claim.message)
                self._open.add(claim.message.chat.key)
                group.create_task(self._work(claim, claim.message.chat.key))

    def _look(self, connection: sqlite3.Connection, message: Message) -> None:
        if message.chat.key in self._open:
            self.wrong.append(f"two of {message.chat.key} at once")
        (state,) = connection.execute(
            "SELECT state FROM inbox WHERE chat = ? AND message = ?", (message.chat.key, message.id)
        ).fetchone()
        recalled = {message.root, message.id.partition("~")[0], *(id for id, _ in message.joins)}
        if state != "waiting" and not recalled & self._recalled:
            self.wrong.append(f"{message.id} was handed out, and is {state}")

    async def _work(self, claim: Claim, lane: str) -> None:
        outcome = "done" if self.over else self._random.choice(["done", "done", "merge", "dead", "retry"])
        if outcome == "merge":
            await claim.merge(lambda message: message.edit_of is None)
        self._open.discard(lane)
        if outcome == "dead":
            await claim.dead("no")
        elif outcome == "retry":
            await claim.retry(self._random.choice([0.0, 0.005]), "not now", wakes=self._random.random() < 0.3)
        else:
            await claim.done()

    async def act(self) -> None:
        """One thing that somebody does."""
        act = self._random.choice(
            [self._say, self._say, self._repeat, self._correct, self._recall, self._revive]
        )
        await act()

    async def _say(self) -> None:
        where = self._random.choice(self._chats)
        messages = [said("hello", self._next(), where) for _ in range(self._random.randint(1, 4))]
        self._said += messages
        await self.inbox.put("shop", messages)

    async def _repeat(self) -> None:
        await self.inbox.put("shop", self._said[-2:])

    async def _correct(self) -> None:
        for message in self._random.sample(self._said[-4:], min(1, len(self._said))):
            number = self._next()
            parts = said(f"corrected {number}").parts
            edit = replace(message, id=f"{message.id}~{number}", parts=parts, edit_of=message.id)
            await self.inbox.put("shop", [edit])

    async def _recall(self) -> None:
        for message in self._random.sample(self._said[-4:], min(1, len(self._said))):
            self._recalled.add(message.id)
            await self.inbox.put("shop", [Recalled(message.chat, message.id)])

    async def _revive(self) -> None:
        await asyncio.to_thread(self._elsewhere)

    def _elsewhere(self) -> None:
        """As ``gateway dead retry all`` does it, in a process of its own."""
        with closing(connect(self._path)) as connection:
            deadletters.retry(connection)

    def _next(self) -> str:
        self._count += 1
        return str(self._count)

    async def calm(self) -> None:
        """Nobody says anything more, and everything is dealt with."""
        self.over = True
        with closing(connect(self._path)) as connection:
            async with asyncio.timeout(20):
                while _waiting(connection):
                    await self.inbox.put("shop", [said("calm", f"calm {self._next()}", chat("calm"))])
                    await self.inbox.idle()
                # What was written down as settled a moment ago is still held.
                await self.inbox.idle()
        if self.inbox.held or self.inbox.lanes:
            self.wrong.append(f"{self.inbox.held} rows and {self.inbox.lanes} lanes are left")


def _waiting(connection: sqlite3.Connection) -> bool:
    """True where something is to be worked on; what is parked is due."""
    connection.execute("UPDATE inbox SET not_before = 1 WHERE state = 'waiting' AND not_before > 0")
    return connection.execute("SELECT 1 FROM inbox WHERE state = 'waiting'").fetchone() is not None


@pytest.mark.parametrize("seed", range(20))
async def test_nothing_is_handed_out_that_is_dealt_with_and_nothing_waits_for_ever(
    tmp_path: Path, seed: int
) -> None:
    """Regression: what was corrected as it was merged was handed out; what was recalled waited for ever."""
    path = tmp_path / "gateway.db"
    async with Database(path) as database:
        storm = Storm(path, database, seed)
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(storm.read(group))
            for _ in range(STEPS // 3):
                await asyncio.gather(*(storm.act() for _ in range(3)))
            await storm.calm()
            reading.cancel()
    assert storm.wrong == []
