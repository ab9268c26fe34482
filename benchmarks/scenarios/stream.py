"""Stream: the same conversation, each answer in 22 pieces within about a second, shown while it grows."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks import talk
from benchmarks.figures import Figure, at_least, at_most, beside, ratio
from benchmarks.scale import Scale
from benchmarks.stage import Stage, each
from benchmarks.talk import Talked


async def measure(scale: Scale) -> Sequence[Figure]:
    """What a streamed reply costs. The model sets the pace, so that costs are compared, not rates.

    Beside it the same without a pause between the pieces: no answer is there long enough to be seen growing.
    """

    async def play(here: Stage) -> tuple[Talked, Talked]:
        grown = await talk.measure(here, scale, 1)
        here.world.model.delay = 0.0
        return grown, await talk.measure(here, scale, 1)

    talked = await each(scale.kinds, play, stream=True, chunk_pause=scale.chunk_pause)
    grown = {kind: first for kind, (first, _) in talked.items()}
    hasty = {kind: second for kind, (_, second) in talked.items()}
    over = ratio(grown["bare"].cost, grown["gateway"].cost)
    return [
        beside("CPU per reply", "ms", {kind: found.cost for kind, found in grown.items()}, at_most(1.2)),
        Figure("CPU of bare, over ours", "times", over, at_least(4)),
        beside("views of each", "times", {kind: found.views for kind, found in grown.items()}),
        beside("simulators' core in use", "%", {kind: found.simulators for kind, found in grown.items()}),
        beside("CPU per reply, without pauses", "ms", {kind: found.cost for kind, found in hasty.items()}),
        beside("replies, without pauses", "a second", {kind: found.rate for kind, found in hasty.items()}),
    ]
