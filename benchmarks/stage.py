"""One bot in a world of its own, with people in it."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks.bots import Bot, Kind, running
from benchmarks.people import People
from benchmarks.world import World, world

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stage:
    """What a scenario plays on."""

    bot: Bot
    world: World
    people: People


@asynccontextmanager
async def stage(
    kind: Kind,
    *,
    stream: bool = False,
    thinking: float = 0.0,
    chunk_pause: float = 0.0,
    prepare: Callable[[Path], None] = lambda data: None,
) -> AsyncIterator[Stage]:
    """A bot that polls already; see `world` and `running`.

    *prepare* is given its data folder before it starts.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        data = Path(folder) / "data"
        data.mkdir(mode=0o700)
        prepare(data)
        async with (
            world(thinking=thinking, chunk_pause=chunk_pause) as here,
            running(kind, here, Path(folder), stream=stream) as bot,
        ):
            yield Stage(bot, here, People(here.telegram))


async def each(
    kinds: Iterable[Kind],
    play: Callable[[Stage], Awaitable[T]],
    *,
    stream: bool = False,
    chunk_pause: float = 0.0,
) -> dict[str, T]:
    """What *play* gives on a stage of each kind of bot, one after the other."""
    found: dict[str, T] = {}
    for kind in kinds:
        async with stage(kind, stream=stream, chunk_pause=chunk_pause) as here:
            found[kind] = await play(here)
    return found
