"""What was said beside us in groups: the newest of it, for questions like "what did I miss?"."""

from __future__ import annotations

import sqlite3

from gateway.message import Message
from gateway.store.history import current


def add(connection: sqlite3.Connection, message: Message, keep: int) -> None:
    """Remember what was said, or what it was corrected to; forget all but the newest *keep* of the chat."""
    chat = current(connection, message.chat.key, message.chat.key)
    connection.execute(
        """INSERT INTO talk (chat, message, sender, text, time) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET text = excluded.text""",
        (
            chat,
            message.root,
            message.sender.name or message.sender.id,
            message.text,
            message.time,
        ),
    )
    connection.execute(
        """DELETE FROM talk WHERE chat = ? AND id <=
           (SELECT id FROM talk WHERE chat = ? ORDER BY id DESC LIMIT 1 OFFSET ?)""",
        (chat, chat, keep),
    )


def load(connection: sqlite3.Connection, chat: str, most: int) -> list[str]:
    """The newest *most* things said in the chat with key *chat*, oldest first, each with its author."""
    rows = connection.execute(
        "SELECT sender, text FROM talk WHERE chat = ? ORDER BY id DESC LIMIT ?",
        (current(connection, chat, chat), most),
    ).fetchall()
    return [f"{row['sender']}: {row['text']}" for row in reversed(rows)]
