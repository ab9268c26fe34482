"""The gateway in a time that flies: ``python -m tests.flows.hastened run --config FILE``.

HASTE in the environment says how many seconds pass in one. All that is kept is of that time; what waits for
an answer, a pause or a timeout waits in ours. House is kept every KEEP_HOUSE of our seconds, and then the log
says how many tasks there are.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import sys
import time

from gateway import app
from gateway.cli import main
from gateway.scheduler import Scheduler


class CountingScheduler(Scheduler):
    """Tells how many tasks there are, when house was kept."""

    async def keep_house(self) -> None:
        """Keep house as ever."""
        await super().keep_house()
        logging.getLogger("house").info("house is kept, tasks: %d", len(asyncio.all_tasks()))


def hasten(factor: float) -> None:
    """Let *factor* seconds pass in one."""
    clock = time.time
    began = clock()
    time.time = lambda: began + (clock() - began) * factor


if __name__ == "__main__":
    hasten(float(os.environ["HASTE"]))
    app.Scheduler = functools.partial(CountingScheduler, seconds=float(os.environ["KEEP_HOUSE"]))
    sys.exit(main())
