"""What a disk does to a gateway: it is full, or was made read-only, while that runs or when it starts."""

from __future__ import annotations

import asyncio
import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

from tests.flows.chaos.nest import NestedProcess

# The gateway's log, which grows meanwhile, must stay below the size of the database's (bytes).
_ROOM = 30_000


class Disk:
    """The disk below the data of *process*."""

    def __init__(self, process: NestedProcess) -> None:
        self._process = process
        self._data = process.folder / "data"

    async def fill(self, seconds: float) -> str:
        """Let nothing grow for so long; in words."""
        log = self._data / "gateway.db-wal"
        largest = log.stat().st_size if log.exists() else 0
        if largest < len(self._process.log) + _ROOM:
            return "the disk stays as it is: the log could not be written either"
        self._limit(largest)
        try:
            await asyncio.sleep(seconds)
        finally:
            self._limit(resource.RLIM_INFINITY)
        return f"the disk is full for {seconds:.1f} s"

    async def freeze(self, seconds: float) -> str:
        """Let nothing be written for so long, as after ``mount -o remount,ro``; in words.

        No file can be made, or opened to be written. Permissions mean nothing to the database, which is open:
        it refuses by itself, in SQLite's words.
        """
        with self.read_only():
            self._process.forbid(writing=False)
            try:
                await asyncio.sleep(seconds)
            finally:
                self._process.forbid(writing=True)
        return f"the disk is read-only for {seconds:.1f} s"

    @contextlib.contextmanager
    def read_only(self) -> Iterator[None]:
        """Take all permission to write away, which holds for the gateway also where it is root's."""
        paths = [self._data, *self._data.rglob("*")]
        modes = {path: path.stat().st_mode for path in paths}
        _change({path: mode & ~0o222 for path, mode in modes.items()})
        try:
            yield
        finally:
            _change(modes)

    def _limit(self, size: int) -> None:
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def _change(modes: dict[Path, int]) -> None:
    for path, mode in modes.items():
        with contextlib.suppress(FileNotFoundError):  # a log of the database's, say, which comes and goes
            path.chmod(mode)
