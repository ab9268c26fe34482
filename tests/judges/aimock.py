"""aimock, an OpenAI-compatible server that others wrote.

https://aimock.copilotkit.dev; what a fixture may hold is in its package, ``skills/write-fixtures``.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson

from tests.judges import npm

Fixture = Mapping[str, Any]

# What its command line cannot be told: the texts that its moderation endpoint flags.
_MODERATING = """
const { LLMock } = await import(process.argv[1]);
const server = new LLMock({ host: "127.0.0.1", port: 0 });
server.addFixturesFromJSON(process.argv[2]);
for (const [text, category] of Object.entries(JSON.parse(process.argv[3])))
  server.onModerate(text, { flagged: true, categories: { [category]: true } });
await server.start();
console.log("listening on " + server.url);
"""

_LISTENING = re.compile(rb"listening on (http://\S+)")


class AimockServer:
    """aimock with *fixtures*, at `base_url`; an async context manager.

    *flagged*: texts that its moderation endpoint finds in a category. Skips the test where aimock is not
    installed.
    """

    def __init__(self, fixtures: Sequence[Fixture], flagged: Mapping[str, str] | None = None) -> None:
        self._dist = npm.find(npm.AIMOCK) / "dist"
        self._fixtures = fixtures
        self._flagged = flagged
        self._root = ""
        self._process: Process | None = None
        self._drain: asyncio.Task[None] | None = None
        self._folder = tempfile.TemporaryDirectory()

    @property
    def base_url(self) -> str:
        """What goes into `base_url` of a model's options."""
        return f"{self._root}/v1"

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def _start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(*self._command(), stdout=PIPE, stderr=DEVNULL)
        async with asyncio.timeout(30):
            self._root = await self._address()
        self._drain = asyncio.create_task(self._read_on())

    def _command(self) -> list[str]:
        if self._flagged is not None:
            script = ["node", "--input-type=module", "-e", _MODERATING, str(self._dist / "index.js")]
            return [*script, *(orjson.dumps(given).decode() for given in (self._fixtures, self._flagged))]
        path = Path(self._folder.name) / "fixtures.json"
        path.write_bytes(orjson.dumps({"fixtures": self._fixtures}))
        return ["node", str(self._dist / "cli.js"), "-h", "127.0.0.1", "-p", "0", "-f", str(path)]

    async def _stop(self) -> None:
        self._folder.cleanup()
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        if self._drain is not None:
            await self._drain

    async def journal(self) -> list[dict[str, Any]]:
        """What it was asked and what it answered, oldest first."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self._root}/__aimock/journal") as response,
        ):
            entries: list[dict[str, Any]] = await response.json()
        return entries

    async def chaos(self, **rates: float) -> None:
        """Set what goes wrong from now on, by chance: `rateLimitRate`, `disconnectRate`, …"""
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self._root}/__aimock/chaos", json=rates) as response,
        ):
            response.raise_for_status()

    async def _address(self) -> str:
        async for line in self._output():
            if found := _LISTENING.search(line):
                return found.group(1).decode()
        raise RuntimeError("aimock ended before it listened")

    async def _read_on(self) -> None:
        async for _ in self._output():
            pass

    def _output(self) -> asyncio.StreamReader:
        if self._process is None or self._process.stdout is None:
            raise RuntimeError("aimock is not running")
        return self._process.stdout
