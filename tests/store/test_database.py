"""The database: shared transactions, failures that harm nobody else, an orderly end."""

from __future__ import annotations

import asyncio
import fcntl
import os
import resource
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gateway.errors import StoreError
from gateway.store import migrations, state
from gateway.store.database import Database
from gateway.store.lock import Lock, owner
from tests.unheard import complaints


def save(key: str, value: str) -> Callable[[sqlite3.Connection], None]:
    return lambda connection: state.save(connection, "shop", key, value)


async def kept(database: Database) -> list[str]:
    found = await database.run(
        lambda connection: connection.execute("SELECT key FROM state ORDER BY key").fetchall()
    )
    return [row["key"] for row in found]


class Gate:
    """Holds the database's thread, so that calls gather behind it."""

    def __init__(self, database: Database) -> None:
        self._open = threading.Event()
        self._held = database.submit(lambda connection: self._open.wait(5))

    async def open(self) -> None:
        self._open.set()
        await self._held


async def test_calls_that_wait_together_share_a_transaction(database: Database) -> None:
    statements: list[str] = []
    await database.run(lambda connection: connection.set_trace_callback(statements.append))
    gate = Gate(database)
    calls = [database.submit(save(f"{number:03}", "x")) for number in range(200)]
    await gate.open()
    await asyncio.gather(*calls)
    assert statements.count("COMMIT") <= 3
    assert len(await kept(database)) == 200


async def test_more_calls_than_a_batch_are_all_done_in_order(database: Database) -> None:
    gate = Gate(database)
    calls = [database.submit(save("last", str(number))) for number in range(1000)]
    await gate.open()
    await asyncio.gather(*calls)
    assert await database.run(lambda connection: state.load(connection, "shop", "last")) == "999"


async def test_a_call_that_fails_harms_no_other_of_its_batch(database: Database) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        state.save(connection, "shop", "half", "x")
        raise LookupError("no such thing")

    gate = Gate(database)
    before = database.submit(save("before", "x"))
    failing = database.submit(fail)
    wrong = database.submit(lambda connection: connection.execute("SELECT * FROM nowhere"))
    after = database.submit(save("after", "x"))
    await gate.open()
    await asyncio.gather(before, after)
    with pytest.raises(LookupError, match="no such thing"):
        await failing
    with pytest.raises(StoreError, match="nowhere"):
        await wrong
    assert await kept(database) == ["after", "before"]


async def test_a_call_that_fails_alone_is_done_once(database: Database) -> None:
    done = []

    def fail(connection: sqlite3.Connection) -> None:
        done.append(1)
        raise LookupError

    with pytest.raises(LookupError):
        await database.run(fail)
    assert done == [1]


async def test_a_full_disk_is_an_error_and_got_over(database: Database) -> None:
    (pages,) = await database.run(lambda connection: connection.execute("PRAGMA page_count").fetchone())
    await database.run(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages + 1}"))
    gate = Gate(database)
    big = database.submit(save("big", "x" * 100_000))
    small = database.submit(save("small", "x"))
    await gate.open()
    with pytest.raises(StoreError, match="full"):
        await big
    await small
    await database.run(lambda connection: connection.execute("PRAGMA max_page_count = 1000000"))
    await database.run(save("big", "x" * 100_000))
    assert await kept(database) == ["big", "small"]


async def test_somebody_who_holds_the_database_is_waited_for_once(database: Database, path: Path) -> None:
    """Regression: each call waited for him anew, one after the other; the gateway took minutes to stop."""
    with closing(sqlite3.connect(path, isolation_level=None)) as shell:
        await database.run(lambda connection: connection.execute("PRAGMA busy_timeout = 300"))
        shell.execute("BEGIN IMMEDIATE")
        gate = Gate(database)
        begun = time.monotonic()
        calls = [database.submit(save(f"{number:03}", "x")) for number in range(100)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert time.monotonic() - begun < 10
        assert [str(result) for result in results] == ["database is locked"] * 100
        shell.execute("ROLLBACK")
        with pytest.raises(StoreError, match="locked"):
            await gate.open()
    await database.run(save("after", "x"))
    assert await kept(database) == ["after"]


async def test_a_caller_that_is_cancelled_does_not_undo_its_work(database: Database) -> None:
    calling = asyncio.create_task(database.run(save("kept", "x")))
    await asyncio.sleep(0)
    calling.cancel()
    await asyncio.wait({calling})
    assert await kept(database) == ["kept"]


async def test_a_failure_that_nobody_waits_for_any_more_is_no_complaint(database: Database) -> None:
    nonsense = database.run(lambda connection: connection.execute("nonsense"))
    assert await complaints(nonsense, database) == []


async def test_closing_waits_for_what_was_submitted(path: Path) -> None:
    async with Database(path) as database:
        gate = threading.Event()
        held = database.submit(lambda connection: gate.wait(5))
        call = database.submit(save("kept", "x"))
        gate.set()
    assert held.done()
    assert call.done()
    async with Database(path) as database:
        assert await kept(database) == ["kept"]


async def test_a_closed_database_says_so(path: Path) -> None:
    async with Database(path) as database:
        pass
    with pytest.raises(StoreError, match="closed"):
        await database.run(lambda connection: None)


async def test_what_is_committed_is_flushed_to_the_disk(database: Database) -> None:
    rows = await database.run(
        lambda connection: [
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")
        ]
    )
    assert rows == ["wal", 2]


def test_the_file_is_for_its_owner_alone(path: Path) -> None:
    asyncio.run(visit(path))
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot open"):
        async with Database(tmp_path / "nowhere" / "gateway.db"):
            pass


def test_a_file_that_is_no_database_is_an_error(path: Path) -> None:
    path.write_bytes(b"this is something else, and long enough to be looked at" * 100)
    with pytest.raises(StoreError, match="not a database"):
        asyncio.run(visit(path))


async def visit(path: Path) -> None:
    async with Database(path):
        pass


# --- migrations


async def test_a_database_of_a_newer_gateway_is_left_alone(path: Path) -> None:
    async with Database(path) as database:
        newer = len(migrations.MIGRATIONS) + 1
        await database.run(lambda connection: connection.execute(f"PRAGMA user_version = {newer}"))
    with pytest.raises(StoreError, match="a newer gateway wrote it"):
        async with Database(path):
            pass
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (newer,)
    connection.close()


async def test_a_database_is_prepared_once(path: Path) -> None:
    for number in range(2):
        async with Database(path) as database:
            await database.run(save(str(number), "x"))
    async with Database(path) as database:
        assert await kept(database) == ["0", "1"]


def test_a_change_that_fails_changes_nothing(path: Path) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE half (id)")
        connection.execute("SELECT * FROM nowhere")

    connection = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        migrations.migrate(connection, [*migrations.MIGRATIONS, fail])
    assert connection.execute("PRAGMA user_version").fetchone() == (len(migrations.MIGRATIONS),)
    assert connection.execute("SELECT * FROM sqlite_master WHERE name = 'half'").fetchall() == []
    connection.close()


# --- the lock


def test_a_data_directory_has_one_owner(tmp_path: Path) -> None:
    first, second = Lock(tmp_path), Lock(tmp_path)
    assert owner(tmp_path) is None
    first.take()
    with pytest.raises(StoreError, match=r"another gateway \(process \d+\) owns") as caught:
        second.take()
    assert str(owner(tmp_path)) in str(caught.value)
    first.release()
    assert owner(tmp_path) is None
    second.take()
    second.release()


def test_who_looks_does_not_keep_a_gateway_from_starting(tmp_path: Path) -> None:
    """`gateway status` holds the lock for a moment, together with all others who look."""
    (tmp_path / "gateway.lock").touch()
    looking = os.open(tmp_path / "gateway.lock", os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    looked = threading.Timer(0.1, os.close, [looking])
    looked.start()
    lock = Lock(tmp_path)
    lock.take()
    looked.join()
    assert owner(tmp_path) == os.getpid()
    lock.release()


def test_of_two_that_start_while_somebody_looks_one_becomes_the_owner(tmp_path: Path) -> None:
    (tmp_path / "gateway.lock").touch()
    looking = os.open(tmp_path / "gateway.lock", os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    locks = [Lock(tmp_path), Lock(tmp_path)]
    refused: list[StoreError] = []

    def start(lock: Lock) -> None:
        try:
            lock.take()
        except StoreError as exc:
            refused.append(exc)

    starting = [threading.Thread(target=start, args=(lock,)) for lock in locks]
    for thread in starting:
        thread.start()
    os.close(looking)
    for thread in starting:
        thread.join()
    assert len(refused) == 1
    for lock in locks:
        lock.release()


def test_a_data_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot write to the data directory"):
        Lock(tmp_path / "nowhere").take()


def test_a_data_directory_on_a_full_disk_is_named(tmp_path: Path) -> None:
    """Regression: a traceback, for the number of the process could not be written into the lock."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with pytest.raises(StoreError, match=r"cannot write to the data directory .*: File too large"):
            Lock(tmp_path).take()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    Lock(tmp_path).take()


async def test_a_file_that_was_put_back_for_everybody_is_taken_away_from_others(tmp_path: Path) -> None:
    path = tmp_path / "gateway.db"
    path.touch(mode=0o600)
    path.chmod(0o644)
    async with Database(path):
        modes = {file.name: file.stat().st_mode & 0o777 for file in listed(tmp_path)}
    assert modes["gateway.db"] == 0o600
    assert set(modes.values()) == {0o600}


def listed(folder: Path) -> list[Path]:
    return [*folder.iterdir()]
