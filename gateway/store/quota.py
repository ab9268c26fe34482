"""Daily quotas: how many messages and tokens of each person were counted on a day, each exactly once."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass

from gateway.limits import Limits, person
from gateway.message import Message


@dataclass(frozen=True, slots=True)
class Counted:
    """What stands on one person's account of one day."""

    messages: int = 0
    tokens: int = 0


def admit(connection: sqlite3.Connection, message: Message, day: str, limits: Limits) -> bool:
    """Count *message* on its author's account of *day*; False: that is used up, nothing is counted.

    A message that was admitted already, before a crash, is admitted again and counted no second time. One
    that is refused may be asked about again, until there is an answer to it. *limits* has a daily one.
    """
    if not _mark(connection, message, day):
        return True
    counted = connection.execute(
        """INSERT INTO quota (day, person, messages) VALUES (:day, :person, 1)
           ON CONFLICT DO UPDATE SET messages = messages + 1
           WHERE (:messages = 0 OR messages < :messages) AND (:tokens = 0 OR tokens < :tokens)""",
        {
            "day": day,
            "person": person(message),
            "messages": limits.messages_per_day,
            "tokens": limits.tokens_per_day,
        },
    ).rowcount
    if not counted:
        _unmark(connection, message)
    return bool(counted)


def spend(connection: sqlite3.Connection, message: Message, tokens: int) -> None:
    """Count what the answer to *message* cost, on the account on which the message was counted."""
    connection.execute(
        """UPDATE quota SET tokens = tokens + ? WHERE person = ?
           AND day = (SELECT admitted FROM answers WHERE chat = ? AND message = ?)""",
        (tokens, person(message), message.chat.key, message.id),
    )


def load(connection: sqlite3.Connection, who: str, day: str) -> Counted:
    """What was counted for *who* (``channel:id``) on *day*."""
    row = connection.execute(
        "SELECT messages, tokens FROM quota WHERE day = ? AND person = ?", (day, who)
    ).fetchone()
    return Counted(row["messages"], row["tokens"]) if row else Counted()


def _mark(connection: sqlite3.Connection, message: Message, day: str) -> bool:
    """Write down that *message* counts on *day*; False where it does already, or on another one."""
    marked = connection.execute(
        """INSERT INTO answers (chat, message, root, admitted, time) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET admitted = excluded.admitted WHERE admitted IS NULL""",
        (message.chat.key, message.id, message.root, day, time.time()),
    )
    return marked.rowcount > 0


def _unmark(connection: sqlite3.Connection, message: Message) -> None:
    connection.execute(
        "UPDATE answers SET admitted = NULL WHERE chat = ? AND message = ?", (message.chat.key, message.id)
    )
