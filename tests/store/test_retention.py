"""What is forgotten, and when; that it is done a little at a time, and that the file grows smaller."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path

import pytest

from gateway.inbox import deadletters, rows
from gateway.message import Chat, Moved
from gateway.scheduler import Scheduler
from gateway.session import Summary
from gateway.store import history, retention, summaries, talk
from gateway.store.answers import Answer
from gateway.store.database import Database
from gateway.store.history import EXCHANGES, Exchange
from gateway.store.store import Store
from tests.words import GROUP, PRIVATE, chat, said

KEY = PRIVATE.key
DAY = 24 * 3600.0
ANOTHER = chat("8")


def count(connection: sqlite3.Connection, table: str) -> int:
    (found,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(found)


def say(
    connection: sqlite3.Connection, number: int, session: str, age: float = 0, where: Chat = PRIVATE
) -> None:
    """An exchange of a context, some seconds old."""
    then = time.time() - age
    exchange = Exchange(session, f"q{number}", f"a{number}", then, then)
    history.add(connection, said("hello", str(number), where), exchange)


# --- messages


async def test_what_is_dealt_with_is_forgotten_and_nothing_else(database: Database) -> None:
    store, ids = Store(database), ("done", "merged", "waiting", "dead")
    messages = [(KEY, said("hello", id)) for id in ids]
    await database.run(lambda connection: rows.add(connection, "shop", messages))
    for id in ids:
        await store.commit(said("hello", id), Answer(id), Exchange(KEY, "q", "a", 1.0, time.time()))

    def settle(connection: sqlite3.Connection) -> None:
        rows.done(connection, 1)
        connection.execute("UPDATE inbox SET state = 'merged', settled = ? WHERE seq = 2", (time.time(),))
        rows.bury(connection, 4, "no")

    await database.run(settle)

    async def known() -> list[list[str]]:
        def read(connection: sqlite3.Connection) -> list[list[str]]:
            return [
                [row[0] for row in connection.execute(f"SELECT message FROM {table} ORDER BY 1")]
                for table in ("inbox", "answers")
            ]

        return await database.run(read)

    await Scheduler(database).keep_house()
    assert await known() == [["dead", "done", "merged", "waiting"]] * 2
    await Scheduler(database, keep_days=0).keep_house()
    assert await known() == [["dead", "waiting"]] * 2
    assert len((await store.open(said("?", "unknown"))).turns()) == 8


async def test_forgetting_much_is_done_a_little_at_a_time(database: Database) -> None:
    def write(connection: sqlite3.Connection) -> None:
        rows.add(connection, "shop", [(KEY, said("hello", str(number))) for number in range(2500)])
        connection.execute("UPDATE inbox SET state = 'done', settled = 1 WHERE seq % 10 != 0")

    await database.run(write)
    assert await database.run(lambda connection: retention.forget_settled(connection, 0, 2.0)) is not None
    left = await database.run(lambda connection: count(connection, "inbox"))
    assert 2250 < left < 2500
    async with Scheduler(database) as scheduler:
        await scheduler.keep_house()
    assert await database.run(lambda connection: count(connection, "inbox")) == 250


def test_one_step_costs_no_more_when_there_is_more(connection: sqlite3.Connection) -> None:
    """Neither what is kept nor what is to be forgotten makes one transaction longer."""

    def steps() -> int:
        """How many steps of its machine SQLite takes for one of ours."""
        taken = 0

        def step() -> int:
            nonlocal taken
            taken += 1
            return 0

        connection.execute("BEGIN")
        connection.set_progress_handler(step, 1)
        retention.forget_settled(connection, 0, 2.0)
        retention.forget_exchanges(connection, "", time.time(), 1.0)
        connection.set_progress_handler(None, 1)
        connection.execute("ROLLBACK")
        return taken

    def fill(count: int) -> None:
        connection.execute("BEGIN")
        for number in range(count):
            id = time.monotonic_ns()
            rows.insert(connection, "shop", KEY, said("hello", str(id)))
            say(connection, id, f"{KEY}:{number % 4}", age=DAY)
        connection.execute("UPDATE inbox SET state = 'done', settled = 1 WHERE seq % 2 = 0")
        connection.execute("COMMIT")

    fill(1200)
    before = steps()
    fill(5000)
    assert steps() <= before * 1.1


async def test_who_stops_does_not_wait_until_everything_is_forgotten(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def write(connection: sqlite3.Connection) -> None:
        rows.add(connection, "shop", [(KEY, said("hello", str(number))) for number in range(2500)])
        connection.execute("UPDATE inbox SET state = 'done', settled = 1")

    await database.run(write)
    async with Scheduler(database, seconds=0.01):
        async with asyncio.timeout(10):
            while await database.run(lambda connection: count(connection, "inbox")) == 2500:  # noqa: ASYNC110 - another thread
                await asyncio.sleep(0.01)
    assert await database.run(lambda connection: count(connection, "inbox")) > 0
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_keeping_house_survives_a_database_that_does_not_work(database: Database) -> None:
    await database.run(lambda connection: connection.execute("DROP TABLE answers"))
    await Scheduler(database).keep_house()


# --- what was said


async def test_what_no_context_and_no_export_is_given_is_forgotten_after_a_while(database: Database) -> None:
    def write(connection: sqlite3.Connection) -> None:
        for number in range(EXCHANGES + 30):
            say(connection, number, KEY, age=8 * DAY)
            say(connection, number, ANOTHER.key, age=6 * DAY, where=ANOTHER)

    await database.run(write)
    before = await database.run(lambda connection: history.transcript(connection, KEY))
    await Scheduler(database).keep_house()
    assert await database.run(lambda connection: history.transcript(connection, KEY)) == before
    assert await database.run(lambda connection: count(connection, "exchanges")) == EXCHANGES * 2 + 30
    assert await database.run(lambda connection: history.find(connection, ANOTHER.key, "0")) is not None


async def test_what_a_silent_member_of_a_loud_group_said_is_kept_and_the_newest_of_the_group(
    database: Database,
) -> None:
    silent, loud = f"{GROUP.key}:silent", f"{GROUP.key}:loud"

    def write(connection: sqlite3.Connection) -> None:
        say(connection, 0, silent, age=8 * DAY, where=GROUP)
        for number in range(1, EXCHANGES + 30):
            say(connection, number, loud, age=8 * DAY, where=GROUP)

    await database.run(write)
    await Scheduler(database).keep_house()

    def left(connection: sqlite3.Connection) -> list[int]:
        return [len(history.load_exchanges(connection, session)) for session in (silent, loud)]

    assert await database.run(left) == [1, EXCHANGES]
    assert await database.run(lambda connection: count(connection, "exchanges")) == EXCHANGES + 1


async def test_what_was_said_more_than_a_year_ago_is_forgotten(database: Database) -> None:
    def write(connection: sqlite3.Connection) -> None:
        for session in (KEY, ANOTHER.key):
            say(connection, 1, session, age=366 * DAY)
        say(connection, 2, KEY, age=364 * DAY)
        for session in (KEY, ANOTHER.key):
            history.clear(connection, session, KEY)
            say(connection, 3, session, age=366 * DAY)
            (newest,) = connection.execute("SELECT max(id) FROM exchanges").fetchone()
            summaries.save(connection, KEY, session, Summary("they said hello", newest, 1.0))
        for id, age in (("old", 366), ("new", 364)):
            message = said("overheard", id, GROUP)
            talk.add(connection, message, 50)
            connection.execute(
                "UPDATE talk SET time = ? WHERE message = ?", (time.time() - age * DAY, message.id)
            )

    await database.run(write)
    await Scheduler(database).keep_house()

    def left(connection: sqlite3.Connection) -> list[list[str]]:
        found = [
            connection.execute(f"SELECT {column} FROM {table} ORDER BY 1").fetchall()
            for table, column in (
                ("exchanges", "question"),
                ("sessions", "session"),
                ("summaries", "session"),
                ("talk", "message"),
            )
        ]
        return [[row[0] for row in rows] for rows in found]

    assert await database.run(left) == [["q2", "q3"], [KEY], [KEY], ["new"]]


@pytest.mark.parametrize("dead", [True, False])
async def test_what_a_chat_was_called_is_known_as_long_as_it_is_called_so(
    database: Database, dead: bool
) -> None:
    """Regression: /forget did not reach what was given up in a group before it became a supergroup."""
    now = GROUP.moved("-100").key

    def write(connection: sqlite3.Connection) -> None:
        rows.add(connection, "shop", [(GROUP.key, said("secret", "1", GROUP))])
        (rows.bury(connection, 1, "no") if dead else rows.done(connection, 1))
        rows.move(connection, Moved(GROUP, "-100"))
        long_ago = time.time() - 8 * DAY
        connection.execute("UPDATE inbox SET settled = ?", (long_ago,))
        connection.execute("UPDATE moves SET time = ?", (long_ago,))

    await database.run(write)
    await Scheduler(database).keep_house()
    assert await database.run(lambda connection: count(connection, "moves")) == dead
    await database.run(lambda connection: history.forget_chat(connection, now))
    assert await database.run(deadletters.find) == []


# --- the file


async def test_a_database_that_was_large_is_small_again(database: Database) -> None:
    def write(connection: sqlite3.Connection) -> None:
        rows.add(connection, "shop", [(KEY, said("long " * 500, str(number))) for number in range(4000)])
        connection.execute("UPDATE inbox SET state = 'done', settled = 1")

    def pages(connection: sqlite3.Connection) -> int:
        (found,) = connection.execute("PRAGMA page_count").fetchone()
        return int(found)

    await database.run(write)
    large = await database.run(pages)
    await Scheduler(database).keep_house()
    assert large > 2500
    assert await database.run(pages) < large / 4


async def test_free_pages_of_an_older_database_are_left_as_they_are(path: Path) -> None:
    older = sqlite3.connect(path)
    older.execute("PRAGMA auto_vacuum = NONE")
    older.execute("PRAGMA journal_mode = WAL")
    older.close()
    async with Database(path) as database:

        def write(connection: sqlite3.Connection) -> None:
            rows.add(connection, "shop", [(KEY, said("long " * 500, str(number))) for number in range(2000)])
            connection.execute("UPDATE inbox SET state = 'done', settled = 1")

        await database.run(write)
        await Scheduler(database).keep_house()
        assert await database.run(lambda connection: count(connection, "inbox")) == 0
        assert not await database.run(retention.give_back)
