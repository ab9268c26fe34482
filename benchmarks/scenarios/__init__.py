"""What is measured, a file each. A scenario takes the scale of the run and gives the lines of its table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from benchmarks.figures import Figure
from benchmarks.scale import Scale
from benchmarks.scenarios import burst, growth, memory, order, start, stream, throughput

Scenario = Callable[[Scale], Awaitable[Sequence[Figure]]]

SCENARIOS: Mapping[str, Scenario] = {
    "throughput": throughput.measure,
    "stream": stream.measure,
    "burst": burst.measure,
    "order": order.measure,
    "memory": memory.measure,
    "growth": growth.measure,
    "start": start.measure,
}
"""In the order in which they are run."""
