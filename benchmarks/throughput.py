"""How many replies a second, and what each costs: the gateway beside a bare bot, in the same run.

The simulated Telegram and model share one core, the bot under test has the other. 100 chats ask 10
questions each, the next when the last is answered; the model answers at once.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.servers.model import ModelServer
from tests.servers.telegram import TelegramServer

CHATS, TURNS = 100, 10
_LONGEST = 300.0


@dataclass(frozen=True, slots=True)
class Figure:
    """What one bot did: replies a second, and milliseconds of CPU for each."""

    name: str
    replies_per_second: float
    cpu_ms: float


async def measure(
    name: str, command: Sequence[str], environ: dict[str, str], telegram: TelegramServer
) -> Figure:
    """Start a bot, let everybody talk, stop it."""
    bot = await asyncio.create_subprocess_exec(*command, env=environ, stdout=asyncio.subprocess.DEVNULL)
    try:
        pin(bot.pid, 1)
        await _talk(telegram, 1)
        before, started = _cpu(bot.pid), time.perf_counter()
        await _talk(telegram, TURNS)
        seconds, spent = time.perf_counter() - started, _cpu(bot.pid) - before
    finally:
        bot.kill()
        await bot.wait()
    replies = CHATS * TURNS
    return Figure(name, replies / seconds, spent / replies * 1000)


async def _talk(telegram: TelegramServer, turns: int) -> None:
    """A hundred new people ask one question after the other."""
    people = [telegram.user(f"P{number}") for number in range(CHATS)]
    chats = [telegram.private(person) for person in people]
    asked = [0] * CHATS

    def ask() -> bool:
        for number, chat in enumerate(chats):
            if asked[number] < turns and len(telegram.sent(chat)) == asked[number]:
                telegram.say(chat, people[number], f"question {asked[number]}")
                asked[number] += 1
        return all(len(telegram.sent(chat)) >= turns for chat in chats)

    await telegram.until(ask, timeout=_LONGEST)


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def pin(pid: int, core: int) -> None:
    """Keep a process on one core, where the system can."""
    process = psutil.Process(pid)
    if hasattr(process, "cpu_affinity") and (os.cpu_count() or 1) > core:
        process.cpu_affinity([core])


async def compare() -> list[Figure]:
    """The bare bot and the gateway, one after the other."""
    pin(os.getpid(), 0)
    figures = []
    async with ModelServer() as model:
        model.keep_requests = False
        for name in ("bare", "gateway"):
            async with TelegramServer() as telegram:
                with tempfile.TemporaryDirectory() as folder:
                    command, environ = _bot(name, Path(folder), telegram, model)
                    figures.append(await measure(name, command, environ, telegram))
    return figures


def _bot(
    name: str, folder: Path, telegram: TelegramServer, model: ModelServer
) -> tuple[list[str], dict[str, str]]:
    environ = {**os.environ, "TELEGRAM_URL": telegram.root, "MODEL_URL": model.base_url}
    environ["TELEGRAM_TOKEN"] = telegram.token
    if name == "bare":
        return [sys.executable, "-m", "benchmarks.bare"], environ
    config: dict[str, Any] = {
        "base_url": model.base_url,
        "model": "test",
        "session_timeout": 3600,
        "log": {"level": "warning"},
        "channels": {"telegram": {"token": telegram.token, "api_root": telegram.root, "pacing": None}},
    }
    file = folder / "config.json"
    file.write_text(json.dumps(config))
    return [sys.executable, "-m", "gateway", "run", "--config", str(file)], environ


def main() -> None:
    """Print the table."""
    bare, gateway = asyncio.run(compare())
    lines = [
        f"{figure.name:10}{figure.replies_per_second:12.0f}{figure.cpu_ms:12.2f}"
        for figure in (bare, gateway)
    ]
    ratio = gateway.replies_per_second / bare.replies_per_second
    sys.stdout.write("\n".join([f"{'':10}{'replies/s':>12}{'CPU ms':>12}", *lines, f"ratio {ratio:.1f}", ""]))


if __name__ == "__main__":
    main()
