"""Reading costs what there is to do, not what was ever done."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.inbox import rows
from gateway.store.database import connect
from gateway.store.migrations import migrate
from tests.words import PRIVATE, said

INSERT = """INSERT INTO inbox (channel, chat, lane, message, body, received, state, not_before)
            VALUES ('shop', ?, ?, ?, ?, 0, ?, ?)"""


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = connect(tmp_path / "gateway.db")
    migrate(connection)
    yield connection
    connection.close()


def fill(connection: sqlite3.Connection, count: int, state: str, not_before: float = 0) -> None:
    body = said("hello").to_json()
    connection.execute("BEGIN")
    connection.executemany(
        INSERT,
        ((f"{n % 999}", f"{n % 999}", f"{state}{n}", body, state, not_before) for n in range(count)),
    )
    connection.execute("COMMIT")


def read(connection: sqlite3.Connection, scanned: int = 0) -> rows.Batch:
    return rows.read(connection, scanned, 20, 4, {"3": 0, "4": 0}, {"3", "4"})


def steps(connection: sqlite3.Connection) -> int:
    """How many steps of its machine SQLite takes for one reading."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    connection.set_progress_handler(step, 1)
    read(connection)
    connection.set_progress_handler(None, 1)
    return count


def test_reading_costs_the_same_after_a_hundred_thousand_messages(connection: sqlite3.Connection) -> None:
    fill(connection, 10, "waiting")
    before = steps(connection)
    fill(connection, 100_000, "done")
    fill(connection, 1000, "dead")
    assert steps(connection) <= before * 1.1


def test_reading_costs_no_more_with_a_backlog_than_what_is_read(connection: sqlite3.Connection) -> None:
    fill(connection, 100, "waiting")
    before = steps(connection)
    fill(connection, 20_000, "parked", not_before=9e9)
    connection.execute("UPDATE inbox SET lane = 'p' || lane WHERE state = 'parked'")
    fill(connection, 20_000, "more")
    connection.execute("UPDATE inbox SET state = 'waiting'")
    assert steps(connection) <= before * 1.5


def test_every_statement_of_the_reader_uses_an_index_of_what_waits(connection: sqlite3.Connection) -> None:
    fill(connection, 50, "waiting", not_before=1)
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    read(connection)
    rows.done(connection, 1)
    rows.park(connection, 2, 9e9, "not now")
    rows.bury(connection, 3, "no use")
    rows.add(connection, "shop", [(PRIVATE.key, said("right", "e", edit_of="1"))])
    connection.set_trace_callback(None)
    assert len(statements) >= 9
    for statement in statements:
        plan = [row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
        found = [detail for detail in plan if re.search("inbox|found|parked", detail)]
        assert not [detail for detail in found if "SCAN" in detail], (statement, plan)
        if "not_before" in statement.partition("WHERE")[2]:
            assert [detail for detail in found if "inbox_parked" in detail], (statement, plan)
