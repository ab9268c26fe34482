"""Starting with a database of an earlier gateway: nothing in it is lost, and a copy of it is kept."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from gateway.errors import StoreError
from gateway.inbox import EmbeddedInbox, deadletters
from gateway.limits import person
from gateway.store import copying, history, quota, settings, state, summaries, talk, usage
from gateway.store.answers import Answer
from gateway.store.database import Database
from gateway.store.migrations import MIGRATIONS, Migration, form, migrate
from gateway.store.quota import Counted
from gateway.store.store import Store
from gateway.store.usage import Total
from tests.inbox.reading import reading
from tests.words import PRIVATE, said

KEY = PRIVATE.key
NEWEST = len(MIGRATIONS)
EARLIER = range(1, NEWEST)

WAITING, ANSWERED, DEAD = said("still waiting", "1"), said("half sent", "2"), said("given up", "3")


def make(path: Path, form: int, changes: Sequence[Migration] = MIGRATIONS) -> None:
    """A database as a gateway left it that knew the first *form* changes, with something in every table."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        migrate(connection, changes[:form])
        for table, values in CONTENTS:
            columns = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
            known = {name: value for name, value in values.items() if name in columns}
            if known:
                places = ", ".join("?" * len(known))
                insert = f"INSERT INTO {table} ({', '.join(known)}) VALUES ({places})"
                connection.execute(insert, list(known.values()))


def row(seq: int, message: object, state: str, **values: object) -> tuple[str, dict[str, object]]:
    body = message.to_json() if hasattr(message, "to_json") else b""
    known = {"seq": seq, "channel": "shop", "chat": KEY, "lane": KEY, "message": str(seq), "body": body}
    return "inbox", {**known, "received": 1.0, "state": state, **values}


CONTENTS: list[tuple[str, dict[str, object]]] = [
    row(1, WAITING, "waiting"),
    row(2, ANSWERED, "waiting"),
    row(3, DEAD, "dead", settled=2.0, error="Rejected: no"),
    ("answers", {"chat": KEY, "message": "2", "root": "2", "text": "an answer", "sent": 1, "time": 2.0}),
    *[
        (
            "exchanges",
            {
                "session": KEY,
                "chat": KEY,
                "message": f"0{n}",
                "question": f"q{n}",
                "answer": f"a{n}",
                "asked": float(n),
                "answered": float(n),
            },
        )
        for n in (1, 2)
    ],
    ("sessions", {"session": KEY, "chat": KEY, "start": 1}),
    ("moves", {"old": "shop:me:old:", "new": KEY, "time": 1.0}),
    (
        "usage",
        {
            "day": "2026-01-01",
            "channel": "shop",
            "chat": KEY,
            "sender": "ann",
            "model": "default",
            "currency": "USD",
            "answers": 2,
            "prompt_tokens": 10,
            "completion_tokens": 20,
            "cost": 0,
        },
    ),
    ("state", {"channel": "shop", "key": "cursor", "value": "17"}),
    ("channels", {"name": "shop", "state": "up", "since": 1.0, "last_error": "no network"}),
    ("quota", {"day": "2026-01-01", "person": person(WAITING), "messages": 3, "tokens": 40}),
    ("summaries", {"session": KEY, "chat": KEY, "upto": 1, "text": "they said hello", "time": 1.0}),
    ("settings", {"chat": KEY, "key": "model", "value": "clever"}),
    ("talk", {"chat": KEY, "message": "9", "sender": "Bob", "text": "beside us", "time": 1.0}),
]


async def opened(path: Path) -> None:
    async with Database(path):
        pass


@pytest.mark.parametrize("earlier", [*EARLIER, NEWEST])
async def test_what_an_earlier_gateway_knew_is_known(path: Path, earlier: int) -> None:
    make(path, earlier)
    async with Database(path) as database:
        assert await database.run(form) == NEWEST
        (letter,) = await database.run(deadletters.find)
        assert (letter.message, letter.error) == (DEAD, "Rejected: no")
        record = await Store(database).open(ANSWERED)
        assert record.answer == Answer("an answer", sent=1)
        turns = await database.run(lambda connection: history.load(connection, KEY))
        assert [turn.text for turn in turns] == ["q2", "a2"]
        assert await database.run(lambda connection: history.current(connection, "shop:me:old:", "")) == KEY
        assert await database.run(lambda connection: state.load(connection, "shop", "cursor")) == "17"
        used = await database.run(lambda connection: usage.of_chat(connection, KEY))
        assert used == Total("shop:me:7:", 2, 10, 20)
        counted = await database.run(lambda c: quota.load(c, person(WAITING), "2026-01-01"))
        assert counted == (Counted(3, 40) if earlier >= 2 else Counted())
        summary = await database.run(lambda connection: summaries.load(connection, KEY))
        assert (summary is not None) == (earlier >= 3)
        assert await database.run(lambda connection: settings.load(connection, KEY)) == (
            {"model": "clever"} if earlier >= 4 else {}
        )
        assert await database.run(lambda connection: talk.load(connection, KEY, 5)) == (
            ["Bob: beside us"] if earlier >= 4 else []
        )


@pytest.mark.parametrize("earlier", [*EARLIER, NEWEST])
async def test_what_waits_in_an_earlier_database_is_worked_off(path: Path, earlier: int) -> None:
    make(path, earlier)
    async with Database(path) as database:
        inbox = EmbeddedInbox(database)
        async with reading(inbox) as reader:
            await inbox.put("shop", [WAITING, said("new", "4")])  # the first is a repetition
            assert await reader.work_off(3) == ["still waiting", "half sent", "new"]
            assert reader.waiting == 0


@pytest.mark.parametrize("earlier", EARLIER)
def test_a_copy_of_the_database_as_it_was_is_kept(path: Path, earlier: int) -> None:
    make(path, earlier)
    path.with_name("gateway.db.before-1").write_text("the copy of the upgrade before")
    asyncio.run(opened(path))
    kept = path.with_name(f"gateway.db.before-{NEWEST}")
    assert sorted(path.parent.glob("gateway.db*")) == [path, kept]
    assert kept.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(kept)) as connection:
        assert form(connection) == earlier
        assert connection.execute("SELECT count(*) FROM inbox").fetchone() == (3,)
    before = kept.read_bytes()
    asyncio.run(opened(path))
    assert kept.read_bytes() == before


def test_neither_a_new_database_nor_a_current_one_is_copied(path: Path) -> None:
    for _ in range(2):
        asyncio.run(opened(path))
    assert list(path.parent.iterdir()) == [path]


def test_what_cannot_be_copied_is_left_as_it_is(path: Path) -> None:
    make(path, 1)
    kept = path.with_name(f"gateway.db.before-{NEWEST}")
    kept.mkdir()
    with pytest.raises(StoreError, match=r"cannot write .*before"):
        asyncio.run(opened(path))
    with closing(sqlite3.connect(path)) as connection:
        assert form(connection) == 1


def test_the_copy_that_was_kept_is_a_way_back(path: Path) -> None:
    """For who installs the earlier gateway again: as a backup, put in the place of the database."""
    make(path, 2)
    asyncio.run(opened(path))
    path.with_name(f"gateway.db.before-{NEWEST}").replace(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, MIGRATIONS[:2])
        copying.copy(connection, path.with_name("copy.db"))
        assert connection.execute("SELECT count(*) FROM exchanges").fetchone() == (2,)


def test_what_was_merged_before_is_known_by_what_it_is_part_of(path: Path) -> None:
    """Else a correction of it, that comes after the upgrade, would find nothing to correct."""
    make(path, NEWEST - 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(
            """INSERT INTO inbox (seq, channel, chat, lane, message, body, received, state)
               VALUES (4, 'shop', ?, ?, '4', x'', 1.0, 'merged')""",
            (KEY, KEY),
        )
    asyncio.run(opened(path))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT joined FROM inbox WHERE seq = 4").fetchone() == (2,)
