"""What a hatched gateway is told from outside, in a file: what time it is, and that nothing can be written.

The file is "orders" in the gateway's folder; who writes it sends SIGUSR1.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from gateway.store import database

_NAME = "orders"


@dataclass(slots=True)
class Order:
    """`ahead`: seconds that the clock on the wall is before ours; `passed`: that time itself is.

    `read_only`: the database takes no change, with the error that SQLite gives where a file system was made
    read-only. `lapses`: time may pass faster, for which the event loop must be one that asks Python's clock.
    """

    ahead: float = 0.0
    passed: float = 0.0
    read_only: bool = False
    lapses: bool = False

    def give(self, folder: Path) -> None:
        """Leave it where the gateway of *folder* finds it, whole at any moment."""
        new = folder / f"{_NAME}.new"
        new.write_text(json.dumps(asdict(self)))
        new.replace(folder / _NAME)


class Orders:
    """The side of the gateway."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / _NAME
        self._order = Order()
        self._connections: list[sqlite3.Connection] = []

    def take_over(self) -> None:
        """Be between the gateway and its clocks and database from now on."""
        wall, steady, connect = time.time, time.monotonic, database.connect
        time.time = lambda: wall() + self._order.ahead + self._order.passed
        time.monotonic = lambda: steady() + self._order.passed

        def remembered(path: Path) -> sqlite3.Connection:
            connection = connect(path)
            self._connections.append(connection)
            return connection

        database.connect = remembered
        self.obey()
        if self._order.lapses:
            sys.modules["uvloop"] = None  # type: ignore[assignment]  # as if it were not installed

    def obey(self) -> None:
        """Do what is ordered by now."""
        if self._file.exists():
            self._order = Order(**json.loads(self._file.read_text()))
        for connection in self._connections:
            with contextlib.suppress(sqlite3.ProgrammingError):  # it is closed
                connection.execute(f"PRAGMA query_only = {int(self._order.read_only)}")
