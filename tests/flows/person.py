"""Somebody who runs a command at a terminal, or through pipes, reads what it shows and types."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import termios
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests import codes
from tests.adapters.host import until

PATIENCE = 30.0
_DRAWN = re.compile(r"(?:^.*\x1b\[[0-9;]*48;5;.*\n)+", re.MULTILINE)


class Person:
    """Runs *command* in *folder*. `said`: everything that it showed so far."""

    def __init__(
        self, command: Sequence[str], folder: Path, environ: Mapping[str, str], terminal: bool = True
    ) -> None:
        self._command = command
        self._folder = folder
        self._environ = dict(environ)
        self._terminal = terminal
        self._raw = b""
        self._ours: list[int] = []
        self._silent = asyncio.Event()
        self._process: asyncio.subprocess.Process

    async def __aenter__(self) -> Self:
        if self._terminal:
            screen, theirs = os.openpty()
            termios.tcsetwinsize(theirs, (24, 80))
            reads, writes, inside, outside = screen, screen, theirs, theirs
        else:
            (inside, writes), (reads, outside) = os.pipe(), os.pipe()
        self._ours = [reads, writes]
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            cwd=self._folder,
            env=self._environ,
            stdin=inside,
            stdout=outside,
            stderr=outside,
            start_new_session=True,
        )
        for theirs in {inside, outside}:
            os.close(theirs)
        asyncio.get_running_loop().add_reader(reads, self._hear)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        asyncio.get_running_loop().remove_reader(self._ours[0])
        for descriptor in set(self._ours):
            os.close(descriptor)

    @property
    def said(self) -> str:
        return self._raw.decode(errors="replace").replace("\r\n", "\n")

    def types(self, line: str, end: str = "\n") -> None:
        """Type a line, or what has another *end*."""
        os.write(self._ours[1], f"{line}{end}".encode())

    async def reads(self, text: str, times: int = 1) -> None:
        """Wait until *text* was shown so often."""
        await until(lambda: self.said.count(text) >= times, lambda: f"{text!r} in {self.said}", PATIENCE)

    async def sees_code(self, number: int = 1) -> str:
        """What the code says that was shown as the *number*th."""
        await self.reads("it says", number)
        drawn = _DRAWN.findall(self.said)[number - 1]
        (text,) = codes.on_terminal(drawn)
        return text

    def interrupts(self) -> None:
        """Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    async def ended(self) -> int:
        """Wait for the end, and for everything said until then; the exit code."""
        async with asyncio.timeout(PATIENCE):
            await self._silent.wait()
            return await self._process.wait()

    def _hear(self) -> None:
        heard = b""
        with suppress(OSError):  # the terminal ends with who used it
            heard = os.read(self._ours[0], 65536)
        self._raw += heard
        if not heard:
            asyncio.get_running_loop().remove_reader(self._ours[0])
            self._silent.set()
