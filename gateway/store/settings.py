"""What people set for their chat: its model, persona, context, and whether it is remembered."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from gateway.store.history import current


def load(connection: sqlite3.Connection, chat: str) -> Mapping[str, str]:
    """What was set in the chat with key *chat*."""
    rows = connection.execute(
        "SELECT key, value FROM settings WHERE chat = ?", (current(connection, chat, chat),)
    )
    return {row["key"]: row["value"] for row in rows}


def save(connection: sqlite3.Connection, chat: str, key: str, value: str | None) -> None:
    """Set *key* in a chat; None takes the setting back."""
    chat = current(connection, chat, chat)
    if value is None:
        connection.execute("DELETE FROM settings WHERE chat = ? AND key = ?", (chat, key))
    else:
        connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?, ?)", (chat, key, value))
