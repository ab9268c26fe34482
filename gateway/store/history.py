"""What was said in a chat: one row an exchange, a question with its answer."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Collection
from dataclasses import dataclass

from gateway.message import Message, Said
from gateway.session import Turn

EXCHANGES = 200
"""Exchanges of a context or of a chat that are loaded at most; a model's token budget cuts far earlier."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its answer in one context, `session`. Times in seconds since 1970.

    `replaces`: the exchange in whose place it stands, by number.
    """

    session: str
    question: str
    answer: str
    asked: float
    answered: float
    replaces: int | None = None


@dataclass(frozen=True, slots=True)
class StoredExchange:
    """An exchange as it is kept: its number, which grows, the id of the message, and its two turns."""

    id: int
    message: str
    question: Turn
    answer: Turn


def load(connection: sqlite3.Connection, session: str, after: int = 0) -> list[Turn]:
    """The newest turns of a context since it was last cleared, oldest first; those after exchange *after*."""
    kept = load_exchanges(connection, session, after)
    return [turn for exchange in kept for turn in (exchange.question, exchange.answer)]


def load_exchanges(
    connection: sqlite3.Connection, session: str, after: int = 0, timeout: float = 0.0
) -> list[StoredExchange]:
    """The same, exchange by exchange.

    What was said before a silence of more than *timeout* seconds (0 = however long) is another conversation:
    of that the last exchange alone, which shows that there was one. People who come back every day have
    hundreds that no model will be sent.
    """
    found = connection.execute(
        """SELECT id, message, question, answer, asked, answered FROM exchanges
           WHERE session = ? AND id > max(?, coalesce((SELECT start FROM sessions WHERE session = ?), 0))
           ORDER BY id DESC LIMIT ?""",
        (session, after, session, EXCHANGES),
    )
    kept: list[StoredExchange] = []
    following = time.time()
    for row in found:
        kept.append(_stored(row))
        if 0 < timeout < following - row["answered"]:
            break
        following = row["asked"]
    kept.reverse()
    return kept


def transcript(connection: sqlite3.Connection, chat: str, *, waiting: bool = True) -> list[Said]:
    """What was said in the chat with key *chat*, the newest of it, oldest first; and what is *waiting*."""
    found = connection.execute(
        """SELECT message, question, answer, asked, answered FROM exchanges WHERE chat = ?
           ORDER BY id DESC LIMIT ?""",
        (chat, EXCHANGES),
    ).fetchall()
    said = []
    for row in reversed(found):
        said.append(Said(row["message"], "person", row["question"], row["asked"]))
        said.append(Said(row["message"], "bot", row["answer"], row["answered"]))
    return said + (_waiting(connection, chat, {entry.id for entry in said}) if waiting else [])


def _waiting(connection: sqlite3.Connection, chat: str, known: Collection[str]) -> list[Said]:
    found = connection.execute(
        "SELECT body, received FROM inbox WHERE chat = ? AND state = 'waiting' ORDER BY seq", (chat,)
    )
    said = []
    for row in found:
        with contextlib.suppress(ValueError):  # what nobody can read will be a dead letter
            message = Message.from_json(row["body"])
            if message.id not in known:
                said.append(Said(message.id, "person", message.text, row["received"]))
    return said


def add(connection: sqlite3.Connection, message: Message, exchange: Exchange) -> None:
    """Append to a context, or put right what stands there."""
    if exchange.replaces is not None:
        connection.execute(
            "UPDATE exchanges SET question = ?, answer = ?, answered = ? WHERE id = ?",
            (exchange.question, exchange.answer, exchange.answered, exchange.replaces),
        )
        return
    chat = message.chat.key
    connection.execute(
        """INSERT INTO exchanges (session, chat, message, question, answer, asked, answered)
           VALUES (?, ?, ?, ?, ?, ?, ?)""",
        (
            current(connection, chat, exchange.session),
            current(connection, chat, chat),
            message.root,
            exchange.question,
            exchange.answer,
            exchange.asked,
            exchange.answered,
        ),
    )


def find(connection: sqlite3.Connection, chat: str, message: str) -> StoredExchange | None:
    """The exchange that *message* of the chat with key *chat* began."""
    row = connection.execute(
        """SELECT id, message, question, answer, asked, answered FROM exchanges
           WHERE chat = ? AND message = ? ORDER BY id DESC LIMIT 1""",
        (current(connection, chat, chat), message),
    ).fetchone()
    return _stored(row) if row else None


def _stored(row: sqlite3.Row) -> StoredExchange:
    question = Turn("user", row["question"], row["asked"])
    return StoredExchange(
        row["id"], row["message"], question, Turn("assistant", row["answer"], row["answered"])
    )


def forget_message(connection: sqlite3.Connection, chat: str, message: str) -> None:
    """Take what was said in a message, by its id, and the answer to it out of what is remembered.

    A summary that tells of it goes, too: what else that was made of is still there.
    """
    connection.execute(
        """DELETE FROM summaries WHERE session IN (
               SELECT summaries.session FROM exchanges CROSS JOIN summaries USING (session)
               WHERE exchanges.chat = ? AND message = ? AND exchanges.id <= upto)""",
        (chat, message),
    )
    for table in ("exchanges", "talk"):
        connection.execute(f"DELETE FROM {table} WHERE chat = ? AND message = ?", (chat, message))  # noqa: S608 - constants
    connection.execute(
        """UPDATE answers SET text = '', prefix = '', file = ''
           WHERE chat = ? AND (message = ? OR root = ?) AND text IS NOT NULL""",
        (chat, message, message),
    )


def forget_chat(connection: sqlite3.Connection, chat: str) -> None:
    """Delete everything that is kept about the chat with key *chat*, but what the day's quotas count."""
    now = current(connection, chat, chat)
    before = connection.execute("SELECT old FROM moves WHERE new = ?", (now,)).fetchall()
    for key in (now, *(row["old"] for row in before)):
        for table in ("exchanges", "sessions", "summaries", "settings", "talk", "usage"):
            connection.execute(f"DELETE FROM {table} WHERE chat = ?", (key,))  # noqa: S608 - constants
        # Messages stay known by their ids, so that a repetition is not answered; what has no text yet will.
        connection.execute(
            """UPDATE answers SET text = '', prefix = '', file = ''
               WHERE chat = ? AND text IS NOT NULL""",
            (key,),
        )
        connection.execute(
            "UPDATE inbox SET state = 'done', body = x'', error = '' WHERE chat = ? AND state = 'dead'",
            (key,),
        )


def clear(connection: sqlite3.Connection, session: str, chat: str) -> None:
    """Begin a context anew; what was said stays, the model sees no more of it."""
    session, chat = current(connection, chat, session), current(connection, chat, chat)
    connection.execute(
        """INSERT OR REPLACE INTO sessions (session, chat, start)
           VALUES (?, ?, (SELECT coalesce(max(id), 0) FROM exchanges WHERE session = ?))""",
        (session, chat, session),
    )
    connection.execute("DELETE FROM summaries WHERE session = ?", (session,))


def current(connection: sqlite3.Connection, chat: str, session: str) -> str:
    """The key that context *session* of *chat* (a chat's key) has by now.

    A chat may move, and with it its contexts: what was said before that may be answered after it.
    """
    moved = connection.execute("SELECT new FROM moves WHERE old = ?", (chat,)).fetchone()
    return session if moved is None else str(moved["new"]) + session.removeprefix(chat)


def move_chat(connection: sqlite3.Connection, old: str, new: str) -> None:
    """The context and the usage of chat *old* (a chat's key) belong to *new*.

    Answers stay: they belong to messages, and in the new chat the platform counts its messages anew.
    """
    for table in ("exchanges", "sessions", "summaries"):
        connection.execute(
            f"UPDATE OR REPLACE {table} SET chat = ?, session = ? || substr(session, ?) WHERE chat = ?",  # noqa: S608 - constants
            (new, new, len(old) + 1, old),
        )
    for table in ("usage", "settings", "talk"):
        connection.execute(f"UPDATE OR IGNORE {table} SET chat = ? WHERE chat = ?", (new, old))  # noqa: S608 - constants
    connection.execute("DELETE FROM moves WHERE old = ?", (new,))
    connection.execute("UPDATE moves SET new = ? WHERE new = ?", (new, old))
    connection.execute("INSERT OR REPLACE INTO moves VALUES (?, ?, ?)", (old, new, time.time()))
