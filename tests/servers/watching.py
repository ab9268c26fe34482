"""Waiting for what happens at a simulated platform, without asking again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Changing:
    """Something that changes, and wakes whoever waits for that."""

    def __init__(self) -> None:
        self.change = asyncio.Event()

    def changed(self) -> None:
        """Wake whoever waits for something to happen."""
        self.change.set()

    async def wait(self, condition: Callable[[], T], seconds: float) -> T:
        """Wait until *condition* is true, looking again at every change; what it gave, or gives after
        *seconds*.
        """
        try:
            async with asyncio.timeout(seconds):
                while not (found := condition()):
                    self.change.clear()
                    await self.change.wait()
        except TimeoutError:
            return condition()
        return found


class Critical(Changing):
    """The same of a platform that notes what it was told and would not understand."""

    def __init__(self) -> None:
        super().__init__()
        self.complaints: list[str] = []

    def complain(self, words: str) -> None:
        """Note what a program did that the platform would not take, in more words than the platform has."""
        self.complaints.append(words)
        self.changed()


W = TypeVar("W", bound=Changing)


class Watched(Generic[W]):
    """A world that tests look at."""

    world: W

    async def until(self, condition: Callable[[], T | None], timeout: float = 10) -> T:  # noqa: ASYNC109 - tests read so
        """Wait until *condition* is true, looking again at every change here; what it gave.

        Raises `AssertionError`: *timeout* seconds passed; it says what was seen instead.
        """
        found = await self.world.wait(condition, timeout)
        assert found, f"not within {timeout} s; so far:\n{self.dump()}"
        return found

    def dump(self) -> str:
        """What there is to see, for people who look for a mistake."""
        raise NotImplementedError
