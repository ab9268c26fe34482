"""The bots that are measured, as processes on a core of their own."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import psutil

from benchmarks.world import BOT, World, pin

Kind = Literal["gateway", "floor", "bare"]

_ROOT = Path(__file__).parent.parent
_STARTED = 60.0
_LOG_SHOWN = 4000


class Bot:
    """A process under test.

    `web`: where its web server is, "" for none. `started`: seconds from its start to its first poll.
    """

    def __init__(self, pid: int, web: str, started: float) -> None:
        self._pid = pid
        self.web = web
        self.started = started

    @property
    def cpu(self) -> float:
        """Seconds of CPU that it and its children have used."""
        process = psutil.Process(self._pid)
        return float(sum(sum(each.cpu_times()[:4]) for each in (process, *process.children(recursive=True))))

    @property
    def memory(self) -> float:
        """Its resident memory in MB (a million bytes)."""
        return psutil.Process(self._pid).memory_info().rss / 1e6


@asynccontextmanager
async def running(kind: Kind, world: World, folder: Path, *, stream: bool = False) -> AsyncIterator[Bot]:
    """A bot that has begun to poll; *stream*: it asks for answers in pieces and shows them growing.

    What it wrote to standard error is shown where something goes wrong.
    """
    port = _free_port()
    log = folder / "log"
    before = time.monotonic()
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *_command(kind, world, folder, port, stream=stream),
            cwd=_ROOT,
            env=_environ(world, stream=stream),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=errors,
        )
    try:
        pin(process.pid, BOT)
        web = f"http://127.0.0.1:{port}" if kind == "gateway" else ""
        yield Bot(process.pid, web, await _first_poll(world, process) - before)
    except BaseException:
        sys.stderr.write(log.read_text(errors="replace")[-_LOG_SHOWN:])
        raise
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _first_poll(world: World, process: asyncio.subprocess.Process) -> float:
    """When it asked for messages for the first time (`time.monotonic()`). Raises `RuntimeError`: it ended."""
    polls = world.telegram.until(lambda: world.telegram.called("getUpdates"), timeout=_STARTED)
    polling, ending = asyncio.ensure_future(polls), asyncio.ensure_future(process.wait())
    await asyncio.wait({polling, ending}, return_when=asyncio.FIRST_COMPLETED)
    ended = not polling.done()
    for task in (polling, ending):
        task.cancel()
    await asyncio.gather(polling, ending, return_exceptions=True)
    if ended:
        raise RuntimeError(f"the bot ended before it polled, with {process.returncode}")
    return polling.result()[0].time


def _command(kind: Kind, world: World, folder: Path, port: int, *, stream: bool) -> list[str]:
    if kind != "gateway":
        return [sys.executable, "-m", f"benchmarks.{kind}"]
    file = folder / "config.json"
    file.write_text(json.dumps(_config(world, folder, port, stream=stream)))
    return [sys.executable, "-m", "gateway", "run", "--config", str(file)]


def _config(world: World, folder: Path, port: int, *, stream: bool) -> dict[str, Any]:
    """What people have, Telegram and a chat page, but without Telegram's limits: these are not measured."""
    telegram = {"token": world.telegram.token, "api_root": world.telegram.root, "pacing": None}
    return {
        "base_url": world.model.base_url,
        "model": "test",
        "data_dir": str(folder / "data"),
        "session_timeout": 3600,
        "stream": stream,
        "web": {"port": port},
        "log": {"level": "warning"},
        "channels": {"telegram": telegram, "page": {"type": "webchat"}},
    }


def _environ(world: World, *, stream: bool) -> dict[str, str]:
    # Not ours as it is: a variable of the gateway's, or of the openai SDK's, would change what is measured.
    return {
        "PATH": os.environ["PATH"],
        "TELEGRAM_URL": world.telegram.root,
        "TELEGRAM_TOKEN": world.telegram.token,
        "MODEL_URL": world.model.base_url,
        "STREAM": "1" if stream else "",
    }


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
