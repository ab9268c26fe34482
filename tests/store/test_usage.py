"""What was used is added up by whatever it is asked for."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.limits import Limits
from gateway.store import history, usage
from gateway.store.answers import Answer
from gateway.store.archive import Archive
from gateway.store.database import Database, connect
from gateway.store.migrations import MIGRATIONS, is_current, migrate
from gateway.store.store import Store
from gateway.store.usage import By, Spent, Total
from tests.noon import NOON
from tests.words import BOB, GROUP, PRIVATE, said

DEAR = Spent("dear", 1000, 100, 0.5)
CHEAP = Spent("cheap", 10, 1, 0.25, "CNY")
FREE = Spent("free", 1, 1)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(tmp_path / "gateway.db")) as connection:
        migrate(connection)
        for day, message, spent in (
            ("2026-07-01", said("?"), DEAR),
            ("2026-07-02", said("?"), DEAR),
            ("2026-07-02", said("?", "2", GROUP), CHEAP),
            ("2026-07-02", said("?", "3", GROUP, BOB), CHEAP),
            ("2026-07-02", said("?", "4", GROUP, BOB), CHEAP),
            ("2026-07-03", said("?", "5", GROUP, BOB), FREE),
        ):
            usage.add(connection, message, spent, day)
        yield connection


def figures(found: list[Total]) -> list[tuple[str, int, int, dict[str, float]]]:
    return [(total.name, total.answers, total.tokens, total.costs) for total in found]


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (
            "day",
            [
                ("2026-07-01", 1, 1100, {"USD": 0.5}),
                ("2026-07-02", 4, 1133, {"USD": 0.5, "CNY": 0.75}),
                ("2026-07-03", 1, 2, {}),
            ],
        ),
        ("user", [("shop:ann", 3, 2211, {"USD": 1.0, "CNY": 0.25}), ("shop:bob", 3, 24, {"CNY": 0.5})]),
        ("chat", [(PRIVATE.key, 2, 2200, {"USD": 1.0}), (GROUP.key, 4, 35, {"CNY": 0.75})]),
        (
            "model",
            [("dear", 2, 2200, {"USD": 1.0}), ("cheap", 3, 33, {"CNY": 0.75}), ("free", 1, 2, {})],
        ),
        ("channel", [("shop", 6, 2235, {"USD": 1.0, "CNY": 0.75})]),
    ],
)
def test_totals(connection: sqlite3.Connection, by: By, expected: list[tuple[str, int, int, object]]) -> None:
    assert figures(usage.totals(connection, by, "2026-07-01")) == expected


def test_a_period_has_its_first_day(connection: sqlite3.Connection) -> None:
    found = usage.totals(connection, "day", "2026-07-02")
    assert [total.name for total in found] == ["2026-07-02", "2026-07-03"]
    assert usage.totals(connection, "user", "2026-08-01") == []


def test_one_person_and_one_chat(connection: sqlite3.Connection) -> None:
    assert usage.of_person(connection, "shop", "ann", "2026-07-02").tokens == 1111
    assert usage.of_person(connection, "shop", "nobody", "2026-07-02") == Total()
    assert usage.of_person(connection, "other", "ann", "2026-07-02") == Total()
    assert usage.of_chat(connection, GROUP.key).answers == 4


def test_a_person_is_found_without_looking_at_everybody(connection: sqlite3.Connection) -> None:
    for where in ("channel = '' AND sender = '' AND day >= ''", "chat = ''"):
        plan = connection.execute(f"EXPLAIN QUERY PLAN SELECT sum(cost) FROM usage WHERE {where}").fetchone()
        assert "SEARCH usage USING INDEX" in plan["detail"]


def test_a_chat_that_moves_takes_its_usage_along(connection: sqlite3.Connection) -> None:
    history.move_chat(connection, GROUP.key, "new")
    assert usage.of_chat(connection, "new").answers == 4


def test_usage_from_before_there_were_prices_is_kept(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "gateway.db")) as connection:
        migrate(connection, MIGRATIONS[:1])
        connection.execute("INSERT INTO usage VALUES ('2026-07-01', 'shop', 'c', 'ann', 'default', 7, 8, 9)")
        assert not is_current(connection)
        migrate(connection)
        assert is_current(connection)
        assert usage.totals(connection, "user", "2026-07-01") == [Total("shop:ann", 7, 8, 9)]


async def test_a_person_has_an_account_of_today_and_this_month(database: Database) -> None:
    store = Store(database, NOON)
    await store.admit(said("?"), Limits(messages_per_day=5))
    await store.commit(said("?"), Answer("!"), spent=DEAR)
    await store.commit(said("?", "2", GROUP, BOB), Answer("!"), spent=CHEAP)
    account = await Archive(database, NOON).account(said("/usage", "3", GROUP))
    assert (account.month.tokens, account.chat.tokens, account.counted.messages) == (1100, 11, 1)
    assert account.until > time.time()
