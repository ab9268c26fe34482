"""Copies of the database: whole, of one moment, and nobody waits for them."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from gateway.errors import StoreError
from gateway.store import state
from gateway.store.copying import copy
from gateway.store.database import connect
from gateway.store.migrations import migrate


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "copies"
    folder.mkdir()
    return folder / "copy.db"


def kept(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT key, value FROM state"))


def fill(connection: sqlite3.Connection, count: int) -> None:
    connection.execute("BEGIN")
    for number in range(count):
        state.save(connection, "shop", str(number), "x" * 1000)
    connection.execute("COMMIT")


def test_a_copy_is_one_file_for_its_owner_alone(connection: sqlite3.Connection, target: Path) -> None:
    target.write_text("what was there before")
    target.chmod(0o644)
    state.save(connection, "shop", "cursor", "17")
    copy(connection, target)
    assert kept(target) == {"cursor": "17"}
    assert target.stat().st_mode & 0o777 == 0o600
    assert list(target.parent.iterdir()) == [target]
    state.save(connection, "shop", "cursor", "18")
    assert kept(target) == {"cursor": "17"}


def test_a_copy_can_be_read_where_nothing_can_be_written(
    connection: sqlite3.Connection, target: Path
) -> None:
    copy(connection, target)
    with closing(sqlite3.connect(f"{target.as_uri()}?mode=ro", uri=True)) as copied:
        assert copied.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert copied.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert list(target.parent.iterdir()) == [target]


def test_a_copy_is_of_one_moment_while_others_write(
    path: Path, connection: sqlite3.Connection, target: Path
) -> None:
    """Of a database of many pages, which are copied a part at a time; the writer is never kept waiting."""
    fill(connection, 20_000)
    ended = threading.Event()
    refused: list[sqlite3.Error] = []

    def write() -> None:
        with closing(connect(path)) as other:
            other.execute("PRAGMA busy_timeout = 0")
            number = 0
            while not ended.is_set():
                number += 1
                try:
                    other.execute("BEGIN IMMEDIATE")
                    state.save(other, "first", "number", str(number))
                    state.save(other, "last", "number", str(number))
                    other.execute("COMMIT")
                except sqlite3.Error as exc:
                    refused.append(exc)
                    return
                ended.wait(0.001)

    writing = threading.Thread(target=write)
    writing.start()
    try:
        for _ in range(3):
            copy(connection, target)
            with closing(sqlite3.connect(target)) as copied:
                found = copied.execute("SELECT value FROM state WHERE key = 'number'").fetchall()
                assert len(set(found)) <= 1
    finally:
        ended.set()
        writing.join()
    assert refused == []


def test_what_cannot_be_written_is_said_and_nothing_is_left_behind(
    connection: sqlite3.Connection, target: Path
) -> None:
    with pytest.raises(StoreError, match=r"cannot write .*nowhere.*No such file or directory"):
        copy(connection, target.parent / "nowhere" / "copy.db")
    target.mkdir()
    with pytest.raises(StoreError, match=r"cannot write .*copy\.db"):
        copy(connection, target)
    assert list(target.parent.iterdir()) == [target]
    state.save(connection, "shop", "cursor", "17")  # and the connection is good for more


def test_a_damaged_database_is_not_taken_for_a_copy(path: Path, target: Path) -> None:
    with closing(connect(path)) as connection:
        migrate(connection)
        fill(connection, 2000)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    damaged = bytearray(path.read_bytes())
    damaged[-200_000:] = b"\x7f" * 200_000
    path.write_bytes(damaged)
    target.write_text("the copy of yesterday")
    with closing(connect(path)) as connection, pytest.raises(StoreError, match=r"damaged|malformed"):
        copy(connection, target)
    assert target.read_text() == "the copy of yesterday"
    assert list(target.parent.iterdir()) == [target]
