"""Burst: everybody asks at the same moment, of a model that takes two seconds."""

from __future__ import annotations

import math
from collections.abc import Sequence

from benchmarks.figures import Figure, at_least, at_most, beside, percentile
from benchmarks.scale import Scale
from benchmarks.stage import Stage, each


async def measure(scale: Scale) -> Sequence[Figure]:
    """What is added to the model's time, and whether everybody is answered."""

    async def play(here: Stage) -> list[float]:
        await here.people.converse(here.people.come(scale.chats), scale.warm)
        here.world.model.latency = scale.thinking
        return await here.people.ask_together(here.people.come(scale.burst))

    waited = await each(scale.kinds, play)
    over = {kind: (percentile(seconds, 0.99) - scale.thinking) * 1000 for kind, seconds in waited.items()}
    answered = {kind: float(sum(map(math.isfinite, seconds))) for kind, seconds in waited.items()}
    return [
        beside("over the model's time, p99", "ms", over, at_most(400)),
        beside(f"answered, of {scale.burst}", "people", answered, at_least(scale.burst)),
    ]
