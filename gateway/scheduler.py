"""What is done by the clock."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from gateway.errors import StoreError
from gateway.store import retention
from gateway.store.database import Database, Work

logger = logging.getLogger(__name__)

_DAY = 24 * 3600.0
# How long what was said is kept, however seldom somebody speaks.
_HISTORY = 365 * _DAY
# Seconds after the start until it is done for the first time.
_SOON = 60.0
# Seconds between two little steps of it, for whatever else wants the disk.
_BREATH = 0.01

T = TypeVar("T")
P = TypeVar("P", int, str)


class Scheduler:
    """Deletes what is old, every so many *seconds*. Use as an async context manager.

    `keep_days`: how long a settled message is known, to drop its repetitions.
    """

    def __init__(self, database: Database, seconds: float = 3600, keep_days: float = 7) -> None:
        self._database = database
        self._keep = keep_days * _DAY
        self._keeping, self._ended = asyncio.Lock(), False
        self._jobs = AsyncIOScheduler(timezone="UTC")
        # Soon after the start as well: a process that never lives for an hour would forget nothing.
        soon = datetime.now(UTC) + timedelta(seconds=min(_SOON, seconds))
        self._jobs.add_job(
            self.keep_house, "interval", seconds=seconds, next_run_time=soon, coalesce=True, max_instances=1
        )

    async def __aenter__(self) -> Self:
        self._jobs.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended = True
        async with self._keeping:  # it ends with its next step
            self._jobs.shutdown(wait=False)

    async def keep_house(self) -> None:
        """Forget what is old, a little at a time."""
        now = time.time()
        before, ancient = now - self._keep, now - _HISTORY
        async with self._keeping:
            try:
                await self._walk(0, partial(retention.forget_settled, before=before))
                await self._walk("", partial(retention.forget_exchanges, before=before, ancient=ancient))
                await self._repeat(partial(retention.forget_small, before=before, ancient=ancient))
                await self._repeat(retention.give_back)
            except StoreError as exc:
                logger.warning("could not keep house: %s", exc)

    async def _walk(self, place: P | None, step: Callable[[sqlite3.Connection, P], P | None]) -> None:
        """Call *step* with the place where the one before ended, until there is none."""
        while place is not None and not self._ended:
            place = await self._step(partial(_from, step, place))

    async def _repeat(self, step: Callable[[sqlite3.Connection], bool]) -> None:
        """Call *step* until it says that there is no more."""
        while not self._ended and await self._step(step):
            pass

    async def _step(self, step: Work[T]) -> T:
        await asyncio.sleep(_BREATH)
        return await self._database.run(step)


def _from(
    step: Callable[[sqlite3.Connection, P], P | None], place: P, connection: sqlite3.Connection
) -> P | None:
    """*step* from *place* on: a job of the database gets nothing but its connection."""
    return step(connection, place)
