"""Ends a process whose event loop is stuck, so that its supervisor starts it again.

Two things watch, for there are two ways to be stuck. A call that waits leaves other threads alone: one of
ours notices that the loop does not turn. A call that keeps the interpreter to itself (a regular expression
without end) leaves no thread alone: there the system ends us when we have burnt too much of the processor.

Neither of them looks at a clock: after a laptop has slept, or after SIGSTOP and SIGCONT, the thread has
missed one look, and the processor has burnt nothing.
"""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import signal
import threading
from types import TracebackType
from typing import Self

logger = logging.getLogger(__name__)

# How often the thread looks before it loses patience.
_LOOKS = 12
# Standard error, as a number: it must work when nothing else does.
_STDERR = 2
# Whoever reads standard error may be stuck as well: so long it may take (seconds).
_LAST_WORDS = 5.0
EXIT_CODE = os.EX_SOFTWARE


class Watchdog:
    """While it is entered, the process ends when the event loop does not turn for *patience* seconds.

    Where every thread is, is written to standard error; the exit code is `EXIT_CODE`, or the signal SIGPROF
    where the interpreter was kept. Enter it in the main thread, once in a process.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._turned = True
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._loop: asyncio.AbstractEventLoop

    def __enter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        # SIGPROF then does what it always does: it ends the process.
        faulthandler.register(signal.SIGPROF, file=_STDERR, all_threads=True, chain=True)
        self._wind_up()
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        signal.setitimer(signal.ITIMER_PROF, 0)
        faulthandler.unregister(signal.SIGPROF)

    def _watch(self) -> None:
        missed = 0
        while not self._ended.wait(self._patience / _LOOKS):
            self._wind_up()
            if self._turned:
                missed, self._turned = 0, False
                self._loop.call_soon_threadsafe(self._turn)
            else:
                missed += 1
            if missed == _LOOKS:
                self._end()

    def _wind_up(self) -> None:
        """Let the process live on for so much of the processor's time: it runs out where nobody winds up."""
        signal.setitimer(signal.ITIMER_PROF, self._patience)

    def _turn(self) -> None:
        self._turned = True

    def _end(self) -> None:
        """Say where every thread is, and end the process."""
        # SIGALRM ends us where the last words do.
        signal.setitimer(signal.ITIMER_REAL, _LAST_WORDS)
        faulthandler.dump_traceback(file=_STDERR, all_threads=True)
        logger.critical(
            "the event loop has not turned for %.0f s: this process ends, for a supervisor to start it again",
            self._patience,
        )
        os._exit(EXIT_CODE)
