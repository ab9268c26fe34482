"""What a network does to a gateway: a platform cannot be reached for a moment, or nobody for two minutes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tests.flows.chaos.nest import NestedProcess
from tests.flows.chaos.stages import Stage
from tests.servers.model import ModelServer

# Seconds of the gateway's for each that it is let believe at once, and how long that takes us. Its shortest
# timeouts are of a second or two.
_STEP, _PAUSE = 0.5, 0.008


async def outage(stage: Stage, seconds: float) -> str:
    """No network between the gateway and one platform for so long; in words."""
    await stage.drop()
    await asyncio.sleep(seconds)
    await stage.come_back()
    return f"{stage.kind}: no network for {seconds:.1f} s"


async def blackout(
    process: NestedProcess, work: asyncio.Lock, stages: Sequence[Stage], model: ModelServer, seconds: float
) -> str:
    """No network at all for so many seconds of the gateway's, which pass faster than ours; in words.

    All its timeouts, pauses and silences end as they would. *work* is held by whoever ends or starts it.
    """
    await asyncio.gather(*(stage.drop() for stage in stages))
    await model.__aexit__(None, None, None)
    passed = 0.0
    while passed < seconds:
        async with work:
            process.age(_STEP)
        passed += _STEP
        await asyncio.sleep(_PAUSE)
    await model.__aenter__()
    await asyncio.gather(*(stage.come_back() for stage in stages))
    return f"no network at all for {seconds:.0f} s"
