"""Waking whoever waits for something about a person."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Bell:
    """Rings for one listener. What rings while the listener is busy is heard at the next `wait`."""

    def __init__(self) -> None:
        self.closed = False
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Something has changed."""
        self._rung.set()

    def close(self) -> None:
        """All is over: there is nothing to wait for."""
        self.closed = True
        self._rung.set()

    async def wait(self, until: float) -> bool:
        """Wait for it to ring, *until* then on the loop's clock; false: it is time, or all is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self._rung.wait()
        self._rung.clear()
        return not self.closed and asyncio.get_running_loop().time() < until


class Bells:
    """The bells of all who listen, by the person that they listen for."""

    def __init__(self) -> None:
        self.closed = False
        self._bells: defaultdict[str, set[Bell]] = defaultdict(set)
        self._left = asyncio.Event()

    @contextmanager
    def listen(self, person: str) -> Iterator[Bell]:
        """A bell that rings whenever something about *person* changes."""
        bell = Bell()
        bell.closed = self.closed
        self._bells[person].add(bell)
        try:
            yield bell
        finally:
            self._bells[person].discard(bell)
            if not self._bells[person]:
                del self._bells[person]
            self._left.set()

    def ring(self, person: str) -> None:
        """Something about *person* has changed."""
        for bell in self._bells.get(person, ()):
            bell.ring()

    async def close(self, within: float) -> None:
        """Tell everybody that all is over, and wait until they are gone, *within* so many seconds."""
        self.closed = True
        for bells in self._bells.values():
            for bell in bells:
                bell.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while self._bells:
                    self._left.clear()
                    await self._left.wait()
