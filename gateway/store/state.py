"""Small durable values of the channels: cursors, ids, tokens."""

from __future__ import annotations

import sqlite3


def load(connection: sqlite3.Connection, channel: str, key: str) -> str | None:
    """The value last saved for a channel under *key*, or None."""
    row = connection.execute(
        "SELECT value FROM state WHERE channel = ? AND key = ?", (channel, key)
    ).fetchone()
    return None if row is None else str(row["value"])


def save(connection: sqlite3.Connection, channel: str, key: str, value: str) -> None:
    """Keep *value* for a channel under *key*."""
    connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?, ?)", (channel, key, value))
