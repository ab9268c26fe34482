"""The gateway as people run it: a process with a config.json, between simulated servers."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from gateway.cli import main
from tests import codes
from tests.flows.aftermath import leaks, open_to_others
from tests.flows.person import Person

STARTED = 20.0
STOPPED = 30.0
# What is kept of what commands say, which may be asked many times a second.
_MOST_TOLD = 50


class GatewayProcess:
    """``gateway run`` on *config* in *folder*. As an async context manager it is ended at the end.

    Then everything that it has said is searched for secrets, and everything that it keeps must be its own.

    `log`: what it wrote to standard error so far, over all its lives. `module`: what is run.
    """

    module = "gateway"

    def __init__(self, folder: Path, config: dict[str, Any], environ: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.file = folder / "config.json"
        self.file.write_text(json.dumps(config, ensure_ascii=False))
        self._environ = {"PATH": os.environ["PATH"], **(environ or {})}
        self._log = folder / "log"
        self._process: asyncio.subprocess.Process | None = None
        self._told: list[str] = []

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process is not None:
            await self.kill()
        if exc is not None:
            sys.stderr.write(self.log[-8000:])
        else:
            read = leaks(self.file, self._environ, "\n".join([self.log, *self._told]))
            assert not read, f"secrets can be read: {read}"
            usable = open_to_others(self.folder / "data")
            assert not usable, f"others can use {usable}"

    async def start(self) -> None:
        """Begin a life."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", self.module, "run", "--config", str(self.file)),
                cwd=self.folder,
                env=self._environ,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                umask=0,  # whatever it makes for itself alone, it must say so
            )

    async def kill(self) -> None:
        """``kill -9``: nothing is tidied up."""
        process, self._process = self._running(), None
        if process.returncode is None:
            process.kill()
        await process.wait()

    async def terminate(self) -> int:
        """``kill -TERM``, as systemd and Docker do it; returns the exit code."""
        process, self._process = self._running(), None
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOPPED):
            return await process.wait()

    async def ended(self) -> int:
        """Wait until it ends by itself; returns the exit code."""
        async with asyncio.timeout(STARTED):
            code = await self._running().wait()
        self._process = None
        return code

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._running().pid

    @property
    def log(self) -> str:
        """Everything it wrote."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    async def command(self, *arguments: str) -> tuple[int, str]:
        """Run another command on the same configuration; its exit code and everything it said."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", self.module, *arguments, "--config", str(self.file)),
            cwd=self.folder,
            env=self._environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(STARTED):
                said, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()
        assert process.returncode is not None
        self._told.append(said.decode())
        return process.returncode, said.decode()

    def person(self, *arguments: str, terminal: bool = True, **environ: str) -> Person:
        """Somebody who runs a command beside it, at a terminal or through pipes."""
        command = [sys.executable, "-m", self.module, *arguments, "--config", str(self.file)]
        return Person(command, self.folder, {**self._environ, **environ}, terminal)

    def channel_folder(self, channel: str) -> Path:
        """Where the files of a channel are."""
        return self.folder / "data" / "channels" / channel

    async def code(self, channel: str, *known: str) -> str:
        """What the code in a channel's picture says, once it is none of those that are *known*."""
        picture = self.channel_folder(channel) / "login.png"
        async with asyncio.timeout(STARTED):
            while True:
                with contextlib.suppress(FileNotFoundError):
                    (text,) = codes.in_picture(picture.read_bytes())
                    if text not in known:
                        return text
                await asyncio.sleep(0.05)

    async def says(self, word: str, *arguments: str) -> str:
        """What a command says once *word* is in it."""
        async with asyncio.timeout(STARTED):
            while word not in (said := (await self.command(*arguments))[1]):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        return said

    def tells(self, *arguments: str) -> str:
        """What a command says, without the second that a process of its own would take."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            main([*arguments, "--config", str(self.file)])
        self._told[-_MOST_TOLD:] = [*self._told[1 - _MOST_TOLD :], said.getvalue()]
        return said.getvalue()

    async def shows(self, condition: Callable[[str], bool]) -> str:
        """What ``gateway status`` says once *condition* is true of it: it lags behind by a second at most."""
        async with asyncio.timeout(STARTED):
            while not condition(said := self.tells("status")):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
        return said

    async def becomes(self, channel: str, state: str) -> str:
        """What ``gateway status`` says once *channel* is in that *state*."""
        row = re.compile(rf"^{re.escape(channel)} +{state} ", re.MULTILINE)
        return await self.shows(lambda said: row.search(said) is not None)

    async def idle(self) -> str:
        """What ``gateway status`` says once no channel has anything left to do."""
        return await self.shows(_nothing_waits)

    def lines(self, word: str) -> list[dict[str, str]]:
        """The lines of the log that have *word* in them."""
        found = (json.loads(line) for line in self.log.splitlines() if line.startswith("{") and word in line)
        return list(found)

    def _running(self) -> asyncio.subprocess.Process:
        assert self._process is not None, "the gateway is not running"
        return self._process


def _nothing_waits(status: str) -> bool:
    head, *rows = status.partition("\n\n")[0].splitlines()[1:]
    start = head.index("QUEUE")
    return bool(rows) and all(row[start:].split()[0] == "0" for row in rows)


async def get(url: str, **options: Any) -> tuple[int, str]:
    """The status and the text of a page."""
    async with aiohttp.ClientSession() as session, session.get(url, **options) as response:
        return response.status, await response.text()


async def until_status(url: str, status: int) -> None:
    """Wait until a page answers with *status*."""
    async with asyncio.timeout(STARTED):
        while (await get(url))[0] != status:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


async def until_said(url: str, words: str) -> None:
    """Wait until a page says *words*."""
    async with asyncio.timeout(STARTED):
        while words not in (await get(url))[1]:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
