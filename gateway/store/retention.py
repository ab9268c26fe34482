"""Forgetting what has done its duty, so that the database stays bounded.

A little in one transaction, for a message must not wait long for it. Tables are walked from end to end: an
index of what is old would have to be paid for with every message.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence

from gateway.store.history import EXCHANGES

# In one transaction at most: rows that are looked at, contexts that are, rows deleted, pages given back.
_ROWS, _CONTEXTS, _DELETED, _PAGES = 1000, 50, 100, 100
# Free pages are left for what comes next: so many, or this share of all.
_SPARE, _SPARE_SHARE = 256, 0.1


def forget_settled(connection: sqlite3.Connection, after: int, before: float) -> int | None:
    """Delete messages that were settled before *before* (seconds since 1970), with their answers.

    A settled message must be known as long as its platform may repeat it (Telegram: 24 hours). Goes on after
    number *after*; returns the number to go on after, None where that was the last.
    """
    found = connection.execute(
        """SELECT seq, chat, message, state IN ('done', 'merged') AND settled < ? AS old FROM inbox
           WHERE seq > ? ORDER BY seq LIMIT ?""",
        (before, after, _ROWS),
    ).fetchall()
    old = [row for row in found if row["old"]][:_DELETED]
    connection.executemany(
        "DELETE FROM answers WHERE chat = ? AND message = ?", [(row["chat"], row["message"]) for row in old]
    )
    connection.executemany("DELETE FROM inbox WHERE seq = ?", [(row["seq"],) for row in old])
    if len(old) == _DELETED:
        return int(old[-1]["seq"])
    return int(found[-1]["seq"]) if len(found) == _ROWS else None


def forget_exchanges(connection: sqlite3.Connection, after: str, before: float, ancient: float) -> str | None:
    """Delete what was said before *ancient*, and before *before* where nobody is given it any more.

    That is what is older than the newest `EXCHANGES` of its context and of its chat: no model is sent it, no
    transcript shows it. Times in seconds since 1970. Takes the contexts behind *after*, in their order;
    returns the one to go on behind, None where that was the last.
    """
    room = _DELETED
    for _ in range(_CONTEXTS):
        found = connection.execute(
            "SELECT session, chat FROM exchanges WHERE session > ? ORDER BY session LIMIT 1", (after,)
        ).fetchone()
        if found is None:
            return None
        session, chat = found
        old = _old_exchanges(connection, session, chat, room, before, ancient)
        connection.executemany("DELETE FROM exchanges WHERE id = ?", [(id,) for id in old])
        _forget_if_empty(connection, session)
        room -= len(old)
        if not room:
            return after  # there may be more of this one
        after = session
    return after


def _old_exchanges(
    connection: sqlite3.Connection, session: str, chat: str, room: int, before: float, ancient: float
) -> Sequence[int]:
    """The numbers of the oldest exchanges of a context, as far as they may go; *room* of them at most."""
    beyond = min(_beyond_reach(connection, "session", session), _beyond_reach(connection, "chat", chat))
    found = connection.execute(
        "SELECT id, answered FROM exchanges WHERE session = ? ORDER BY id LIMIT ?", (session, room)
    )
    old: list[int] = []
    for id, answered in found:
        if answered >= ancient and (answered >= before or id > beyond):
            break
        old.append(id)
    return old


def _beyond_reach(connection: sqlite3.Connection, column: str, value: str) -> int:
    """The newest exchange of a context, or of a chat, beyond its newest `EXCHANGES`; 0: there is none."""
    found = connection.execute(
        f"SELECT id FROM exchanges WHERE {column} = ? ORDER BY id DESC LIMIT 1 OFFSET ?",  # noqa: S608 - constants
        (value, EXCHANGES),
    ).fetchone()
    return int(found["id"]) if found else 0


def _forget_if_empty(connection: sqlite3.Connection, session: str) -> None:
    """Delete the rest of a context of which every exchange is gone."""
    for table in ("sessions", "summaries"):
        connection.execute(
            f"""DELETE FROM {table} WHERE session = :session
                AND NOT EXISTS (SELECT 1 FROM exchanges WHERE session = :session)""",  # noqa: S608 - constants
            {"session": session},
        )


def forget_small(connection: sqlite3.Connection, before: float, ancient: float) -> bool:
    """Delete some of what else is old, of which there is little; true where there may be more.

    That is what chats were called and what quotas counted before *before*, and what was said beside us before
    *ancient*.
    """
    # What a chat was called before is asked as long as a message is there that calls it so.
    connection.execute(
        "DELETE FROM moves WHERE time < ? AND NOT EXISTS (SELECT 1 FROM inbox WHERE chat = old)", (before,)
    )
    counted: int = connection.execute(
        """DELETE FROM quota WHERE (day, person) IN (SELECT day, person FROM quota WHERE day < ? LIMIT ?)""",
        (time.strftime("%Y-%m-%d", time.gmtime(before)), _DELETED),
    ).rowcount
    overheard: int = connection.execute(
        "DELETE FROM talk WHERE id IN (SELECT id FROM talk WHERE time < ? LIMIT ?)", (ancient, _DELETED)
    ).rowcount
    return max(counted, overheard) >= _DELETED


def give_back(connection: sqlite3.Connection) -> bool:
    """Give some free pages back to the disk; true where there may be more.

    Nothing in a database that was made before this was thought of: `auto_vacuum` is set when it is made.
    """
    (kind,) = connection.execute("PRAGMA auto_vacuum").fetchone()
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    wanted: int = free - max(_SPARE, int(pages * _SPARE_SHARE))
    if kind == 0 or wanted <= 0:
        return False
    for _ in range(min(wanted, _PAGES)):
        # Python's sqlite3 goes no further than the first page, however many it is told to give back.
        connection.execute("PRAGMA incremental_vacuum(1)")
    return wanted > _PAGES
