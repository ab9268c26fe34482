"""How long a request to a model may take: until its first token, until the next, until the last."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from gateway.backend.base import Timeouts
from gateway.errors import BackendBusy


class Clock:
    """Until when somebody may wait for what a model's server sends.

    *whole*: the answer comes in one piece, so that there is no first token to wait for. One timer for a whole
    response: progress moves `deadline`, and the timer looks at it when it fires. One for each read of a
    stream would cost as much as the reading.
    """

    def __init__(self, timeouts: Timeouts, whole: bool) -> None:
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        self._timeouts = timeouts
        self._end = now + timeouts.total
        self._begun = False
        self._timer: asyncio.TimerHandle | None = None
        self._due = math.inf
        self._break_off: Callable[[BackendBusy], None] = lambda error: None
        self.deadline = self._end if whole else min(self._end, now + timeouts.first_token)

    def watch(self, break_off: Callable[[BackendBusy], None]) -> None:
        """Call *break_off* with `late` when the deadline has passed, unless `stop` comes first."""
        self._break_off = break_off
        self._arm(self.deadline)

    def stop(self) -> None:
        """Nobody waits any more."""
        if self._timer is not None:
            self._timer.cancel()

    def pause(self) -> None:
        """Something came, and whoever reads is busy with it: the next may take its time."""
        self._begun = True
        self.deadline = math.inf

    def resume(self) -> None:
        """The next is waited for."""
        if self.deadline == math.inf:
            self.deadline = min(self._end, self._loop.time() + self._timeouts.idle)
            if self.deadline < self._due:
                self.stop()
                self._arm(self.deadline)

    def _arm(self, due: float) -> None:
        self._due = due
        self._timer = self._loop.call_at(due, self._look)

    def _look(self) -> None:
        if self._loop.time() >= self.deadline:
            self._break_off(self.late())
        else:
            # While it is paused nobody knows when to look again, but `resume` does.
            self._arm(min(self.deadline, self._loop.time() + self._timeouts.idle))

    def late(self) -> BackendBusy:
        """What to say when the deadline has passed."""
        if self.deadline == self._end:
            return BackendBusy(f"the answer took more than {self._timeouts.total:g} s")
        if self._begun:
            return BackendBusy(f"the model fell silent for {self._timeouts.idle:g} s")
        return BackendBusy(f"no word of the model for {self._timeouts.first_token:g} s")
