"""Start: from the start of the process to the first question for messages."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from benchmarks.figures import Figure, at_most
from benchmarks.scale import Scale
from benchmarks.stage import stage


async def measure(scale: Scale) -> Sequence[Figure]:
    """The median of several starts."""
    seconds = [await _start() for _ in range(scale.starts)]
    return [Figure("process start to first poll", "s", median(seconds), at_most(1.2))]


async def _start() -> float:
    async with stage("gateway") as here:
        return here.bot.started
