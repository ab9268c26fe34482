"""Quotas: every message counted once and none for nothing, whatever happens in between."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.calendar import midnight_after
from gateway.limits import Limits
from gateway.message import Message
from gateway.store import answers, quota
from gateway.store.answers import Answer
from gateway.store.archive import Archive
from gateway.store.database import Database, connect
from gateway.store.migrations import migrate
from gateway.store.quota import Counted
from gateway.store.retention import forget_small
from gateway.store.store import Store
from gateway.store.usage import Spent
from tests.noon import NOON
from tests.words import ANN, BOB, GROUP, PRIVATE, said

TODAY, TOMORROW = "2026-07-03", "2026-07-04"
ROOT = Path(__file__).parents[2]
PEOPLE = (ANN, BOB)
CHATS = (PRIVATE, GROUP)


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(path)) as connection:
        migrate(connection)
        yield connection


def admitted(
    connection: sqlite3.Connection, message: Message, day: str = TODAY, messages: int = 0, tokens: int = 0
) -> bool:
    limits = Limits(messages_per_day=messages, tokens_per_day=tokens)
    return quota.admit(connection, message, day, limits)


def test_a_day_has_as_many_messages_as_it_may(connection: sqlite3.Connection) -> None:
    said_so = [admitted(connection, said("?", str(number)), messages=3) for number in range(5)]
    assert said_so == [True, True, True, False, False]
    assert quota.load(connection, "shop:ann", TODAY) == Counted(3, 0)
    assert admitted(connection, said("?", "5"), TOMORROW, messages=3)


def test_a_person_has_one_quota_in_all_chats_and_others_have_theirs(connection: sqlite3.Connection) -> None:
    assert admitted(connection, said("?", "1"), messages=1)
    assert not admitted(connection, said("?", "1", GROUP), messages=1)
    assert admitted(connection, said("?", "2", GROUP, BOB), messages=1)


def test_a_message_admitted_before_a_crash_is_admitted_again_and_counts_once(
    connection: sqlite3.Connection,
) -> None:
    for day in (TODAY, TODAY, TOMORROW):
        assert admitted(connection, said("?"), day, messages=1)
    assert quota.load(connection, "shop:ann", TODAY) == Counted(1, 0)
    assert quota.load(connection, "shop:ann", TOMORROW) == Counted(0, 0)


def test_a_message_counts_once_though_part_of_its_answer_was_shown(connection: sqlite3.Connection) -> None:
    message = said("?")
    answers.save_receipt(connection, message, "77")
    assert admitted(connection, message, messages=1)
    answers.save_receipt(connection, message, "77")
    assert admitted(connection, message, messages=1)
    assert answers.load(connection, message) == (None, ("77",))
    assert quota.load(connection, "shop:ann", TODAY) == Counted(1, 0)


def test_tokens_are_known_afterwards_and_refuse_the_next_message(connection: sqlite3.Connection) -> None:
    first = said("?", "1")
    assert admitted(connection, first, tokens=100)
    quota.spend(connection, first, 250)
    assert not admitted(connection, said("?", "2"), tokens=100)
    assert admitted(connection, first, tokens=100)
    assert admitted(connection, said("?", "2"), TOMORROW, tokens=100)


def test_an_answer_after_midnight_is_paid_from_the_day_of_its_question(
    connection: sqlite3.Connection,
) -> None:
    late = said("?", "1")
    assert admitted(connection, late, TODAY, tokens=100)
    assert admitted(connection, said("?", "2"), TOMORROW, tokens=100)
    quota.spend(connection, late, 70)
    assert quota.load(connection, "shop:ann", TODAY) == Counted(1, 70)
    assert quota.load(connection, "shop:ann", TOMORROW) == Counted(1, 0)


def test_what_nobody_counted_costs_nobody(connection: sqlite3.Connection) -> None:
    quota.spend(connection, said("?"), 70)
    assert connection.execute("SELECT count(*) FROM quota").fetchone()[0] == 0


ASKED = st.tuples(st.just("ask"), st.integers(0, 9))
ANSWERED = st.tuples(st.just("answer"), st.integers(0, 9))
ELSE = st.sampled_from([("crash", 0), ("crash inside", 0), ("midnight", 0)])


@settings(max_examples=60)
@given(st.lists(ASKED | ASKED | ANSWERED | ELSE, max_size=40), st.integers(0, 3), st.sampled_from([0, 25]))
def test_counts_are_exact_over_repeats_and_crashes(
    steps: list[tuple[str, int]], messages: int, tokens: int
) -> None:
    limits = Limits(messages_per_day=messages, tokens_per_day=tokens)
    day = 3
    admitted: dict[int, tuple[str, int]] = {}
    answered: set[int] = set()
    counts: defaultdict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "gateway.db"
        connection = connect(path)
        migrate(connection)
        for step, number in steps:
            person = PEOPLE[number % 2]
            message = said("?", str(number), CHATS[number % 3 % 2], person)
            if step == "ask" and number not in answered:
                key = (f"shop:{person.id}", day)
                used = counts[key]
                free = (messages == 0 or used[0] < messages) and (tokens == 0 or used[1] < tokens)
                expected = number in admitted or free or not limits.daily
                if limits.daily:
                    assert quota.admit(connection, message, str(day), limits) == expected
                    if number not in admitted and expected:
                        admitted[number] = key
                        used[0] += 1
            elif step == "answer" and number in admitted and number not in answered:
                answers.save(connection, message, Answer("!"))
                quota.spend(connection, message, 10)
                answered.add(number)
                counts[admitted[number]][1] += 10
            elif step == "crash inside" and limits.daily:
                connection.execute("BEGIN IMMEDIATE")
                quota.admit(connection, said("?", "lost"), str(day), limits)
                connection.close()  # and with it what was not committed
                connection = connect(path)
            elif step == "crash":
                connection.close()
                connection = connect(path)
            elif step == "midnight":
                day += 1
        for (person_id, on), (asked, spent) in counts.items():
            assert quota.load(connection, person_id, str(on)) == Counted(asked, spent)
        connection.close()


# What a process does until it is killed: says every message that it admitted, each five times.
ADMITTING = """
import asyncio, pathlib, sys
from gateway.limits import Limits
from gateway.store.database import Database
from gateway.store.store import Store
from tests.words import said

async def main():
    async with Database(pathlib.Path(sys.argv[1])) as database:
        store = Store(database)
        for number in range(100_000):
            message = said("?", str(number // 5))
            await asyncio.gather(*(store.admit(message, Limits(messages_per_day=10**6)) for _ in range(3)))
            print(number // 5, flush=True)

asyncio.run(main())
"""


def test_a_killed_process_leaves_counts_that_are_exact(tmp_path: Path) -> None:
    path = tmp_path / "gateway.db"
    for _ in range(3):
        command = [sys.executable, "-c", ADMITTING, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
            assert process.stdout is not None
            told = [int(next(process.stdout)) for _ in range(150)][-1]
            process.kill()
            process.stdout.read()
        with opened(path) as connection:
            (marked,) = connection.execute("SELECT count(*) FROM answers WHERE admitted NOT NULL").fetchone()
            (counted,) = connection.execute("SELECT sum(messages) FROM quota").fetchone()
        assert counted == marked > told


# --- through the store


async def test_a_refusal_ends_at_the_next_midnight_of_the_zone(database: Database) -> None:
    store, limits = Store(database, NOON), Limits(messages_per_day=1)
    assert await store.admit(said("?", "1"), limits) is None
    until = await store.admit(said("?", "2"), limits)
    assert until is not None
    assert until == midnight_after(until - 1, NOON)
    assert 10 * 3600 < until - time.time() < 14 * 3600


async def test_tokens_are_counted_with_the_answer(database: Database) -> None:
    store, limits = Store(database, NOON), Limits(tokens_per_day=30)
    for id in ("1", "2"):
        assert await store.admit(said("?", id), limits) is None
        await store.commit(said("?", id), Answer("!"), spent=Spent("default", 10, 5))
    assert await store.admit(said("?", "3"), limits) is not None
    assert (await Archive(database, store.zone).account(said("?"))).counted == Counted(2, 30)


async def test_without_a_quota_nothing_is_counted(database: Database) -> None:
    store = Store(database)
    assert await store.admit(said("?"), Limits(per_minute=1)) is None
    await store.commit(said("?"), Answer("!"), spent=Spent("default", 10, 5))
    assert (await Archive(database, store.zone).account(said("?"))).counted == Counted()


async def test_old_days_are_forgotten(database: Database) -> None:
    def work(connection: sqlite3.Connection) -> list[str]:
        for number, day in enumerate(["2020-01-01", "2020-01-02", "2099-01-01"]):
            admitted(connection, said("?", str(number)), day, messages=1)
        assert not forget_small(connection, 1577966400.0, 0)  # 2020-01-02 12:00 UTC
        return [row["day"] for row in connection.execute("SELECT day FROM quota ORDER BY 1")]

    assert await database.run(work) == ["2020-01-02", "2099-01-01"]
