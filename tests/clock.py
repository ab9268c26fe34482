"""A clock that a test moves: nothing has to wait."""

from __future__ import annotations


class Clock:
    """A time that only moves when told, in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now
