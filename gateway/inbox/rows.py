"""The inbox's table: every statement on it, as functions of a connection."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from gateway.message import Message, Moved, Recalled
from gateway.store import answers, state
from gateway.store.history import forget_message, move_chat

Placed = tuple[str, Message]
"""A message with its lane."""

# Lanes whose time has come, opened at one reading at most.
_DUE_AT_ONCE = 64

# The time of what is parked and due, whatever a clock says.
_LONG_AGO = 1.0

_COLUMNS = "seq, lane, message, body, attempts, received, wakes"
_WHOLE = "seq, channel, chat, lane, message, body, state, not_before, joined"


Claimed = Callable[[str, str], object]
"""Whether a row is being worked on, by its lane and its id."""


def _nobody(lane: str, id: str) -> bool:
    return False


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
class Change:
    """What a waiting row of *lane* says since something was corrected or recalled; None: it is settled.

    `correction` says the same as a message of its own, for where that row is worked on already. `id` is the
    row's, `new` false where it said so before, `parked` true where the row that was settled was.
    """

    channel: str
    lane: str
    id: str
    says: Message | None
    correction: Message | None = None
    new: bool = True
    parked: bool = False


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


def add(
    connection: sqlite3.Connection, channel: str, messages: Iterable[Placed], claimed: Claimed = _nobody
) -> list[Change]:
    """Insert messages with their lanes; what is known already is left as it is.

    Returns what corrections say of rows that wait, or are being worked on: of those that are *claimed* they
    are messages of their own already.
    """
    changes = []
    for lane, message in messages:
        if message.edit_of is None:
            insert(connection, channel, lane, message)
        elif (waiting := _waiting(connection, message)) is not None:
            changes.append(_correct(connection, waiting, message, claimed))
        elif message.mentioned or _known(connection, message):
            insert(connection, channel, lane, message)
    return changes


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


def follow(connection: sqlite3.Connection, change: Change, *, late: bool = False) -> bool:
    """Put a correction behind what it corrects: it is *late*, or that was settled a moment ago.

    False where it does not wait there: what it corrects says it already, or it is settled.
    """
    if change.correction is None:
        return False
    chat = change.correction.chat.key
    found = _find(connection, chat, change.id)
    if late or found is None or found["state"] != "waiting":
        insert(connection, change.channel, change.lane, change.correction)
    own = _find(connection, chat, change.correction.id)
    return own is not None and own["state"] == "waiting"


def _find(connection: sqlite3.Connection, chat: str, id: str) -> sqlite3.Row | None:
    """The row of message *id* of a chat (its key)."""
    found = connection.execute(f"SELECT {_WHOLE} FROM inbox WHERE chat = ? AND message = ?", (chat, id))  # noqa: S608 - a constant
    return cast("sqlite3.Row | None", found.fetchone())


def _holder(connection: sqlite3.Connection, row: sqlite3.Row | None) -> sqlite3.Row | None:
    """*row*, or the one that it was merged into; that one's lane may be another."""
    while row is not None and row["state"] == "merged":
        row = connection.execute(f"SELECT {_WHOLE} FROM inbox WHERE seq = ?", (row["joined"],)).fetchone()  # noqa: S608 - a constant
    return row


def _waiting(connection: sqlite3.Connection, message: Message) -> sqlite3.Row | None:
    """What *message* corrects, or what that was merged into, where it waits or is being worked on."""
    found = _holder(connection, _find(connection, message.chat.key, message.root))
    return found if found is not None and found["state"] == "waiting" else None


def _correct(
    connection: sqlite3.Connection, waiting: sqlite3.Row, message: Message, claimed: Claimed
) -> Change:
    """Correct what waits.

    Often nothing is new in it: Telegram tells of a link's preview as of an edit, and platforms repeat
    themselves. What has its answer already stays as it is, and the correction comes behind it.
    """
    try:
        before = Message.from_json(waiting["body"])
    except ValueError:  # nobody can read it: what it was is replaced as a whole
        before = replace(message, id=message.root, edit_of=None, parts=())
    after = before.revised(message)
    correction = replace(after, id=message.id, time=message.time, edit_of=before.root)
    change = _changed(waiting, after, correction, new=after != before)
    if not change.new:
        return change
    decided = answers.is_decided(connection, waiting["chat"], waiting["message"])
    if not decided:
        connection.execute("UPDATE inbox SET body = ? WHERE seq = ?", (after.to_json(), waiting["seq"]))
    if decided or claimed(change.lane, change.id):
        follow(connection, change, late=True)
    return change


def _changed(row: sqlite3.Row, says: Message | None, correction: Message | None, *, new: bool) -> Change:
    parked = row["not_before"] > 0
    return Change(row["channel"], row["lane"], row["message"], says, correction, new, parked)


def _known(connection: sqlite3.Connection, message: Message) -> bool:
    found = connection.execute(
        "SELECT 1 FROM inbox WHERE chat = ? AND message = ? AND state != 'merged'",
        (message.chat.key, message.root),
    )
    return found.fetchone() is not None


def recall(connection: sqlite3.Connection, recalled: Recalled, claimed: Claimed = _nobody) -> list[Change]:
    """Neither the queue nor the history has the message any more.

    What it was merged with stays: where that is *claimed*, as a message of its own.
    """
    chat = recalled.chat.key
    forget_message(connection, chat, recalled.id)
    found = _find(connection, chat, recalled.id)
    holder = _holder(connection, found)
    if found is None or holder is None:
        return []
    if holder["state"] == "done" and holder is not found:
        # What it was part of is answered: that question cannot be remembered without it.
        forget_message(connection, chat, answers.root(connection, chat, holder["message"]))
    if holder["state"] == "dead":
        _take_out(connection, holder, recalled.id)
    return _take_out_of_lane(connection, holder["lane"], recalled.id, claimed)


def _take_out_of_lane(connection: sqlite3.Connection, lane: str, id: str, claimed: Claimed) -> list[Change]:
    """Take message *id* out of all that waits in *lane*: corrections of what it is part of have its words."""
    waiting = connection.execute(
        f"SELECT {_WHOLE} FROM inbox WHERE lane = ? AND state = 'waiting' ORDER BY seq",  # noqa: S608 - a constant
        (lane,),
    ).fetchall()
    changes = list[Change]()
    newer = set[str]()
    for row in reversed(waiting):
        change = _take_out(connection, row, id)
        if change is None:
            continue
        if change.correction is not None and change.correction.root in newer:
            # A newer correction says all of it: behind that, this one would have the last word.
            done(connection, row["seq"])
            change = replace(change, says=None, correction=None)
        elif change.correction is not None:
            newer.add(change.correction.root)
        if claimed(change.lane, change.id):
            follow(connection, change, late=True)
        changes.append(change)
    return changes


def _take_out(connection: sqlite3.Connection, row: sqlite3.Row, id: str) -> Change | None:
    """Take message *id* out of what a row says; None where it is no part of that."""
    try:
        before = Message.from_json(row["body"])
    except ValueError:
        before = None
    if before is None:
        if row["message"] != id:
            return None
        after, root = None, id
    else:
        after, root = before.without(id), before.root
        if after == before:
            return None
    forget_message(connection, row["chat"], root)
    if after is None:
        done(connection, row["seq"])
        return _changed(row, None, None, new=True)
    # Whatever was decided to say answers what was recalled, too.
    answers.reconsider(connection, row["chat"], row["message"])
    connection.execute("UPDATE inbox SET body = ? WHERE seq = ?", (after.to_json(), row["seq"]))
    return _changed(row, after, replace(after, id=f"{id}~recalled", edit_of=root), new=True)


def merge(
    connection: sqlite3.Connection, lane: str, seq: int, limit: int, mergeable: Callable[[Message], bool]
) -> tuple[Message, list[str]] | None:
    """Make the rows after *seq*, as far as they are *mergeable*, part of it; returns it and their ids.

    None where it was recalled: it takes nothing with it. Nor does one whose answer is decided already, and
    what has an answer is no part of another: both may have been given up, and be tried again.
    """
    found = connection.execute(
        "SELECT chat, message, body FROM inbox WHERE seq = ? AND state = 'waiting'", (seq,)
    ).fetchone()
    if found is None:
        return None
    message, merged = Message.from_json(found["body"]), []
    if answers.is_decided(connection, found["chat"], found["message"]):
        return message, []
    for row in _of_lane(connection, lane, seq, limit):
        try:
            following = Message.from_json(row.body)
        except ValueError:  # it is dealt with when its turn comes
            break
        if message.edit_of is None and following.edit_of == message.id:
            merged.append(row)  # it was corrected meanwhile, and says so already
            continue
        if not mergeable(following) or answers.is_begun(connection, following.chat.key, row.id):
            break
        message = message.joined(following)
        merged.append(row)
    connection.execute("UPDATE inbox SET body = ? WHERE seq = ?", (message.to_json(), seq))
    connection.executemany(
        """UPDATE inbox SET state = 'merged', joined = ?, settled = ?, not_before = 0, body = x''
           WHERE seq = ?""",
        [(seq, time.time(), row.seq) for row in merged],
    )
    return message, [row.id for row in merged]


def keep_cursor(connection: sqlite3.Connection, channel: str, cursor: str) -> None:
    """Write down how far the channel's adapter has read."""
    state.save(connection, channel, "cursor", cursor)


def move(connection: sqlite3.Connection, moved: Moved) -> None:
    """The context of a chat belongs to its new id from now on.

    Its messages keep the old one, which they are known by: the platform counts those of the new chat anew,
    so that two may bear the same id. Whoever answers them learns the new id when sending.
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
    """Given up: a dead letter, unless it was recalled meanwhile."""
    connection.execute(
        """UPDATE inbox SET state = 'dead', settled = ?, not_before = 0, error = ?
           WHERE seq = ? AND state = 'waiting'""",
        (time.time(), error, seq),
    )


def drop(connection: sqlite3.Connection, lane: str) -> bool:
    """What *lane* is parked with is dealt with, sent or not; false where it is not parked."""
    dropped = connection.execute(
        """UPDATE inbox SET state = 'done', settled = ?, not_before = 0, body = x''
           WHERE not_before > 0
           AND seq = (SELECT min(seq) FROM inbox WHERE lane = ? AND state = 'waiting')""",
        (time.time(), lane),
    )
    return dropped.rowcount > 0


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


def unpark(connection: sqlite3.Connection, since: float) -> None:
    """What is parked, and was received after *since* (seconds since 1970), is due."""
    # "not_before > 0" is what lets SQLite use the index of what is parked.
    connection.execute(
        "UPDATE inbox SET not_before = ? WHERE state = 'waiting' AND not_before > 0 AND received > ?",
        (_LONG_AGO, since),
    )


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
