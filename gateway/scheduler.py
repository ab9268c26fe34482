"""What is done by the clock."""

from __future__ import annotations

import logging
import time
from types import TracebackType
from typing import Self

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from gateway.errors import StoreError
from gateway.store.database import Database
from gateway.store.retention import prune

logger = logging.getLogger(__name__)

_DAY = 24 * 3600.0


class Scheduler:
    """Runs the house-keeping once an hour. Use as an async context manager.

    `keep_days`: how long a settled message is known, to drop its repetitions.
    """

    def __init__(self, database: Database, keep_days: float = 7) -> None:
        self._database = database
        self._keep = keep_days * _DAY
        self._jobs = AsyncIOScheduler(timezone="UTC")
        self._jobs.add_job(self.keep_house, "interval", hours=1, coalesce=True, max_instances=1)

    async def __aenter__(self) -> Self:
        self._jobs.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._jobs.shutdown(wait=False)

    async def keep_house(self) -> None:
        """Forget what was settled long ago, a little at a time."""
        before = time.time() - self._keep
        try:
            while await self._database.run(lambda connection: prune(connection, before)):
                pass
        except StoreError as exc:
            logger.warning("could not keep house: %s", exc)
