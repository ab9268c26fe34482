"""Throughput: everybody asks again as soon as they are answered, by a model that needs no time."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks import talk
from benchmarks.figures import Figure, at_least, at_most, beside, ratio
from benchmarks.scale import Scale
from benchmarks.stage import each


async def measure(scale: Scale) -> Sequence[Figure]:
    """What a reply costs, how many there are in a second, how late the gateway's event loop is meanwhile."""
    talked = await each(scale.kinds, lambda here: talk.measure(here, scale, scale.rounds))
    gateway, bare = talked["gateway"], talked["bare"]
    return [
        beside("CPU per reply", "ms", {kind: found.cost for kind, found in talked.items()}, at_most(0.75)),
        beside("replies", "a second", {kind: found.rate for kind, found in talked.items()}),
        Figure("replies, over those of bare", "times", ratio(gateway.rate, bare.rate), at_least(5)),
        Figure("event loop late, p99", "ms", gateway.late, at_most(50)),
        beside("simulators' core in use", "%", {kind: found.simulators for kind, found in talked.items()}),
    ]
