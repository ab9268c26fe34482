"""Forgetting what has done its duty, so that the database stays bounded."""

from __future__ import annotations

import sqlite3
import time

# Rows deleted in one transaction at most: a long one would keep messages waiting.
_AT_ONCE = 1000


def prune(connection: sqlite3.Connection, before: float) -> bool:
    """Delete some of what was dealt with before *before* (seconds since 1970); true where there is more.

    A settled message must be known as long as its platform may repeat it (Telegram: 24 hours).
    """
    settled = connection.execute(
        """DELETE FROM inbox WHERE seq IN
           (SELECT seq FROM inbox WHERE state IN ('done', 'merged') AND settled < ? ORDER BY seq LIMIT ?)""",
        (before, _AT_ONCE),
    ).rowcount
    answered = connection.execute(
        """DELETE FROM answers WHERE (chat, message) IN (
           SELECT answers.chat, answers.message FROM answers LEFT JOIN inbox
           ON inbox.chat = answers.chat AND inbox.message = answers.message
           WHERE answers.time < ? AND coalesce(inbox.state, 'done') = 'done' LIMIT ?)""",
        (before, _AT_ONCE),
    ).rowcount
    connection.execute("DELETE FROM moves WHERE time < ?", (before,))
    connection.execute("DELETE FROM quota WHERE day < ?", (time.strftime("%Y-%m-%d", time.gmtime(before)),))
    return settled == _AT_ONCE or answered == _AT_ONCE
