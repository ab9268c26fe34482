"""Summaries are kept with their context, and go with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.session import Summary, Turn
from gateway.store import history, summaries
from gateway.store.answers import Answer
from gateway.store.archive import Archive
from gateway.store.database import Database
from gateway.store.history import Exchange
from gateway.store.store import Store
from gateway.store.summaries import Summaries
from tests.words import PRIVATE, chat, said

KEY = PRIVATE.key
MEMBER = f"{KEY}:ann"


class Scene:
    """A store with its summaries."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.store = Store(database)
        self.summaries = Summaries(database)

    async def talk(self, count: int, session: str = KEY) -> None:
        for number in range(count):
            exchange = Exchange(session, f"q{number}", f"a{number}", float(number), number + 0.5)
            await self.store.commit(said("hello", f"{session} {number}"), Answer("hello"), exchange)

    async def save(self, number: int, text: str = "tea", session: str = KEY) -> bool:
        """Keep a summary up to the *number*th exchange, from 0, that the database has."""
        return await self.summaries.save(KEY, session, Summary(text, number + 1, number + 0.5))

    async def seen(self, session: str = KEY) -> tuple[str | None, list[str]]:
        backlog = await self.summaries.load(KEY, session)
        summary = backlog.summary.text if backlog.summary else None
        return summary, [turn.text for turn in backlog.session(0).turns if turn.role == "user"]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with Database(tmp_path / "gateway.db") as database:
        yield Scene(database)


async def test_a_summary_stands_for_the_exchanges_before_the_others(scene: Scene) -> None:
    await scene.talk(4)
    assert await scene.seen() == (None, ["q0", "q1", "q2", "q3"])
    assert await scene.save(1)
    assert await scene.seen() == ("tea", ["q2", "q3"])
    backlog = await scene.summaries.load(KEY, KEY)
    assert backlog.summary == Summary("tea", 2, 1.5)
    assert [kept.id for kept in backlog.exchanges] == [3, 4]
    assert backlog.exchanges[0].answer == Turn("assistant", "a2", 2.5)
    turns = await scene.database.run(lambda connection: history.load(connection, KEY, after=2))
    assert turns == list(backlog.session(0).turns)


async def test_a_summary_tells_of_more_than_the_one_before_it_or_is_not_kept(scene: Scene) -> None:
    await scene.talk(4)
    assert await scene.save(2, "more")
    assert not await scene.save(2, "as much")
    assert not await scene.save(0, "less")
    assert await scene.seen() == ("more", ["q3"])
    assert await scene.save(3, "all")
    assert await scene.seen() == ("all", [])


async def test_each_context_has_its_own(scene: Scene) -> None:
    await scene.talk(2)
    await scene.talk(2, MEMBER)
    assert await scene.save(3, session=MEMBER)
    assert not await scene.save(3)  # that exchange is another context's
    assert await scene.seen() == (None, ["q0", "q1"])
    assert await scene.seen(MEMBER) == ("tea", [])


async def test_a_summary_goes_with_its_context(scene: Scene) -> None:
    await scene.talk(2)
    await scene.talk(2, MEMBER)
    assert await scene.save(0)
    assert await scene.save(2, session=MEMBER)
    await Archive(scene.database).clear(KEY, KEY)
    assert await scene.seen() == (None, [])
    assert await scene.seen(MEMBER) == ("tea", ["q1"])


async def test_a_summary_that_was_being_made_while_the_context_was_cleared_comes_too_late(
    scene: Scene,
) -> None:
    await scene.talk(2)
    await Archive(scene.database).clear(KEY, KEY)
    assert not await scene.save(1)
    await scene.talk(1)
    assert not await scene.save(1)
    assert await scene.seen() == (None, ["q0"])
    assert await scene.save(2)


async def test_a_summary_of_what_was_forgotten_meanwhile_comes_too_late(scene: Scene) -> None:
    await scene.talk(1)
    await scene.database.run(lambda connection: connection.execute("DELETE FROM exchanges"))
    assert not await scene.save(0)


async def test_the_summaries_of_a_chat_can_be_forgotten(scene: Scene) -> None:
    await scene.talk(1)
    await scene.talk(1, MEMBER)
    assert await scene.save(0)
    assert await scene.save(1, session=MEMBER)
    await scene.database.run(lambda connection: summaries.forget(connection, KEY))
    assert (await scene.seen(), await scene.seen(MEMBER)) == ((None, ["q0"]), (None, ["q0"]))


async def test_a_summary_moves_with_its_chat(scene: Scene) -> None:
    await scene.talk(3, MEMBER)
    assert await scene.save(0, session=MEMBER)
    there = chat("8").key
    await scene.database.run(lambda connection: history.move_chat(connection, KEY, there))
    # by its new name, and for what still knows the old one
    assert (await scene.summaries.load(there, f"{there}:ann")).summary == Summary("tea", 1, 0.5)
    assert await scene.seen(MEMBER) == ("tea", ["q1", "q2"])
    assert await scene.save(1, "later", MEMBER)
    assert (await scene.summaries.load(there, f"{there}:ann")).summary == Summary("later", 2, 1.5)
