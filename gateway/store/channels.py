"""How the channels are, for whoever asks from another process."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import astuple, dataclass

from gateway.adapter import ChannelState


@dataclass(slots=True)
class Status:
    """How one channel is; times in seconds since 1970."""

    name: str
    state: ChannelState
    since: float
    last_in: float | None = None
    last_out: float | None = None
    last_error: str = ""


def save(connection: sqlite3.Connection, statuses: Iterable[Status]) -> None:
    """Write down how channels are."""
    connection.executemany(
        "INSERT OR REPLACE INTO channels VALUES (?, ?, ?, ?, ?, ?)", [astuple(status) for status in statuses]
    )


def begin(connection: sqlite3.Connection, names: Collection[str]) -> dict[str, Status]:
    """How the channels called *names* were; all others are forgotten."""
    known = load(connection)
    connection.executemany(
        "DELETE FROM channels WHERE name = ?", [(name,) for name in known if name not in names]
    )
    return {name: status for name, status in known.items() if name in names}


def load(connection: sqlite3.Connection) -> dict[str, Status]:
    """How the channels were when that was last written, by name."""
    found = connection.execute("SELECT * FROM channels ORDER BY name").fetchall()
    return {
        row["name"]: Status(
            row["name"],
            ChannelState(row["state"]),
            row["since"],
            row["last_in"],
            row["last_out"],
            row["last_error"],
        )
        for row in found
    }
