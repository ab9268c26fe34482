"""The simulated Telegram and model that a bot under test lives between, in this process."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise

from tests.servers.model import Body, ModelServer
from tests.servers.telegram import TelegramServer

SIMULATORS, BOT = 0, 1
"""The cores of the simulators and of the bot, the first and the second of those that we may use."""

_CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []

CHUNKS = 22
END = "And that is all."
_WORDS = " ".join(["The quick brown fox jumps over the lazy dog."] * 9)


@dataclass(frozen=True, slots=True)
class World:
    """Where a bot lives."""

    telegram: TelegramServer
    model: ModelServer


def answer(body: Body) -> str:
    """The question, and then about 420 characters of plain text."""
    return f"{body['messages'][-1]['content']}: {_WORDS} {END}"


def chunks(text: str) -> list[str]:
    """*text* in exactly `CHUNKS` pieces."""
    edges = [len(text) * number // CHUNKS for number in range(CHUNKS + 1)]
    return [text[start:end] for start, end in pairwise(edges)]


@asynccontextmanager
async def world(*, thinking: float = 0.0, chunk_pause: float = 0.0) -> AsyncIterator[World]:
    """A Telegram and a model that thinks so many seconds before an answer, and pauses between its chunks."""
    async with (
        ModelServer(answer, latency=thinking, delay=chunk_pause) as model,
        TelegramServer() as telegram,
    ):
        model.keep_requests = False
        model.cut = chunks
        yield World(telegram, model)


def pin(pid: int, core: int) -> None:
    """Keep a process on one of the cores that we may use, where the system can."""
    if core < len(_CORES):
        os.sched_setaffinity(pid, {_CORES[core]})
