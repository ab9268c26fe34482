"""A worker thread for calls that block: `requests`, and with it itchat-uos."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from gateway.errors import NetworkError

T = TypeVar("T")

# A call that is not wanted any more is cut until it has ended, for so many seconds, this often.
_LAST_WAIT = 0.5
_CUT_AGAIN = 0.05


class Line:
    """A worker thread called *name*, which makes one call after another; the event loop goes on meanwhile."""

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._closed = False

    async def call(self, function: Callable[[], T], cut: Callable[[], None] | None = None) -> T:
        """What *function* returns. Where we are cancelled, *cut* ends what it waits for.

        Without *cut* it is not begun any more where it waits for its turn, or runs to its end.
        Raises `NetworkError` after `close`.
        """
        if self._closed:
            raise NetworkError("the channel is closed")
        work = self._executor.submit(function)
        waiting = asyncio.wrap_future(work)
        try:
            return await asyncio.shield(waiting)
        except asyncio.CancelledError:
            if not work.cancel() and cut is not None:
                await _cut_short(waiting, cut)
            raise
        finally:
            # What it raises when nobody waits any more is of no interest, and no warning either.
            waiting.add_done_callback(lambda ended: ended.cancelled() or ended.exception())

    def close(self) -> None:
        """Do nothing any more; the thread ends when what it does has ended."""
        self._closed = True
        self._executor.shutdown(wait=False)


async def _cut_short(waiting: asyncio.Future[T], cut: Callable[[], None]) -> None:
    """A call that is about to connect has nothing yet that could be cut: so again and again."""
    for _ in range(round(_LAST_WAIT / _CUT_AGAIN)):
        cut()
        await asyncio.wait([waiting], timeout=_CUT_AGAIN)
        if waiting.done():
            return
