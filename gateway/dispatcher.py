"""Works the inbox off: lanes beside each other, and a decision for whatever goes wrong."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from itertools import islice

from gateway import log, metrics
from gateway.backoff import delays
from gateway.errors import GatewayError, StoreError
from gateway.inbox import Claim, Inbox
from gateway.message import Message, labels
from gateway.tasks import unless_cancelled

logger = logging.getLogger(__name__)

# What can succeed later is tried for so long (seconds), at growing pauses, before it is a dead letter.
_GIVE_UP = 24 * 3600.0
# What needs a person to write first waits for that so long, with a try of its own in between.
_GIVE_UP_ON_PERSON, _TRY_ALONE = 7 * 24 * 3600.0, 6 * 3600.0
# What we did not foresee is tried so often.
_SURPRISES = 3
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 60.0
# Who never stops writing is answered after so many pauses.
_MERGED = 10


class Dispatcher:
    """Gives every claim of the inbox to `respond`, each in its own task, and settles it.

    The inbox keeps the order: it hands out one claim of a lane at a time. `merging` says for how many seconds
    after a message its author may go on writing, so that all of it is one question; 0 = not at all,
    and a message of which that is said is not part of another either. `buried` hears of every dead letter.
    """

    def __init__(
        self,
        inbox: Inbox,
        respond: Callable[[Message], Awaitable[None]],
        merging: Callable[[Message], float] = lambda message: 0.0,
        buried: Callable[[], None] = lambda: None,
    ) -> None:
        self._inbox = inbox
        self._respond = respond
        self._merging = merging
        self._buried = buried
        self._working: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Work until cancelled; what was begun then goes on until `close`."""
        async for claim in self._inbox.claims():
            task = asyncio.create_task(self._work(claim), name=f"work {claim.message.chat.key}")
            self._working.add(task)
            task.add_done_callback(self._working.discard)

    async def close(self, grace: float) -> None:
        """Let what was begun finish within *grace* seconds; the rest is done after the next start."""
        if self._working:
            _, late = await asyncio.wait(self._working, timeout=grace)
            for task in late:
                task.cancel()
            if late:
                logger.info("%d answers are left for the next start", len(late))
                await asyncio.wait(late)

    async def _work(self, claim: Claim) -> None:
        with log.labels(labels(claim.message)), metrics.WORKING.track_inprogress():
            try:
                await self._gather(claim)
                if not claim.recalled:
                    await unless_cancelled(self._respond(claim.message))
            except GatewayError as exc:
                await self._failed(claim, exc, retryable=exc.retryable or exc.deferrable)
            except Exception as exc:
                logger.exception("unexpected")
                await self._failed(claim, exc, retryable=claim.attempts + 1 < _SURPRISES)
            else:
                await self._settle("done", claim.done)

    async def _gather(self, claim: Claim) -> None:
        """Wait until the author has written nothing for a while, and take what was written together."""
        first, pause = claim.message, self._merging(claim.message)
        if pause <= 0 or first.edit_of is not None or time.time() - claim.received > pause:
            return
        for _ in range(_MERGED):
            await asyncio.sleep(pause)
            if not await claim.merge(lambda message: self._goes_on(first, message)):
                return

    def _goes_on(self, first: Message, following: Message) -> bool:
        """True where *following* goes on with what its author said in *first*."""
        same = following.sender.id == first.sender.id
        return same and following.edit_of is None and self._merging(following) > 0

    async def _failed(self, claim: Claim, error: Exception, *, retryable: bool) -> None:
        reason = f"{type(error).__name__}: {error}"
        closed = isinstance(error, GatewayError) and error.wants_message
        # What waited for a person is not given up because of what happens when they have written at last.
        wakes = closed or claim.wakes
        if retryable and time.time() - claim.received < (_GIVE_UP_ON_PERSON if wakes else _GIVE_UP):
            pause = _pause(claim.attempts, error)
            if not closed:
                logger.warning("put off for %.0f s: %s", pause, reason)
            elif not claim.wakes:
                logger.warning("put off until the person writes again: %s", reason)
            await self._settle("retried", lambda: claim.retry(pause, reason, wakes=wakes))
        else:
            logger.error("given up, see `gateway dead list`: %s", reason)
            await self._settle("dead", lambda: claim.dead(reason))
            self._buried()

    async def _settle(self, outcome: str, settle: Callable[[], Awaitable[None]]) -> None:
        """Settle a claim; where the database cannot take it, wait until it can: the lane must go on."""
        for pause in delays(1.0, 30.0):
            try:
                await settle()
            except StoreError as exc:
                logger.error(
                    "cannot write down that a message is %s, again in %.0f s: %s", outcome, pause, exc
                )
                await asyncio.sleep(pause)
            else:
                metrics.ANSWERED.labels(outcome).inc()
                return


def _pause(attempts: int, error: Exception) -> float:
    """Seconds before the next try, growing with the *attempts* so far; longer where the platform says so."""
    pause = next(islice(delays(_FIRST_PAUSE, _LONGEST_PAUSE), min(attempts, 20), None))
    if not isinstance(error, GatewayError):
        return pause
    return max(pause, error.retry_after or (_TRY_ALONE if error.wants_message else 0.0))
