"""The inbox in our own database, for a gateway of one process.

The database is the queue; memory holds a window of it. Only the reader (`claims`) opens lanes, and only it
drops one that is parked, so there is one order of events to think about. For every waiting row one of these
holds: it is ahead of `_scanned` and will be read; it is in its lane's `rows`; its lane is `partial` (more
of it is in the database); its lane is parked (nothing of it is read before its first row is due).
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import sqlite3
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from gateway import metrics
from gateway.backoff import delays
from gateway.errors import InboxError, StoreError
from gateway.inbox import rows
from gateway.inbox.rows import Row
from gateway.message import Event, Message, Moved, Recalled
from gateway.store.database import Database

logger = logging.getLogger(__name__)

# What waits for a reason outside this process (a clock set back, the operator's retry) is found after this
# many seconds.
_LOOK_AGAIN = 5.0
# A clock that is this much behind what it was (seconds) was set back.
_SET_BACK = 1.0


T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Lane:
    key: str
    rows: deque[Row] = field(default_factory=deque)
    last: int = 0  # the newest row that was read into `rows`
    claimed: Message | None = None  # what is being worked on
    corrected: Message | None = None  # what it is to say by now, which comes behind it
    recalled: bool = False  # it was taken back meanwhile
    busy: bool = False  # offered to the reader's caller, or worked on
    partial: bool = False
    parked: bool = False


class EmbeddedClaim:
    """A row of the inbox that is being worked on."""

    def __init__(self, inbox: EmbeddedInbox, lane: _Lane, row: Row) -> None:
        self._inbox = inbox
        self._lane = lane
        self._seq = row.seq
        self.message = lane.claimed = Message.from_json(row.body)
        self.attempts = row.attempts
        self.received = row.received
        self.wakes = row.wakes
        self._handed_out = time.time()

    @property
    def recalled(self) -> bool:
        """True where it was taken back since it was handed out."""
        return self._lane.recalled

    async def merge(self, mergeable: Callable[[Message], bool]) -> bool:
        """Make what follows part of this message, as far as it is *mergeable*."""
        merged = await self._inbox.merge(self._lane, self._seq, mergeable)
        if merged is None or merged == self.message:
            return False
        self.message = merged
        return True

    async def done(self) -> None:
        """It is dealt with."""
        await self._inbox.settle(self._lane, lambda connection: rows.done(connection, self._seq))

    async def retry(self, after: float, error: str, *, wakes: bool = False) -> None:
        """Hand it out again in *after* seconds, or when something is said."""
        due, since = time.time() + max(after, 0.001), self._handed_out if wakes else None
        await self._inbox.settle(
            self._lane, lambda connection: rows.park(connection, self._seq, due, error, since)
        )

    async def dead(self, error: str) -> None:
        """Give up; keep it for the operator."""
        await self._inbox.settle(self._lane, lambda connection: rows.bury(connection, self._seq, error))


class EmbeddedInbox:
    """An `Inbox` in SQLite.

    `lane` names the lane of a message: its chat's key, or another for what must overtake. `window`: rows in
    memory at most. `per_lane`: rows of one lane in memory at most, so that a chat that floods leaves room
    for the others. `overtaken` hears of messages that were corrected or recalled while they are worked on.
    """

    def __init__(
        self,
        database: Database,
        lane: Callable[[Message], str] = lambda message: message.chat.key,
        window: int = 2000,
        per_lane: int = 16,
        overtaken: Callable[[Message], None] = lambda message: None,
    ) -> None:
        self._database = database
        self._lane = lane
        self._overtaken = overtaken
        self._window = window
        self._per_lane = per_lane
        self._lanes: dict[str, _Lane] = {}
        self._ready: deque[_Lane] = deque()
        self._retired: list[_Lane] = []
        # Lanes whose parked row was recalled or dropped. Written and read by jobs of the database, so that
        # the reading after that knows of it; to look at a lane once too often harms nothing.
        self._reopen: set[str] = set()
        self._scanned = 0
        self._reading = False
        self._changes: dict[tuple[str, str], bytes] = {}  # what changed while rows are being read
        self._behind = False
        self._next_due = 0.0
        self._clock = 0.0  # at the last reading, seconds since 1970
        self._look = True
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self.held = 0

    @property
    def lanes(self) -> int:
        """Lanes in memory; a lane with nothing to do is none."""
        return len(self._lanes)

    async def put(self, channel: str, events: Sequence[Event], cursor: str | None = None) -> None:
        """Make events and cursor durable. Raises `InboxError`."""
        messages = [(self._lane(event), event) for event in events if isinstance(event, Message)]

        def work(connection: sqlite3.Connection) -> list[rows.Change]:
            # To look at what is worked on, from here, is no more than a glance: `_bring` looks again.
            changes = rows.add(connection, channel, messages, self._claimed)
            for event in events:
                if isinstance(event, Moved):
                    rows.move(connection, event)
                elif isinstance(event, Recalled):
                    recalled = rows.recall(connection, event, self._claimed)
                    self._reopen |= {change.lane for change in recalled if change.parked and not change.says}
                    changes += recalled
            if cursor is not None:
                rows.keep_cursor(connection, channel, cursor)
            return changes

        try:
            for change in await self._keep(work):
                await self._bring(change)
        except StoreError as exc:
            raise InboxError(f"{channel}: {exc}") from exc

    async def drop(self, lane: str) -> bool:
        """See `Inbox.drop`."""

        def work(connection: sqlite3.Connection) -> bool:
            dropped = rows.drop(connection, lane)
            if dropped:
                self._reopen.add(lane)
            return dropped

        return await self._keep(work)

    async def _bring(self, change: rows.Change) -> None:
        """Bring a change to what is in memory; a correction that comes too late is a message of its own."""
        lane = self._claimed(change.lane, change.id)
        if change.says is None:
            self._change(change.lane, change.id, b"")
        elif lane is None:
            if not self._change(change.lane, change.id, change.says.to_json()) and change.new:
                await self._keep(functools.partial(rows.follow, change=change))
        elif (lane.corrected or lane.claimed) != change.says:
            lane.corrected = change.says
            # Durable before the work is cut short, for that is settled then, without an answer.
            try:
                follows = await self._keep(functools.partial(rows.follow, change=change, late=True))
            except StoreError:
                lane.corrected = None
                raise
            if follows:
                self._change(change.lane, change.id, change.says.to_json())

    async def _keep(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do *work* durably and read what it brought, also where the caller is cancelled meanwhile."""
        kept = self._database.submit(work)
        # Before it is durable: the database works in turn, so that what reads now finds it.
        self._look_now()
        return await asyncio.shield(kept)

    async def claims(self) -> AsyncIterator[EmbeddedClaim]:
        """What is to be worked on, for ever.

        Once in the life of an inbox: what a reader was about to read when it ended comes after the next
        start.
        """
        while True:
            self._wake.clear()
            if self._look:
                self._look = False
                self._idle.clear()
                await self._refill()
            while self._ready:
                lane = self._ready.popleft()
                row = lane.rows.popleft()
                if not row.body:
                    self._free(lane)
                elif (claim := await self._claim(lane, row)) is not None:
                    yield claim
            self._rest()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._patience()):
                    await self._wake.wait()
                    continue
            self._look = True

    async def _claim(self, lane: _Lane, row: Row) -> EmbeddedClaim | None:
        """What is to be worked on; None where nobody can read it: that is a dead letter by now."""
        try:
            return EmbeddedClaim(self, lane, row)
        except ValueError as exc:
            reason = f"unreadable: {exc}"
        logger.error("given up, see `gateway dead list`: message %s of %s is %s", row.id, lane.key, reason)
        # While the database cannot be written, nothing else can be worked on either.
        for pause in delays(1.0, 30.0):
            try:
                await self.settle(lane, lambda connection: rows.bury(connection, row.seq, reason))
            except StoreError as exc:
                logger.error("cannot write that down, again in %.0f s: %s", pause, exc)
                await asyncio.sleep(pause)
            else:
                break
        metrics.ANSWERED.labels("dead").inc()
        return None

    async def settle(self, lane: _Lane, work: Callable[[sqlite3.Connection], bool | None]) -> None:
        """Write down how a claim ended, and free its lane, or park it where *work* says so.

        Raises `StoreError`: the lane stays taken.
        """
        self._free(lane, parked=bool(await self._database.run(work)))

    async def merge(self, lane: _Lane, seq: int, mergeable: Callable[[Message], bool]) -> Message | None:
        """Make rows of *lane* part of what is worked on; None: that was recalled. Raises `StoreError`."""
        found = await self._database.run(
            lambda connection: rows.merge(connection, lane.key, seq, self._per_lane, mergeable)
        )
        if found is None:
            return None
        message, merged = found
        for id in merged:
            self._change(lane.key, id, b"")
        lane.claimed, lane.corrected = message, None
        return message

    def _free(self, lane: _Lane, *, parked: bool = False) -> None:
        """What was worked on is settled: the next of the lane, or its end."""
        self.held -= 1
        lane.busy = False
        lane.claimed = lane.corrected = None
        lane.recalled = False
        lane.parked = parked
        if lane.rows and not parked:
            self._offer(lane)
        elif parked or lane.partial or self._reading:
            # The reader drops or refills it: a reading under way may have found more of this lane.
            lane.partial = True
            self._retired.append(lane)
            self._look_now()
        else:
            del self._lanes[lane.key]
        if self._behind:
            self._look_now()
        self._rest()

    async def idle(self) -> None:
        """Wait until everything that was put is settled, or parked for later."""
        await self._idle.wait()

    def _rest(self) -> None:
        if not self._lanes and not self._look:
            self._idle.set()

    def _look_now(self) -> None:
        self._look = True
        self._idle.clear()
        self._wake.set()

    def _offer(self, lane: _Lane) -> None:
        lane.busy = True
        self._ready.append(lane)
        self._wake.set()

    def _claimed(self, key: str, id: str) -> _Lane | None:
        """The lane with this *key*, if message *id* is worked on in it."""
        lane = self._lanes.get(key)
        claimed = lane.claimed if lane is not None else None
        return lane if claimed is not None and claimed.id == id else None

    def _change(self, key: str, id: str, body: bytes) -> bool:
        """Bring a change (an empty *body*: gone) to the row in memory; false where none waits there.

        What is gone stays so: who corrected it before may come to this after who merged or recalled it.
        """
        if self._reading and self._changes.get((key, id)) != b"":
            self._changes[key, id] = body
        lane = self._lanes.get(key)
        if lane is None:
            return False
        if lane.claimed is not None and lane.claimed.id == id:
            lane.recalled = not body
            self._overtaken(lane.claimed)
            return False
        for row in lane.rows:
            if row.id == id:
                row.body = body if row.body else b""
                return True
        return False

    def _patience(self) -> float:
        if not self._next_due:
            return _LOOK_AGAIN
        return min(_LOOK_AGAIN, max(0.0, self._next_due - time.time()))

    async def _refill(self) -> None:
        """Drop the lanes that ended, then read what there is room for."""
        thirsty = self._drop_retired()
        scanned, room = self._scanned, self._window - self.held
        # Many lanes that want more at once share the room; each gets one row at least.
        per_lane = max(1, min(self._per_lane, room // max(1, len(thirsty))))
        # The job reads the table of lanes while the reader waits for it: nobody else opens or drops any.
        open_lanes, reopen = self._lanes, self._reopen
        now = time.time()
        early = self._early(now)

        def read(connection: sqlite3.Connection) -> rows.Batch:
            if early is not None:
                rows.unpark(connection, early)
            return rows.read(connection, scanned, room, per_lane, thirsty, open_lanes, reopen)

        self._reading = True
        try:
            batch = await self._database.run(read)
        except StoreError as exc:
            logger.error("cannot read the inbox, again soon: %s", exc)
            self._retired += [self._lanes[key] for key in thirsty]
            self._next_due, self._look = 0.0, True
            return
        finally:
            self._reading = False
        for key, found in batch.due.items():
            self._lanes[key] = lane = _Lane(key)
            self._extend(lane, found, per_lane)
        for key, found in batch.more.items():
            self._extend(self._lanes[key], found, per_lane)
        for key, row in batch.scan:
            self._place(key, row)
        self._changes.clear()
        self._reopen -= batch.due.keys()
        self._scanned = batch.scanned
        self._clock = now
        self._next_due = batch.next_due
        self._behind = batch.behind
        if batch.behind and self.held < self._window:
            self._look_now()

    def _early(self, now: float) -> float | None:
        """Since when messages were received that a clock parked which was ahead of this one; None: none.

        They would wait for as long as it was set back. While we run, that may be any of them.
        """
        if not self._clock:
            return now
        return 0.0 if now < self._clock - _SET_BACK else None

    def _drop_retired(self) -> dict[str, int]:
        """Forget the parked lanes; returns the others with the row after which they want more."""
        thirsty: dict[str, int] = {}
        for lane in self._retired:
            if lane.parked:
                self.held -= len(lane.rows)
                del self._lanes[lane.key]
            else:
                thirsty[lane.key] = lane.last
        self._retired = []
        return thirsty

    def _extend(self, lane: _Lane, found: Sequence[Row], wanted: int) -> None:
        """Add the next rows of a lane that has none."""
        lane.partial = len(found) >= wanted
        for row in found:
            self._append(lane, row)
        if lane.rows:
            self._offer(lane)
        else:
            del self._lanes[lane.key]

    def _place(self, key: str, row: Row) -> None:
        """Put a new row where it belongs."""
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane(key)
        if row.seq <= lane.last:
            return
        if lane.partial or len(lane.rows) >= self._per_lane:
            lane.partial = True
            return
        self._append(lane, row)
        if not lane.busy and not lane.parked:
            self._offer(lane)

    def _append(self, lane: _Lane, row: Row) -> None:
        row.body = self._changes.get((lane.key, row.id), row.body)
        lane.rows.append(row)
        lane.last = row.seq
        self.held += 1
