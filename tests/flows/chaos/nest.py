"""Gateways from a process that has imported everything: they start in a tenth of the time, and die as any."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from tests.flows.chaos.orders import Order
from tests.flows.humble import give_up
from tests.flows.process import GatewayProcess

_ROOT = Path(__file__).parent.parent.parent.parent
_READY = 60.0


class Hatched:
    """A process that another started: as much of `asyncio.subprocess.Process` as `GatewayProcess` uses."""

    def __init__(self, nest: Nest, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._nest = nest
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._file = os.pidfd_open(pid)
        self._loop.add_reader(self._file, self._end)

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.returncode is None:
            signal.pidfd_send_signal(self._file, number)

    def kill(self) -> None:
        """``kill -9``."""
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        """Wait until it has ended; its exit code."""
        await asyncio.shield(self._ended)
        if self.returncode is None:
            self.returncode = int(await self._nest.ask({"reap": self.pid}))
            os.close(self._file)
        return self.returncode

    def _end(self) -> None:
        self._loop.remove_reader(self._file)
        if not self._ended.done():
            self._ended.set_result(None)


class Nest:
    """Where gateways come from; an async context manager."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.flows.chaos.hatchery"),
            cwd=_ROOT,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(_ROOT)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            preexec_fn=give_up,
        )
        async with asyncio.timeout(_READY):
            assert await self._line() == "ready"
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        process = self._running()
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()

    async def ask(self, what: dict[str, Any]) -> str:
        """What the hatchery answers."""
        process = self._running()
        assert process.stdin is not None
        async with self._turn:
            process.stdin.write(json.dumps(what).encode() + b"\n")
            await process.stdin.drain()
            return await self._line()

    async def hatch(self, folder: Path) -> Hatched:
        """The gateway of *folder*, begun."""
        return Hatched(self, int(await self.ask({"start": str(folder)})))

    async def _line(self) -> str:
        process = self._running()
        assert process.stdout is not None
        return (await process.stdout.readline()).decode().strip()

    def _running(self) -> asyncio.subprocess.Process:
        assert self._process is not None
        return self._process


class NestedProcess(GatewayProcess):
    """A gateway from the nest, which takes an `Order`. *lapses*: as there."""

    def __init__(self, nest: Nest, folder: Path, config: dict[str, Any], *, lapses: bool) -> None:
        super().__init__(folder, config)
        self._nest = nest
        self._order = Order(lapses=lapses)
        self._order.give(folder)
        self._before = 0  # bytes of the log when this life began

    @property
    def now(self) -> float:
        """What its clock on the wall says, in seconds since 1970."""
        return time.time() + self._order.ahead + self._order.passed

    @property
    def begun(self) -> bool:
        """Whether it says anything in this life."""
        return self._log.exists() and self._log.stat().st_size > self._before

    async def start(self) -> None:
        """Begin a life."""
        self._before = self._log.stat().st_size if self._log.exists() else 0
        hatched = await self._nest.hatch(self.folder)
        self._process = cast("asyncio.subprocess.Process", hatched)

    async def terminate(self) -> int:
        """``kill -TERM``; the exit code, that of a kill where it does not obey in time."""
        hatched = self._running()
        try:
            return await super().terminate()
        except TimeoutError:
            hatched.send_signal(signal.SIGUSR2)  # its log then says what it still does
            await asyncio.sleep(0.5)
            hatched.kill()
            return await hatched.wait()

    async def fails(self) -> int:
        """Start a gateway that cannot work, since another does or the disk does not let it; its exit code."""
        return await (await self._nest.hatch(self.folder)).wait()

    def jump(self, seconds: float) -> None:
        """Put its clock on the wall forward, or back."""
        self._order.ahead += seconds
        self._obey()

    def age(self, seconds: float) -> None:
        """Let it believe that so much time has passed."""
        self._order.passed += seconds
        self._obey()

    def forbid(self, *, writing: bool) -> None:
        """Let its database take no change; *writing*: let it take them again."""
        self._order.read_only = not writing
        self._obey()

    def _obey(self) -> None:
        self._order.give(self.folder)
        if self._process is not None:
            self._process.send_signal(signal.SIGUSR1)

    async def tasks(self) -> tuple[Counter[str], int]:
        """How many tasks it has, by what they run, and how many of them work on messages."""
        before = len(self.lines("tasks: "))
        async with asyncio.timeout(_READY):
            while len(found := self.lines("tasks: ")) <= before:
                self._running().send_signal(signal.SIGUSR2)  # who has just begun does not hear it
                await asyncio.sleep(0.1)
        names, _, working = found[-1]["text"].removeprefix("tasks: ").rpartition(", of messages: ")
        return Counter(json.loads(names)), int(working)
