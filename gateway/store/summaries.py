"""Summaries of what was said in a context before the turns that its model is sent."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.session import Session, Summary
from gateway.store import history
from gateway.store.database import Database
from gateway.store.history import StoredExchange


@dataclass(frozen=True, slots=True)
class Backlog:
    """A summary, and the exchanges after it, oldest first."""

    summary: Summary | None
    exchanges: Sequence[StoredExchange]

    def session(self, timeout: float) -> Session:
        """The same as a model's context; *timeout* in seconds."""
        turns = [turn for kept in self.exchanges for turn in (kept.question, kept.answer)]
        return Session(turns, timeout, self.summary)


class Summaries:
    """The summaries in the database. Every method raises `StoreError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, chat: str, session: str) -> Backlog:
        """What there is of context *session* of *chat*, a chat's key."""

        def work(connection: sqlite3.Connection) -> Backlog:
            called = history.current(connection, chat, session)
            summary = load(connection, called)
            return Backlog(
                summary, history.load_exchanges(connection, called, summary.upto if summary else 0)
            )

        return await self._database.run(work)

    async def save(self, chat: str, session: str, summary: Summary) -> bool:
        """Keep *summary*; false where it came too late."""
        return await self._database.run(lambda connection: save(connection, chat, session, summary))


def load(connection: sqlite3.Connection, session: str) -> Summary | None:
    """The summary of a context, by what that is called now."""
    row = connection.execute(
        "SELECT text, upto, time FROM summaries WHERE session = ?", (session,)
    ).fetchone()
    return Summary(row["text"], row["upto"], row["time"]) if row else None


def save(connection: sqlite3.Connection, chat: str, session: str, summary: Summary) -> bool:
    """Keep *summary* of context *session* of *chat* (a chat's key), unless it came too late.

    That is where another tells of as much, or where the context was cleared or forgotten meanwhile.
    """
    session, chat = history.current(connection, chat, session), history.current(connection, chat, chat)
    saved = connection.execute(
        """INSERT INTO summaries (session, chat, upto, text, time)
           SELECT session, ?, id, ?, ? FROM exchanges WHERE id = ? AND session = ?
           AND id > coalesce((SELECT start FROM sessions WHERE session = exchanges.session), 0)
           ON CONFLICT DO UPDATE SET upto = excluded.upto, text = excluded.text, time = excluded.time
           WHERE excluded.upto > upto""",
        (chat, summary.text, summary.time, summary.upto, session),
    )
    return saved.rowcount > 0


def forget(connection: sqlite3.Connection, chat: str) -> None:
    """Delete the summaries of every context of *chat*, a chat's key as it is now."""
    connection.execute("DELETE FROM summaries WHERE chat = ?", (chat,))
