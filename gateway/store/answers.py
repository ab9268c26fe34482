"""Answers on their way: what was decided to say, and how much of it the platform has."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import orjson

from gateway.message import Message


@dataclass(slots=True)
class Answer:
    """The answer to one message.

    `prefix` is plain text that goes before it. `file`: the text is to come as a file of that name, where the
    platform takes files. `sent` counts the pieces that the platform has. `receipts`
    are the platform's ids of the messages that the pieces belong in, as far as these are there: of one that
    showed the answer growing, or of an earlier answer to the same question. `doubtful`: nobody knows whether
    the platform has the next piece as well.
    """

    text: str
    prefix: str = ""
    sent: int = 0
    receipts: tuple[str, ...] = ()
    file: str = ""
    doubtful: bool = False


def load(connection: sqlite3.Connection, message: Message) -> tuple[Answer | None, tuple[str, ...]]:
    """The answer that was decided on before a crash, or None; and the messages that it belongs in.

    A correction takes over the messages of the answer that it corrects.
    """
    row = connection.execute(
        "SELECT text, prefix, sent, receipts, file, doubtful FROM answers WHERE chat = ? AND message = ?",
        (message.chat.key, message.id),
    ).fetchone()
    if row is not None and row["text"] is not None:
        receipts = tuple(orjson.loads(row["receipts"]))
        doubtful = bool(row["doubtful"])
        return Answer(row["text"], row["prefix"], row["sent"], receipts, row["file"], doubtful), receipts
    if row is not None and row["receipts"] != "[]":
        return None, tuple(orjson.loads(row["receipts"]))
    return None, _earlier(connection, message) if message.edit_of else ()


def awaited(connection: sqlite3.Connection, chat: str, messages: Collection[str]) -> list[str]:
    """Those of *messages*, ids in the chat with key *chat*, that the inbox has not settled."""
    waiting = "SELECT 1 FROM inbox WHERE chat = ? AND message = ? AND state = 'waiting'"
    return [id for id in messages if connection.execute(waiting, (chat, id)).fetchone() is not None]


def is_settled(connection: sqlite3.Connection, message: Message) -> bool:
    """True where the inbox has settled *message*: recalled, whoever works on it has not heard of that yet."""
    found = connection.execute(
        "SELECT 1 FROM inbox WHERE chat = ? AND message = ? AND state != 'waiting'",
        (message.chat.key, message.id),
    )
    return found.fetchone() is not None


def is_decided(connection: sqlite3.Connection, chat: str, message: str) -> bool:
    """True where it is decided what to say to *message* of the chat with key *chat*."""
    found = connection.execute(
        "SELECT 1 FROM answers WHERE chat = ? AND message = ? AND text IS NOT NULL", (chat, message)
    )
    return found.fetchone() is not None


def is_begun(connection: sqlite3.Connection, chat: str, message: str) -> bool:
    """The same, or some of an answer is to be seen already."""
    found = connection.execute(
        "SELECT 1 FROM answers WHERE chat = ? AND message = ? AND (text IS NOT NULL OR receipts != '[]')",
        (chat, message),
    )
    return found.fetchone() is not None


def reconsider(connection: sqlite3.Connection, chat: str, message: str) -> None:
    """Forget what was decided to say to *message*; the messages that it was said in are known."""
    connection.execute(
        """UPDATE answers SET text = NULL, prefix = '', file = '', sent = 0, doubtful = 0
           WHERE chat = ? AND message = ?""",
        (chat, message),
    )


def root(connection: sqlite3.Connection, chat: str, message: str) -> str:
    """The id of what *message* was when it was first written, as far as there is an answer to it."""
    found = connection.execute(
        "SELECT root FROM answers WHERE chat = ? AND message = ?", (chat, message)
    ).fetchone()
    return str(found["root"] or message) if found else message


def _earlier(connection: sqlite3.Connection, message: Message) -> tuple[str, ...]:
    row = connection.execute(
        """SELECT receipts FROM answers WHERE chat = ? AND (message = ? OR root = ?) AND receipts != '[]'
           ORDER BY time DESC LIMIT 1""",
        (message.chat.key, message.root, message.root),
    ).fetchone()
    return tuple(orjson.loads(row["receipts"])) if row else ()


def save(connection: sqlite3.Connection, message: Message, answer: Answer) -> None:
    """Write down what is going to be said."""
    connection.execute(
        """INSERT INTO answers (chat, message, root, text, prefix, file, sent, receipts, time)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET text = excluded.text, prefix = excluded.prefix, file = excluded.file,
           sent = excluded.sent, receipts = excluded.receipts, doubtful = 0, time = excluded.time""",
        (
            message.chat.key,
            message.id,
            message.root,
            answer.text,
            answer.prefix,
            answer.file,
            answer.sent,
            _list(answer.receipts),
            time.time(),
        ),
    )


def save_sent(connection: sqlite3.Connection, message: Message, sent: int, receipts: Sequence[str]) -> None:
    """Write down how many pieces the platform has, and where."""
    connection.execute(
        "UPDATE answers SET sent = ?, receipts = ? WHERE chat = ? AND message = ?",
        (sent, _list(receipts), message.chat.key, message.id),
    )


def doubt(connection: sqlite3.Connection, message: Message) -> None:
    """Write down that nobody knows whether the platform has the next piece."""
    connection.execute(
        "UPDATE answers SET doubtful = 1 WHERE chat = ? AND message = ?", (message.chat.key, message.id)
    )


def save_receipt(connection: sqlite3.Connection, message: Message, receipt: str) -> None:
    """Write down which message shows the answer growing."""
    connection.execute(
        """INSERT INTO answers (chat, message, root, receipts, time) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET receipts = excluded.receipts""",
        (message.chat.key, message.id, message.root, _list([receipt]), time.time()),
    )


def _list(receipts: Sequence[str]) -> str:
    return orjson.dumps(receipts).decode()
