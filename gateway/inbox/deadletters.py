"""Messages that were given up: for the operator to see, to try again, or to drop."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass

from gateway.message import Message


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up at `settled` (seconds since 1970), and why.

    `chat` is its chat's key, `id` the platform's. `message` is None where nobody can read it.
    """

    seq: int
    chat: str
    id: str
    message: Message | None
    error: str
    attempts: int
    settled: float


def find(connection: sqlite3.Connection, seq: int | None = None) -> list[DeadLetter]:
    """All dead letters in the order of their arrival, or the one numbered *seq*."""
    rows = connection.execute(
        """SELECT seq, chat, message, body, error, attempts, settled FROM inbox
           WHERE state = 'dead' AND (? IS NULL OR seq = ?) ORDER BY seq""",
        (seq, seq),
    )
    return [
        DeadLetter(
            row["seq"],
            row["chat"],
            row["message"],
            _readable(row["body"]),
            row["error"],
            row["attempts"],
            row["settled"],
        )
        for row in rows
    ]


def _readable(body: bytes) -> Message | None:
    try:
        return Message.from_json(body)
    except ValueError:
        return None


def retry(connection: sqlite3.Connection, seq: int | None = None) -> int:
    """Have one, or all, tried again; a gateway that runs notices within seconds. Returns how many."""
    # The operator decides to send what may have arrived.
    connection.execute(
        """UPDATE answers SET doubtful = 0 FROM inbox WHERE state = 'dead' AND (? IS NULL OR seq = ?)
           AND answers.chat = inbox.chat AND answers.message = inbox.message""",
        (seq, seq),
    )
    # Due since long ago: what is parked is found by its time, wherever the reader of the inbox has got to.
    return connection.execute(
        """UPDATE inbox SET state = 'waiting', not_before = 1, attempts = 0, settled = NULL, received = ?
           WHERE state = 'dead' AND (? IS NULL OR seq = ?)""",
        (time.time(), seq, seq),
    ).rowcount


def drop(connection: sqlite3.Connection, seq: int | None = None) -> int:
    """Give one, or all, up for good; their ids stay known. Returns how many."""
    return connection.execute(
        """UPDATE inbox SET state = 'done', body = x'' WHERE state = 'dead' AND (? IS NULL OR seq = ?)""",
        (seq, seq),
    ).rowcount


def count_by_channel(connection: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    """How many messages wait and how many are dead, by channel."""
    rows = connection.execute(
        """SELECT channel, sum(state = 'waiting') AS waiting, sum(state = 'dead') AS dead FROM inbox
           WHERE state = 'waiting' OR state = 'dead' GROUP BY channel"""
    )
    return {row["channel"]: (row["waiting"], row["dead"]) for row in rows}
