"""One SQLite file, worked by one thread; calls that wait at the same moment share a transaction.

Why not SQLAlchemy over aiosqlite: on the path of every message it costs a transaction, a compiled
statement and two thread hops a call. Here a call is a plain function of a connection, and a commit
(a flush to the disk) is shared by all calls that wait for one: group commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from gateway.errors import StoreError
from gateway.store.copying import copy
from gateway.store.migrations import MIGRATIONS, form, migrate

logger = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]
"""What is done inside a transaction. It may be run again when another of its batch fails, so it must
touch nothing but the connection."""

# As many calls as share one transaction at most: bounds the wait of the first of them.
_BATCH = 256
# The log of changes is brought into the file when it has so many pages of 4 KiB: in a large store they are
# all over the file, and a page that changed again and again is written there once.
_LOG_PAGES = 4000
# What the log keeps of the disk after a time when it was longer (a backup lets it grow).
_LOG_BYTES = _LOG_PAGES * 4096


def connect(path: Path) -> sqlite3.Connection:
    """Open the database file, or make it. Raises `StoreError`."""
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    except sqlite3.Error as exc:
        raise _cannot_open(path, exc) from exc
    try:
        if connection.execute("PRAGMA page_count").fetchone() == (0,):
            # So that free pages can be given back; later it could not be set any more.
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
        # Every commit reaches the disk: "received" must survive a power cut, not only a crash.
        connection.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error as exc:
        connection.close()
        raise _cannot_open(path, exc) from exc
    connection.row_factory = sqlite3.Row
    return connection


def _cannot_open(path: Path, why: object) -> StoreError:
    return StoreError(f"cannot open {path} as uid {os.geteuid()}: {why}")


class _Job:
    __slots__ = ("error", "future", "result", "work")

    def __init__(self, work: Work[Any], future: asyncio.Future[Any]) -> None:
        self.work = work
        self.future = future
        self.result: Any = None
        self.error: Exception | None = None

    def settle(self) -> None:
        if self.error is not None:
            self.future.set_exception(self.error)
            # Whoever waited may be cancelled by now: nobody's fault, and nothing for asyncio to complain of.
            self.future.exception()
        else:
            self.future.set_result(self.result)


class Database:
    """The open database. Use as an async context manager."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        connection = await asyncio.to_thread(self._open)
        self._thread = threading.Thread(target=self._serve, args=(connection,), name="database")
        self._thread.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            self._jobs.put(None)
            await asyncio.to_thread(thread.join)

    def submit(self, work: Work[T]) -> asyncio.Future[T]:
        """Have *work* done in a transaction; the future is done when that is on the disk.

        Its exception is `StoreError` for the database's own, else what *work* raised.
        """
        if self._thread is None:
            raise StoreError("the database is closed")
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(work, future))
        return future

    async def run(self, work: Work[T]) -> T:
        """The same, awaited. Cancelling the caller does not undo the work."""
        return await self.submit(work)

    def _open(self) -> sqlite3.Connection:
        try:
            self._path.touch(mode=0o600, exist_ok=True)
            _close_to_others(self._path)
        except OSError as exc:
            raise _cannot_open(self._path, exc.strerror) from exc
        connection = connect(self._path)
        try:
            _keep_as_it_was(connection, self._path)
            migrate(connection)
        except sqlite3.Error as exc:
            connection.close()
            raise StoreError(f"cannot prepare {self._path}: {exc}") from exc
        except StoreError:
            connection.close()
            raise
        return connection

    def _serve(self, connection: sqlite3.Connection) -> None:
        while (job := self._jobs.get()) is not None:
            batch = [job]
            last = False
            while len(batch) < _BATCH and not last:
                try:
                    following = self._jobs.get_nowait()
                except queue.Empty:
                    break
                last = following is None
                if following is not None:
                    batch.append(following)
            _work_off(connection, batch)
            self._loop.call_soon_threadsafe(_settle, batch)
            if last:
                break
        connection.close()


def _close_to_others(path: Path) -> None:
    """Take *path* away from others: a copy that somebody has put back may be for everybody to read."""
    mode = path.stat().st_mode
    if mode & 0o077:
        with contextlib.suppress(PermissionError):
            path.chmod(mode & 0o700)


def _keep_as_it_was(connection: sqlite3.Connection, path: Path) -> None:
    """Copy a database that is about to be brought to a new form; of such copies the last is kept."""
    if form(connection) in range(1, len(MIGRATIONS)):
        kept = path.with_name(f"{path.name}.before-{len(MIGRATIONS)}")
        copy(connection, kept)
        for older in path.parent.glob(f"{path.name}.before-*"):
            if older != kept:
                older.unlink(missing_ok=True)
        logger.info("the database gets a new form; %s is a copy of what it was", kept)


def _work_off(connection: sqlite3.Connection, batch: list[_Job]) -> None:
    """Do a batch in one transaction; where that fails, each job in its own, so that one harms no other."""
    if not _begin(connection, batch) or _commit(connection, batch) or len(batch) == 1:
        return
    for number, job in enumerate(batch):
        if not _begin(connection, batch[number:]):
            return
        _commit(connection, [job])


def _begin(connection: sqlite3.Connection, batch: Sequence[_Job]) -> bool:
    """Begin the transaction of a *batch*, which fails as a whole where somebody else holds the database.

    He was waited for with all the patience there is: each job alone would take as long once more.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as exc:
        _fail(batch, exc)
        return False
    return True


def _commit(connection: sqlite3.Connection, batch: list[_Job]) -> bool:
    """Do a batch in the transaction that has begun; false where it failed as a whole."""
    try:
        for job in batch:
            job.result = job.work(connection)
        connection.execute("COMMIT")
    except Exception as exc:  # noqa: BLE001 - handed to whoever waits for the job
        _roll_back(connection)
        _fail(batch, exc)
        return False
    for job in batch:
        job.error = None
    return True


def _fail(batch: Sequence[_Job], exc: Exception) -> None:
    for job in batch:  # an exception for each: wherever one is raised, it collects a traceback
        job.error = StoreError(str(exc)) if isinstance(exc, sqlite3.Error) else exc


def _roll_back(connection: sqlite3.Connection) -> None:
    # Where even that fails, the next "BEGIN" does, and says so to whoever waits; this thread must live.
    with contextlib.suppress(sqlite3.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _settle(batch: list[_Job]) -> None:
    for job in batch:
        if not job.future.cancelled():
            job.settle()
