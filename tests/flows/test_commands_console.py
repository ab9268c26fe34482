"""Every command on the terminal, through a pipe."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.texts import Language, Sentence
from tests.flows.commands import every_command, models_at, play
from tests.servers.model import ModelServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Asked after everything else: what comes before its answer is the answer to that.
_ASIDE = "/history"
_SAID_ASIDE = Sentence.HISTORY.say("en", state="on"), Sentence.HISTORY.say("en", state="off")
# What /stop answers: it overtakes everything, so nothing that is asked after it marks its end.
_STOPS = (Sentence.STOPPED, Sentence.NOTHING_TO_STOP)
_SAID_ON_STOP = {sentence.say(language) for sentence in _STOPS for language in ("en", "zh")}


class Terminal:
    """``gateway chat`` at the other end of a pipe."""

    group = False
    admin = True

    def __init__(self, process: asyncio.subprocess.Process, model: ModelServer) -> None:
        self.model = model
        self._process = process

    async def say(self, text: str) -> str:
        await self.tell(text)
        urgent = text in ("/stop", "停止")
        if not urgent:
            await self.tell(_ASIDE)
        said: list[str] = []
        assert self._process.stdout is not None
        async with asyncio.timeout(20):
            while True:
                line = (await self._process.stdout.readline()).decode().rstrip("\n")
                assert line or not self._process.stdout.at_eof(), "the gateway is gone"
                if urgent and line in _SAID_ON_STOP:
                    return line
                if line in _SAID_ASIDE and (said or text != _ASIDE):
                    return "\n".join(said)
                said.append(line)

    async def tell(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n".encode())
        await self._process.stdin.drain()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def terminal(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Terminal]:
    folder: Path = tmp_path_factory.mktemp("terminal")
    async with ModelServer() as model:
        models = models_at(model)
        talk = {"session_timeout": 3600, "access": {"admins": ["console:me"]}, "channels": {"console": {}}}
        config = {"base_url": model.base_url, "model": "test", "models": models, **talk}
        (folder / "config.json").write_text(json.dumps(config))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway", "chat", "--config", str(folder / "config.json")),
            cwd=folder,
            env={"PATH": os.environ["PATH"]},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            yield Terminal(process, model)
        finally:
            process.kill()
            await process.communicate()


@every_command
async def test_a_command_on_the_terminal(terminal: Terminal, command: str, language: Language) -> None:
    terminal.model.reset()
    await terminal.say("/forget")
    await play(command, terminal, language)
