"""The gateway under load for weeks of its own time: neither it nor its database grows."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.adapters.host import until
from tests.flows.process import GatewayProcess
from tests.servers.model import Body, Fault, ModelServer, Refusal
from tests.servers.telegram import Room, SentMessage, TelegramServer

END = "And that is all."
# So few that each has said as much after the first ten thousand messages as a context can hold.
PEOPLE = 40


class HastenedProcess(GatewayProcess):
    """A gateway whose time flies."""

    module = "tests.flows.hastened"


@dataclass(frozen=True, slots=True)
class Figures:
    """What a process has of the machine after so many *messages*; sizes in bytes.

    `files` are without the `connections`, which are kept open a while to be used again.
    """

    messages: int
    memory: int
    tasks: int
    files: int
    connections: int
    threads: int
    database: int
    rows: int
    exchanges: int

    def __str__(self) -> str:
        return (
            f"{self.messages:7,} messages: {self.memory / 1e6:6.1f} MB of memory, {self.tasks} tasks, "
            f"{self.files} files, {self.connections} connections, {self.threads} threads; "
            f"database {self.database / 1e6:6.1f} MB, {self.rows:,} messages and {self.exchanges:,} exchanges"
        )


class Town:
    """People who ask and ask again, each when the last answer is there; most of what people do is done."""

    def __init__(self, telegram: TelegramServer, people: int) -> None:
        self._telegram = telegram
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._people = [telegram.user(f"P{number}") for number in range(people)]
        telegram.world.heard = self._hear

    async def talk(self, messages: int) -> None:
        """Ask so many things in all."""
        asked = iter(range(messages))
        await asyncio.gather(*(self._ask_all(person, asked) for person in self._people))
        self._forget()

    async def _ask_all(self, person: dict[str, Any], asked: Iterator[int]) -> None:
        chat = self._telegram.private(person)
        for _ in asked:
            text = question(next(self._numbers))
            answered = self._waiting[chat["id"]] = asyncio.get_running_loop().create_future()
            message = self._telegram.say(chat, person, text)
            async with asyncio.timeout(60):
                await answered
            if text.startswith("corrected"):
                answered = self._waiting[chat["id"]] = asyncio.get_running_loop().create_future()
                self._telegram.edit(chat, message, text.upper())
                async with asyncio.timeout(60):
                    await answered

    def _hear(self, room: Room, message: SentMessage) -> None:
        whole = message.text.endswith(END) or not message.text.startswith("answer")
        if whole and (answered := self._waiting.pop(room.chat["id"], None)) is not None:
            answered.set_result(None)

    def _forget(self) -> None:
        """What happened long ago would fill our own memory."""
        self._telegram.calls.clear()
        for room in self._telegram.world.rooms.values():
            room.messages.clear()
            room.sent.clear()


def question(number: int) -> str:
    """What is asked: now and then a long answer, an error, a correction, a command."""
    kinds = {7: "long", 50: "refused", 60: "corrected", 70: "/help", 90: "/usage"}
    kind = next((kind for every, kind in kinds.items() if number % every == 0), "question")
    return kind if kind.startswith("/") else f"{kind} {number}"


def answer(body: Body) -> str:
    text = body["messages"][-1]["content"]
    return f"answer to {text}: {'many words. ' * (500 if text.startswith('long') else 20)}{END}"


def fault(body: Body) -> Fault | Refusal | None:
    asked = body["messages"][-1]["content"]
    return Refusal(400, "Invalid prompt.") if asked.startswith("refused") else None


async def look(process: GatewayProcess, messages: int) -> Figures:
    """The figures after the next time that house is kept."""
    kept = len(process.lines("house is kept"))
    await until(lambda: len(process.lines("house is kept")) > kept + 1, within=60)
    tasks = int(process.lines("house is kept")[-1]["text"].rpartition(" ")[2])
    known = psutil.Process(process.pid)
    files = (process.folder / "data").glob("gateway.db*")
    connections = len(known.net_connections())
    return Figures(
        messages=messages,
        memory=known.memory_info().rss,
        tasks=tasks,
        files=known.num_fds() - connections,
        connections=connections,
        threads=known.num_threads(),
        database=sum(file.stat().st_size for file in files),
        rows=count(process, "inbox"),
        exchanges=count(process, "exchanges"),
    )


def count(process: GatewayProcess, table: str) -> int:
    """How many rows are in a table of the gateway's."""
    with closing(sqlite3.connect(process.folder / "data" / "gateway.db")) as connection:
        (found,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(found)


def hastened(
    folder: Path, telegram: TelegramServer, model: ModelServer, haste: float, keep_house: float
) -> HastenedProcess:
    model.answer, model.fault, model.keep_requests = answer, fault, False
    channel = {"token": telegram.token, "api_root": telegram.root, "pacing": None}
    talk = {"base_url": model.base_url, "model": "test", "session_timeout": 10**9}
    environ = {
        "PYTHONPATH": str(Path(__file__).parent.parent.parent),
        "HASTE": str(haste),
        "KEEP_HOUSE": str(keep_house),
    }
    return HastenedProcess(folder, {**talk, "channels": {"telegram": channel}}, environ)


async def test_what_was_done_is_forgotten_while_it_works_and_nothing_piles_up(
    tmp_path: Path, telegram: TelegramServer, model: ModelServer
) -> None:
    """A few minutes' load, in days of the gateway's own time."""
    town = Town(telegram, people=8)
    async with hastened(tmp_path, telegram, model, haste=14 * 86400.0, keep_house=0.2) as process:
        await town.talk(150)
        before = await look(process, 150)
        await town.talk(450)
        after = await look(process, 600)
        # Half a second is a week.
        await until(lambda: count(process, "inbox") == count(process, "answers") == 0, within=20)
        assert await process.terminate() == 0
    assert after.tasks <= before.tasks + 2
    assert after.files <= before.files + 2
    assert after.threads <= before.threads + 2
    complaints = [line for line in process.lines("") if line["level"] in ("error", "critical")]
    assert {line["logger"] for line in complaints} == {"gateway.asking"}  # what was refused on purpose


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_a_hundred_thousand_messages_in_weeks(
    tmp_path: Path, telegram: TelegramServer, model: ModelServer
) -> None:
    """Of the gateway's own time: four hours pass in a second, so that what is a week old is forgotten."""
    town, figures = Town(telegram, PEOPLE), []
    async with hastened(tmp_path, telegram, model, haste=14400.0, keep_house=3.0) as process:
        for _ in range(10):
            await town.talk(10_000)
            figures.append(await look(process, 10_000 * (len(figures) + 1)))
            print(figures[-1], flush=True)  # noqa: T201 - the figures are what this run is for
        assert await process.terminate() == 0
    first, last = figures[0], figures[-1]
    assert last.memory <= 1.1 * first.memory
    assert last.tasks <= first.tasks + 2
    assert last.files <= first.files + 2
    assert last.connections <= 2 * PEOPLE + 10
    assert last.threads <= first.threads + 2
    # A week's messages are as many as this machine can answer meanwhile.
    assert last.rows < 50_000
    assert last.database <= 1.5 * max(figure.database for figure in figures[:5])
