"""A copy of the database, also of one that others are working with."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from gateway.errors import StoreError
from gateway.files import create, put

# Pages that are copied at a time.
_PAGES = 1000


def copy(connection: sqlite3.Connection, target: Path) -> None:
    """Copy the database to *target* as it is now, all of it or nothing; for its owner alone (mode 0600).

    What is there is replaced. Nobody has to wait: who writes meanwhile writes into the log of changes, and
    none of that is in the copy. It is one file, and SQLite has looked whether it is sound. Raises
    `StoreError`.
    """
    # Not `files.temporary`: the folder is anybody's, and that might be a file of theirs.
    new = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        os.close(create(new))
        with closing(sqlite3.connect(new, isolation_level=None)) as copied:
            _fill(connection, copied)
            _check(copied)
        with new.open("rb") as file:
            os.fsync(file.fileno())
        put(new, target)
    except OSError as exc:
        raise StoreError(f"cannot write {target}: {exc.strerror}") from exc
    except sqlite3.Error as exc:
        raise StoreError(f"cannot copy the database to {target}: {exc}") from exc
    finally:
        new.unlink(missing_ok=True)


def _fill(connection: sqlite3.Connection, copied: sqlite3.Connection) -> None:
    # What is read in one transaction is one state: else each change would have the copying begin anew.
    connection.execute("BEGIN")
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
        connection.backup(copied, pages=_PAGES)
    finally:
        connection.execute("ROLLBACK")
    # Without a log of changes it is one file, which can be read where nothing can be written.
    copied.execute("PRAGMA journal_mode = DELETE")


def _check(copied: sqlite3.Connection) -> None:
    (found,) = copied.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise StoreError(f"the database is damaged: {found}")
