"""The inbox's table: every statement on it, as functions of a connection."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.message import Message, Moved, Recalled
from gateway.store import state
from gateway.store.history import forget_message, move_chat

Placed = tuple[str, Message]
"""A message with its lane."""

# Lanes whose time has come, opened at one reading at most.
_DUE_AT_ONCE = 64

# The time of what is parked and due, whatever a clock says.
_LONG_AGO = 1.0

_COLUMNS = "seq, lane, message, body, attempts, received, wakes"


@dataclass(slots=True)
class Row:
    """A waiting message; `id` is the platform's, `body` its JSON, empty where it was recalled.

    `wakes`: it was put off last until something new is said in its lane.
    """

    seq: int
    id: str
    body: bytes
    attempts: int
    received: float
    wakes: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """What one reading found.

    `due`: lanes whose parked row may be tried again, with the first rows of each. `more`: the next rows of
    the lanes that asked. `scan`: new rows in order, with their lanes, up to sequence number `scanned`;
    `behind` says that there are more of them. `next_due`: when the next parked row may be tried (seconds
    since 1970), 0 = none is parked.
    """

    due: Mapping[str, Sequence[Row]]
    more: Mapping[str, Sequence[Row]]
    scan: Sequence[tuple[str, Row]]
    scanned: int
    behind: bool
    next_due: float


def add(connection: sqlite3.Connection, channel: str, messages: Iterable[Placed]) -> list[Placed]:
    """Insert messages with their lanes; what is known already is left as it is.

    Returns the corrections that replaced the text of a row that waits, or is being worked on.
    """
    corrections = []
    for lane, message in messages:
        if message.edit_of is None:
            insert(connection, channel, lane, message)
        elif (waiting := _waiting(connection, message)) is not None:
            corrections += _correct(connection, waiting, message)
        elif message.mentioned or _known(connection, message):
            insert(connection, channel, lane, message)
    return corrections


def insert(connection: sqlite3.Connection, channel: str, lane: str, message: Message) -> None:
    """Insert one message, if its id is new in its chat; what waits for it in its lane is due."""
    inserted = connection.execute(
        """INSERT OR IGNORE INTO inbox (channel, chat, lane, message, body, received)
           VALUES (?, ?, ?, ?, ?, ?)""",
        (channel, message.chat.key, lane, message.id, message.to_json(), time.time()),
    )
    if inserted.rowcount > 0:
        # "not_before > 0" is what lets SQLite use the index of what is parked.
        connection.execute(
            """UPDATE inbox SET not_before = ?
               WHERE lane = ? AND state = 'waiting' AND not_before > 0 AND wakes""",
            (_LONG_AGO, lane),
        )


def corrected(message: Message) -> bytes:
    """The body of the message that *message* corrects."""
    return replace(message, id=message.root, edit_of=None).to_json()


def waits(connection: sqlite3.Connection, message: Message) -> bool:
    """True where what *message* corrects waits, or is being worked on."""
    return _waiting(connection, message) is not None


def _waiting(connection: sqlite3.Connection, message: Message) -> sqlite3.Row | None:
    """What *message* corrects, or what that was merged into; its lane may be another."""
    found: sqlite3.Row | None = connection.execute(
        "SELECT seq, lane, state, body FROM inbox WHERE chat = ? AND message = ?",
        (message.chat.key, message.root),
    ).fetchone()
    if found is not None and found["state"] == "merged":
        found = connection.execute(
            """SELECT seq, lane, state, body FROM inbox WHERE lane = ? AND seq < ? AND state != 'merged'
               ORDER BY seq DESC LIMIT 1""",
            (found["lane"], found["seq"]),
        ).fetchone()
    return found if found is not None and found["state"] == "waiting" else None


def _correct(connection: sqlite3.Connection, waiting: sqlite3.Row, message: Message) -> list[Placed]:
    """Correct what waits; nothing where nothing changes: Telegram tells of a link's preview as of an edit."""
    try:
        before = Message.from_json(waiting["body"])
    except ValueError:  # nobody can read it: what it was is replaced as a whole
        before = replace(message, id=message.root, edit_of=None, parts=())
    after = before.revised(message)
    if after == before:
        return []
    connection.execute("UPDATE inbox SET body = ? WHERE seq = ?", (after.to_json(), waiting["seq"]))
    return [(waiting["lane"], replace(after, id=message.id, time=message.time, edit_of=before.id))]


def _known(connection: sqlite3.Connection, message: Message) -> bool:
    found = connection.execute(
        "SELECT 1 FROM inbox WHERE chat = ? AND message = ? AND state != 'merged'",
        (message.chat.key, message.root),
    )
    return found.fetchone() is not None


def recall(connection: sqlite3.Connection, recalled: Recalled) -> set[str]:
    """Neither the queue nor the history has the message any more.

    Returns the lane that was parked with it, if one was: no row tells any more when that is to be opened.
    """
    chat = recalled.chat.key
    parked = connection.execute(
        "SELECT lane FROM inbox WHERE chat = ? AND message = ? AND state = 'waiting' AND not_before > 0",
        (chat, recalled.id),
    ).fetchall()
    connection.execute(
        """UPDATE inbox SET state = 'done', settled = ?, not_before = 0, body = x''
           WHERE chat = ? AND message = ? AND state = 'waiting'""",
        (time.time(), chat, recalled.id),
    )
    forget_message(connection, chat, recalled.id)
    return {str(row["lane"]) for row in parked}


def merge(
    connection: sqlite3.Connection, lane: str, seq: int, limit: int, mergeable: Callable[[Message], bool]
) -> tuple[Message, list[str]] | None:
    """Make the rows after *seq*, as far as they are *mergeable*, part of it; returns it and their ids.

    None where it was recalled: it takes nothing with it.
    """
    found = connection.execute(
        "SELECT body FROM inbox WHERE seq = ? AND state = 'waiting'", (seq,)
    ).fetchone()
    if found is None:
        return None
    message, merged = Message.from_json(found["body"]), []
    for row in _of_lane(connection, lane, seq, limit):
        try:
            following = Message.from_json(row.body)
        except ValueError:  # it is dealt with when its turn comes
            break
        if not mergeable(following):
            break
        message = message.joined(following)
        merged.append(row)
    connection.execute("UPDATE inbox SET body = ? WHERE seq = ?", (message.to_json(), seq))
    connection.executemany(
        "UPDATE inbox SET state = 'merged', settled = ?, not_before = 0, body = x'' WHERE seq = ?",
        [(time.time(), row.seq) for row in merged],
    )
    return message, [row.id for row in merged]


def keep_cursor(connection: sqlite3.Connection, channel: str, cursor: str) -> None:
    """Write down how far the channel's adapter has read."""
    state.save(connection, channel, "cursor", cursor)


def move(connection: sqlite3.Connection, moved: Moved) -> None:
    """The context of a chat belongs to its new id from now on.

    Its messages keep the old one, which they are known by: the platform counts those of the new chat anew,
    so that two may bear the same id. Who answers them learns the new id when he sends.
    """
    move_chat(connection, moved.chat.key, moved.chat.moved(moved.to).key)


def done(connection: sqlite3.Connection, seq: int) -> None:
    """Dealt with. The row stays a while, without its body, to know a repetition by."""
    connection.execute(
        "UPDATE inbox SET state = 'done', settled = ?, not_before = 0, body = x'' WHERE seq = ?",
        (time.time(), seq),
    )


def park(
    connection: sqlite3.Connection, seq: int, due: float, error: str, wakes: float | None = None
) -> bool:
    """To be tried again, not before *due* (seconds since 1970); false where it was recalled meanwhile.

    Where it *wakes*, as soon as something is put into its lane, or was since that time.
    """
    if wakes is not None and _continued(connection, seq, wakes):
        due = _LONG_AGO
    parked = connection.execute(
        """UPDATE inbox SET attempts = attempts + 1, not_before = ?, error = ?, wakes = ?
           WHERE seq = ? AND state = 'waiting'""",
        (due, error, wakes is not None, seq),
    )
    return parked.rowcount > 0


def _continued(connection: sqlite3.Connection, seq: int, since: float) -> bool:
    """True where something was put into the lane of a row *since* then (seconds since 1970)."""
    found = connection.execute(
        """SELECT 1 FROM inbox WHERE lane = (SELECT lane FROM inbox WHERE seq = :seq)
           AND state = 'waiting' AND seq > :seq AND received >= :since""",
        {"seq": seq, "since": since},
    )
    return found.fetchone() is not None


def bury(connection: sqlite3.Connection, seq: int, error: str) -> None:
    """Given up: a dead letter."""
    connection.execute(
        "UPDATE inbox SET state = 'dead', settled = ?, not_before = 0, error = ? WHERE seq = ?",
        (time.time(), error, seq),
    )


def read(
    connection: sqlite3.Connection,
    scanned: int,
    room: int,
    per_lane: int,
    thirsty: Mapping[str, int],
    open_lanes: Collection[str],
    reopen: Collection[str] = (),
) -> Batch:
    """Find what there is to do: see `Batch`.

    *scanned*: the last sequence number that was read; *room*: rows wanted at most, but lanes that are due or
    thirsty always get theirs; *per_lane*: rows wanted of one lane at most; *thirsty*: lanes that want more,
    after which sequence number; *open_lanes*: lanes in memory, which no parked row may overtake;
    *reopen*: lanes that are to be opened, if nothing of them is parked for later.
    """
    due = _take_due(connection, per_lane, open_lanes, reopen)
    more = {lane: _of_lane(connection, lane, last, per_lane) for lane, last in thirsty.items()}
    room -= sum(map(len, (*due.values(), *more.values())))
    found = connection.execute(
        f"""SELECT {_COLUMNS} FROM inbox AS found
            WHERE state = 'waiting' AND seq > ? AND NOT EXISTS (
                SELECT 1 FROM inbox AS parked
                WHERE parked.lane = found.lane AND parked.state = 'waiting' AND parked.not_before > 0)
            ORDER BY seq LIMIT ?""",  # noqa: S608 - a constant
        (scanned, max(room, 0)),
    ).fetchall()
    full = len(found) >= room
    if not full:
        (scanned,) = connection.execute("SELECT coalesce(max(seq), 0) FROM inbox").fetchone()
    elif found:
        scanned = found[-1]["seq"]
    # What is due by now and was left out waits for its lane, not for a time.
    (next_due,) = connection.execute(
        # "> 0" is what lets SQLite use the index of what is parked.
        """SELECT coalesce(min(not_before), 0) FROM inbox
           WHERE state = 'waiting' AND not_before > 0 AND not_before > ?""",
        (time.time(),),
    ).fetchone()
    behind = full or len(due) >= _DUE_AT_ONCE
    return Batch(due, more, [(row["lane"], _row(row)) for row in found], scanned, behind, next_due)


def _take_due(
    connection: sqlite3.Connection, per_lane: int, open_lanes: Collection[str], reopen: Collection[str]
) -> dict[str, list[Row]]:
    lanes = connection.execute(
        """SELECT DISTINCT lane FROM inbox WHERE state = 'waiting' AND not_before > 0 AND not_before <= ?
           LIMIT ?""",
        (time.time(), _DUE_AT_ONCE),
    ).fetchall()
    due: dict[str, list[Row]] = {}
    for (lane,) in lanes:
        if lane in open_lanes:
            continue
        connection.execute(
            "UPDATE inbox SET not_before = 0 WHERE lane = ? AND state = 'waiting' AND not_before > 0", (lane,)
        )
        due[lane] = _of_lane(connection, lane, 0, per_lane)
    for lane in set(reopen).difference(due, open_lanes):
        parked = connection.execute(
            "SELECT 1 FROM inbox WHERE lane = ? AND state = 'waiting' AND not_before > 0", (lane,)
        ).fetchone()
        due[lane] = [] if parked else _of_lane(connection, lane, 0, per_lane)
    return due


def _of_lane(connection: sqlite3.Connection, lane: str, after: int, limit: int) -> list[Row]:
    found = connection.execute(
        f"""SELECT {_COLUMNS} FROM inbox
            WHERE lane = ? AND state = 'waiting' AND seq > ? ORDER BY seq LIMIT ?""",  # noqa: S608 - a constant
        (lane, after, limit),
    )
    return [_row(row) for row in found]


def _row(row: sqlite3.Row) -> Row:
    return Row(row["seq"], row["message"], row["body"], row["attempts"], row["received"], bool(row["wakes"]))
