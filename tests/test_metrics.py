"""How late the event loop is."""

from __future__ import annotations

import asyncio
import time

from gateway import metrics


def looks() -> tuple[float, float]:
    """How often the loop was looked at, and how often it was late by more than a quarter of a second."""
    (family,) = metrics.LOOP_LAG.collect()
    found = {float(sample.labels["le"]): sample.value for sample in family.samples if "le" in sample.labels}
    return found[float("inf")], found[float("inf")] - found[0.25]


async def until_looked_at() -> None:
    before, _ = looks()
    async with asyncio.timeout(20):
        while looks()[0] == before:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.01)


async def test_what_keeps_the_loop_is_seen() -> None:
    watching = asyncio.create_task(metrics.watch_loop())
    await until_looked_at()
    _, late = looks()
    asyncio.get_running_loop().call_soon(time.sleep, 0.4)
    await until_looked_at()
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    assert looks()[1] > late
