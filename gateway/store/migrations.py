"""The tables, as an ordered list of changes; the database knows how many of them it has had."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from gateway.errors import StoreError


def _first(connection: sqlite3.Connection) -> None:
    """Messages, answers, history, usage, adapter state, and how the channels are."""
    _inbox(connection)
    _answers(connection)
    _history(connection)
    _usage(connection)
    _channels(connection)


def _inbox(connection: sqlite3.Connection) -> None:
    # `lane` is what is worked in order: the chat, or what overtakes it. `state`: waiting, done, dead.
    connection.execute(
        """CREATE TABLE inbox (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            channel TEXT NOT NULL,
            chat TEXT NOT NULL,
            lane TEXT NOT NULL,
            message TEXT NOT NULL,
            body BLOB NOT NULL,
            received REAL NOT NULL,
            state TEXT NOT NULL DEFAULT 'waiting',
            attempts INTEGER NOT NULL DEFAULT 0,
            not_before REAL NOT NULL DEFAULT 0,
            settled REAL,
            error TEXT NOT NULL DEFAULT '',
            UNIQUE (chat, message)
        )"""
    )
    connection.execute("CREATE INDEX inbox_waiting ON inbox (lane, seq) WHERE state = 'waiting'")
    connection.execute("CREATE INDEX inbox_order ON inbox (seq) WHERE state = 'waiting'")
    parked = "WHERE state = 'waiting' AND not_before > 0"
    connection.execute(f"CREATE INDEX inbox_parked ON inbox (not_before) {parked}")
    connection.execute(f"CREATE INDEX inbox_parked_lane ON inbox (lane) {parked}")
    connection.execute("CREATE INDEX inbox_dead ON inbox (seq) WHERE state = 'dead'")


def _answers(connection: sqlite3.Connection) -> None:
    # `root` is the message that a correction belongs to. `sent` counts the pieces that the platform has;
    # `receipts` is a JSON list of the platform's ids of the messages that they are in.
    connection.execute(
        """CREATE TABLE answers (
            chat TEXT NOT NULL,
            message TEXT NOT NULL,
            root TEXT NOT NULL DEFAULT '',
            text TEXT,
            prefix TEXT NOT NULL DEFAULT '',
            file TEXT NOT NULL DEFAULT '',
            sent INTEGER NOT NULL DEFAULT 0,
            receipts TEXT NOT NULL DEFAULT '[]',
            time REAL NOT NULL,
            PRIMARY KEY (chat, message)
        ) WITHOUT ROWID"""
    )


def _history(connection: sqlite3.Connection) -> None:
    connection.execute(
        """CREATE TABLE exchanges (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            session TEXT NOT NULL,
            chat TEXT NOT NULL,
            message TEXT NOT NULL,
            question TEXT NOT NULL,
            answer TEXT NOT NULL,
            asked REAL NOT NULL,
            answered REAL NOT NULL
        )"""
    )
    connection.execute("CREATE INDEX exchanges_session ON exchanges (session, id)")
    connection.execute("CREATE INDEX exchanges_chat ON exchanges (chat)")
    # A context that was cleared begins after exchange `start`.
    connection.execute(
        "CREATE TABLE sessions (session TEXT PRIMARY KEY, chat TEXT NOT NULL, start INTEGER NOT NULL)"
    )
    # What chats were called before.
    connection.execute("CREATE TABLE moves (old TEXT PRIMARY KEY, new TEXT NOT NULL, time REAL NOT NULL)")
    connection.execute("CREATE INDEX moves_new ON moves (new)")


def _usage(connection: sqlite3.Connection) -> None:
    connection.execute(
        """CREATE TABLE usage (
            day TEXT NOT NULL,
            channel TEXT NOT NULL,
            chat TEXT NOT NULL,
            sender TEXT NOT NULL,
            model TEXT NOT NULL,
            answers INTEGER NOT NULL,
            prompt_tokens INTEGER NOT NULL,
            completion_tokens INTEGER NOT NULL,
            PRIMARY KEY (day, channel, chat, sender, model)
        ) WITHOUT ROWID"""
    )


def _channels(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE state (channel TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (channel, key))"
    )
    connection.execute(
        """CREATE TABLE channels (
            name TEXT PRIMARY KEY,
            state TEXT NOT NULL,
            since REAL NOT NULL,
            last_in REAL,
            last_out REAL,
            last_error TEXT NOT NULL DEFAULT ''
        )"""
    )


def _quotas_and_costs(connection: sqlite3.Connection) -> None:
    """What people have used of their day, and what answers cost."""
    connection.execute(
        """CREATE TABLE quota (
            day TEXT NOT NULL,
            person TEXT NOT NULL,
            messages INTEGER NOT NULL,
            tokens INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (day, person)
        ) WITHOUT ROWID"""
    )
    # The day on whose account a message was counted; NULL: it was not.
    connection.execute("ALTER TABLE answers ADD COLUMN admitted TEXT")
    # `cost` in whole units of `currency`.
    connection.execute("ALTER TABLE usage RENAME TO usage_without_cost")
    connection.execute(
        """CREATE TABLE usage (
            day TEXT NOT NULL,
            channel TEXT NOT NULL,
            chat TEXT NOT NULL,
            sender TEXT NOT NULL,
            model TEXT NOT NULL,
            currency TEXT NOT NULL,
            answers INTEGER NOT NULL,
            prompt_tokens INTEGER NOT NULL,
            completion_tokens INTEGER NOT NULL,
            cost REAL NOT NULL,
            PRIMARY KEY (day, channel, chat, sender, model, currency)
        ) WITHOUT ROWID"""
    )
    connection.execute(
        """INSERT INTO usage SELECT day, channel, chat, sender, model, 'USD', answers, prompt_tokens,
           completion_tokens, 0 FROM usage_without_cost"""
    )
    connection.execute("DROP TABLE usage_without_cost")
    connection.execute("CREATE INDEX usage_person ON usage (channel, sender, day)")
    connection.execute("CREATE INDEX usage_chat ON usage (chat)")


def _summaries(connection: sqlite3.Connection) -> None:
    """Summaries of contexts: `text` stands for the exchanges up to `upto`, the last of them of `time`."""
    connection.execute(
        """CREATE TABLE summaries (
            session TEXT PRIMARY KEY,
            chat TEXT NOT NULL,
            upto INTEGER NOT NULL,
            text TEXT NOT NULL,
            time REAL NOT NULL
        )"""
    )


def _settings(connection: sqlite3.Connection) -> None:
    """What people set for their chat, and what was said beside us in groups."""
    connection.execute(
        """CREATE TABLE settings (
            chat TEXT NOT NULL,
            key TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (chat, key)
        ) WITHOUT ROWID"""
    )
    connection.execute(
        """CREATE TABLE talk (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            chat TEXT NOT NULL,
            message TEXT NOT NULL,
            sender TEXT NOT NULL,
            text TEXT NOT NULL,
            time REAL NOT NULL,
            UNIQUE (chat, message)
        )"""
    )


def _wakes(connection: sqlite3.Connection) -> None:
    """Parked messages that are due as soon as something new is said in their lane."""
    connection.execute("ALTER TABLE inbox ADD COLUMN wakes INTEGER NOT NULL DEFAULT 0")


def _doubts(connection: sqlite3.Connection) -> None:
    """Answers of which a piece may have arrived: people are told so instead of being sent it again."""
    connection.execute("ALTER TABLE answers ADD COLUMN doubtful INTEGER NOT NULL DEFAULT 0")


def _joined(connection: sqlite3.Connection) -> None:
    """Which message a merged one is part of; before, it was told by the order of a lane."""
    connection.execute("ALTER TABLE inbox ADD COLUMN joined INTEGER")
    connection.execute(
        """UPDATE inbox SET joined = (
               SELECT max(seq) FROM inbox AS whole
               WHERE whole.lane = inbox.lane AND whole.state = 'waiting' AND whole.seq < inbox.seq)
           WHERE state = 'merged' AND lane IN (SELECT lane FROM inbox WHERE state = 'waiting')"""
    )


Migration = Callable[[sqlite3.Connection], None]

MIGRATIONS: Sequence[Migration] = (_first, _quotas_and_costs, _summaries, _settings, _wakes, _doubts, _joined)
"""In the order in which they are made; one that was released is never changed."""


def form(connection: sqlite3.Connection) -> int:
    """How many of the changes the database has had; 0: it is new."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def is_current(connection: sqlite3.Connection) -> bool:
    """True where the database has the tables that this gateway knows."""
    return form(connection) == len(MIGRATIONS)


def migrate(connection: sqlite3.Connection, changes: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring the database to the newest form, each change in one transaction.

    Raises `StoreError` where a newer gateway wrote it: to guess would harm it.
    """
    version = form(connection)
    if version > len(changes):
        raise StoreError(
            f"the database is of form {version}, this gateway knows {len(changes)}: "
            "a newer gateway wrote it; install that one again"
        )
    for number, change in enumerate(changes[version:], version + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            change(connection)
            connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
