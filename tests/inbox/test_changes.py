"""What is corrected, recalled or merged at a bad moment: worked on, given up, answered; or on a full disk."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from gateway import commands
from gateway.errors import InboxError
from gateway.inbox import EmbeddedInbox, deadletters
from gateway.message import Message, Recalled
from gateway.store.answers import Answer
from gateway.store.database import Database
from gateway.store.store import Store
from tests.words import PRIVATE, said

from .reading import Reader, reading

WRONG = said("wrnog", "1")
RIGHT = said("right", "1~1", edit_of="1")


class Line:
    """An inbox with its reader; `overtaken` are the ids that were cut short."""

    def __init__(self, database: Database) -> None:
        self.overtaken: list[str] = []
        self.database = database
        self.inbox = EmbeddedInbox(
            database, commands.lane, overtaken=lambda message: self.overtaken.append(message.id)
        )
        self.reader: Reader

    async def put(self, *events: Message | Recalled) -> None:
        await self.inbox.put("shop", events)

    async def decide(self, message: Message) -> None:
        await Store(self.database).commit(message, Answer("an answer"))

    async def rest(self, count: int) -> list[str]:
        """The texts of the next *count*, after which there is nothing more to be worked on."""
        texts = await self.reader.work_off(count)
        async with asyncio.timeout(10):
            await self.inbox.idle()
        assert self.reader.waiting == 0
        return texts


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Line]:
    """Entered again with the same *folder*: after a crash."""
    async with Database(folder / "gateway.db") as database:
        line = Line(database)
        async with reading(line.inbox) as line.reader:
            yield line


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    async with opened(tmp_path) as line:
        yield line


async def take_no_corrections(line: Line, take: str = "CREATE TRIGGER") -> None:
    """The disk takes everything but a correction that is to be a message of its own."""
    ends = "BEFORE INSERT ON inbox WHEN NEW.message LIKE '%~%' BEGIN SELECT RAISE(ABORT, 'disk full'); END"
    await line.database.run(
        lambda connection: connection.execute(f"{take} full {ends if 'CREATE' in take else ''}")
    )


async def test_a_correction_of_what_is_worked_on_is_not_lost_where_the_disk_is_full(line: Line) -> None:
    """Regression: its text was there already, so the platform's repetition counted as nothing new."""
    await line.put(WRONG)
    claim = await line.reader.next()
    await take_no_corrections(line)
    with pytest.raises(InboxError, match="disk full"):
        await line.put(RIGHT)
    assert line.overtaken == []  # what cannot be corrected is answered
    await take_no_corrections(line, "DROP TRIGGER")
    await line.put(RIGHT)
    assert line.overtaken == ["1"]
    await claim.done()
    assert await line.rest(1) == ["right"]


async def test_a_repeated_correction_of_what_is_worked_on_comes_once(line: Line) -> None:
    await line.put(WRONG)
    claim = await line.reader.next()
    await line.put(RIGHT)
    await line.put(RIGHT)
    await claim.done()
    await line.put(RIGHT)
    assert await line.rest(1) == ["right"]


async def test_a_correction_that_is_heard_of_after_it_was_read_comes_once(tmp_path: Path) -> None:
    """Regression: the answer to the corrected question was cut short, and given anew."""
    async with Database(tmp_path / "gateway.db") as database:
        line = Line(database)
        await line.put(WRONG)
        gate = threading.Event()
        held = database.submit(lambda connection: gate.wait(5))
        putting = asyncio.create_task(line.put(RIGHT))
        await asyncio.sleep(0)
        async with reading(line.inbox) as line.reader:
            await asyncio.sleep(0)
            gate.set()
            await asyncio.gather(held, putting)
            assert await line.rest(1) == ["right"]
    assert line.overtaken == []


async def test_what_is_corrected_back_while_it_is_worked_on_ends_as_it_began(line: Line) -> None:
    await line.put(WRONG)
    claim = await line.reader.next()
    await line.put(RIGHT, replace(RIGHT, id="1~2", parts=WRONG.parts))
    await claim.done()
    assert await line.rest(2) == ["right", "wrnog"]


async def test_a_correction_of_what_waits_with_its_answer_is_answered(tmp_path: Path) -> None:
    """Regression: it took the place of the question, whose old answer was then sent, and nothing else."""
    async with opened(tmp_path) as line:
        await line.put(WRONG)
        claim = await line.reader.next()
        await line.decide(WRONG)
        await claim.retry(3600, "slow down")
        await line.put(RIGHT)
        await line.database.run(lambda connection: connection.execute("UPDATE inbox SET not_before = 1"))
    async with opened(tmp_path) as line:
        assert await line.reader.work_off(2) == ["wrnog", "right"]


async def test_a_correction_in_the_moment_of_a_crash_is_answered(tmp_path: Path) -> None:
    async with opened(tmp_path) as line:
        await line.put(WRONG)
        await line.reader.next()
        await line.decide(WRONG)
        await take_no_corrections(line)
        with pytest.raises(InboxError, match="disk full"):
            await line.put(RIGHT)
    async with opened(tmp_path) as line:
        await take_no_corrections(line, "DROP TRIGGER")
        await line.put(RIGHT)
        assert await line.reader.work_off(2) == ["wrnog", "right"]


async def test_what_is_recalled_and_given_up_is_no_dead_letter(line: Line) -> None:
    """Regression: it was one, without a text; tried again, it waited for ever."""
    await line.put(WRONG)
    claim = await line.reader.next()
    await line.put(Recalled(PRIVATE, "1"))
    await claim.dead("no")
    assert await line.database.run(deadletters.find) == []


async def test_a_dead_letter_that_is_recalled_is_none_any_more(line: Line) -> None:
    """Regression: the operator was shown it, and could have it answered."""
    await line.put(WRONG)
    await (await line.reader.next()).dead("no")
    await line.put(Recalled(PRIVATE, "1"))
    assert await line.database.run(deadletters.find) == []
    await line.put(WRONG, said("next", "2"))
    assert await line.rest(1) == ["next"]


async def test_of_a_dead_letter_the_rest_stays(line: Line) -> None:
    await line.put(said("one", "1"), said("two", "2"), said("three", "3"))
    claim = await line.reader.next()
    await claim.merge(lambda message: True)
    await claim.dead("no")
    await line.put(Recalled(PRIVATE, "2"))
    (letter,) = await line.database.run(deadletters.find)
    assert letter.message is not None
    assert letter.message.text == "one\nthree"
    assert await line.rest(0) == []


@pytest.mark.parametrize("answered", ["1", "2"])
async def test_what_has_an_answer_is_no_part_of_another(line: Line, answered: str) -> None:
    """Regression: tried again, it was made one with what was said beside it, and that was lost."""
    messages = [said("one", "1"), said("two", "2")]
    await line.put(*messages)
    claim = await line.reader.next()
    await line.decide(next(message for message in messages if message.id == answered))
    assert not await claim.merge(lambda message: True)
    await claim.done()
    assert await line.rest(1) == ["two"]


async def test_a_correction_that_is_heard_of_after_its_message_was_merged_brings_nothing_back(
    line: Line,
) -> None:
    """Regression: what had become part of another was handed out again, and answered twice."""
    await line.put(said("one", "1"), said("two", "2"))
    claim = await line.reader.next()
    gate = threading.Event()
    held = line.database.submit(lambda connection: gate.wait(5))
    async with asyncio.TaskGroup() as group:
        group.create_task(line.put(said("zwei", "2~1", edit_of="2")))
        await asyncio.sleep(0)
        group.create_task(claim.merge(lambda message: True))
        await asyncio.sleep(0)
        gate.set()
    await held
    assert claim.message.text == "one\nzwei"
    await claim.done()
    assert await line.rest(0) == []


async def test_a_correction_that_comes_as_we_stop_is_answered_after_the_next_start(tmp_path: Path) -> None:
    """Regression: the platform counted it as heard, and the question was answered as it had been."""
    async with opened(tmp_path) as line:
        await line.put(WRONG)
        claim = await line.reader.next()
        putting = asyncio.create_task(line.inbox.put("shop", [RIGHT], cursor="heard"))
        await asyncio.sleep(0)
        putting.cancel()
        await asyncio.wait({putting})
        await claim.done()
    async with opened(tmp_path) as line:
        assert await line.reader.work_off(1) == ["right"]
