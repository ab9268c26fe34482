"""Reading an inbox in the background, as the dispatcher does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.inbox import Claim, Inbox

PATIENCE = 10.0


class Reader:
    """Takes every claim as it comes; `next` waits for it."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._came: asyncio.Queue[Claim] = asyncio.Queue()

    async def run(self) -> None:
        """Read until cancelled."""
        async for claim in self._inbox.claims():
            self._came.put_nowait(claim)

    async def next(self) -> Claim:
        """The next claim."""
        async with asyncio.timeout(PATIENCE):
            return await self._came.get()

    async def texts(self, count: int) -> list[str]:
        """The texts of the next *count*, in the order they came, none of them settled."""
        return [(await self.next()).message.text for _ in range(count)]

    async def work_off(self, count: int) -> list[str]:
        """The texts of the next *count*, each settled before the next is looked at."""
        texts = []
        for _ in range(count):
            claim = await self.next()
            texts.append(claim.message.text)
            await claim.done()
        return texts

    @property
    def waiting(self) -> int:
        """Claims that came and were not looked at."""
        return self._came.qsize()


@asynccontextmanager
async def reading(inbox: Inbox) -> AsyncIterator[Reader]:
    """A reader at work; at the end it is gone, as in a crash: nothing is settled by it."""
    reader = Reader(inbox)
    task = asyncio.create_task(reader.run())
    try:
        yield reader
    finally:
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled() and task.exception() is not None:
            task.result()
