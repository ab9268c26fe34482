"""A judge that runs as a program of its own and says what it does in lines of JSON, each after an "@"."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import orjson


class Program:
    """A running judge. `said`: its lines of JSON so far, oldest first."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.said: list[dict[str, Any]] = []
        self._spoke = asyncio.Event()

    async def until(self, key: str, count: int = 1) -> Any:
        """Wait for the line number *count* that has *key*; what it says there.

        Raises `AssertionError`: it ended, or there was none for half a minute.
        """
        try:
            async with asyncio.timeout(30):
                while len(found := [line[key] for line in self.said if key in line]) < count:
                    assert self.process.returncode is None, f"it ended; it said {self.said}"
                    self._spoke.clear()
                    await self._spoke.wait()
        except TimeoutError:
            raise AssertionError(f"it only said {self.said}") from None
        return found[count - 1]

    def write(self, text: str) -> None:
        """Type a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{text}\n".encode())

    async def read(self) -> None:
        """Listen until it ends."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            if line.startswith(b"@"):
                self.said.append(orjson.loads(line[1:]))
            else:
                sys.stdout.write(line.decode(errors="replace"))
            self._spoke.set()
        await self.process.wait()
        self._spoke.set()


@asynccontextmanager
async def running(command: Sequence[str], **environment: str) -> AsyncIterator[Program]:
    """Run *command*; what else it wrote is shown where the test fails."""
    everything: Mapping[str, str] = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    with tempfile.TemporaryFile() as log:
        process = await asyncio.create_subprocess_exec(
            *command, env={**everything, **environment}, stdin=PIPE, stdout=PIPE, stderr=log
        )
        program = Program(process)
        listener = asyncio.create_task(program.read())
        try:
            yield program
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await listener
            log.seek(0)
            sys.stdout.write(log.read().decode(errors="replace"))
