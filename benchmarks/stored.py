"""A large store, made in seconds: what a gateway has after a million messages."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path

from gateway.message import Chat
from gateway.store.database import connect
from gateway.store.migrations import migrate

FIRST_PERSON = 2_000_000_000
"""The id of the first of those who have written before; the others follow it."""

# Far from the ids that the simulated Telegram gives.
_FIRST_MESSAGE = 1_000_000_000
# Within the days that settled messages are kept, and long before the present conversation.
_AGE = 2 * 24 * 3600.0

_SETTLED = """INSERT INTO inbox (channel, chat, lane, message, body, received, state, settled)
              SELECT 'telegram', chat, chat, message, x'', time, 'done', time FROM said"""
_ANSWERED = """INSERT INTO answers (chat, message, root, text, sent, receipts, time)
               SELECT chat, message, message, 'Answer ' || message || ' ' || words, 1,
               '["' || message || '"]', time FROM said"""
_EXCHANGED = """INSERT INTO exchanges (session, chat, message, question, answer, asked, answered)
                SELECT chat, chat, message, 'Question ' || message, 'Answer ' || message || ' ' || words,
                time, time + 1 FROM said"""


def fill(data: Path, account: str, messages: int, people: int) -> None:
    """Make the store of a gateway that settled so many messages, of so many people in private chats.

    *account*: the bot's id on the channel "telegram".
    """
    with contextlib.closing(connect(data / "gateway.db")) as connection:
        migrate(connection)
        # It is a copy to measure with: where that breaks, it is made again.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        _say(connection, account, messages, people)
        for statement in (_SETTLED, _ANSWERED, _EXCHANGED):
            connection.execute(statement)
        connection.execute("DROP TABLE said")
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _say(connection: sqlite3.Connection, account: str, messages: int, people: int) -> None:
    """A table of what was said: everybody one message, then everybody the next."""
    before, after = Chat("telegram", "ID", account=account).key.split("ID")
    connection.execute(
        """CREATE TEMP TABLE said AS
           WITH RECURSIVE counted(number) AS
               (SELECT 0 UNION ALL SELECT number + 1 FROM counted WHERE number + 1 < :messages)
           SELECT :before || (:person + number % :people) || :after AS chat,
                  CAST(:message + number AS TEXT) AS message,
                  :words AS words,
                  :time + number * 1e-3 AS time
           FROM counted""",
        {
            "messages": messages,
            "people": people,
            "before": before,
            "after": after,
            "person": FIRST_PERSON,
            "message": _FIRST_MESSAGE,
            "words": "that says nothing. " * 6,
            "time": time.time() - _AGE,
        },
    )
