"""How late the gateway's event loop is, from its own histogram at /metrics."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

Counts = Mapping[float, float]
"""How many were observed up to each of the histogram's bounds (seconds)."""

_NAME = "gateway_loop_lag_seconds"


async def read(web: str) -> Counts:
    """What the gateway with its web server at *web* has observed so far; nothing where *web* is ""."""
    if not web:
        return {}
    async with aiohttp.ClientSession() as session, session.get(f"{web}/metrics") as response:
        text = await response.text()
    return {
        float(sample.labels["le"]): sample.value
        for family in text_string_to_metric_families(text)
        if family.name == _NAME
        for sample in family.samples
        if sample.name == f"{_NAME}_bucket"
    }


def quantile(before: Counts, after: Counts, share: float) -> float:
    """The seconds that *share* (0 to 1) of what was observed in between does not exceed.

    As Prometheus' histogram_quantile: evenly spread within a bucket, the last bound where it is beyond.
    """
    counts = {bound: after[bound] - before.get(bound, 0) for bound in sorted(after)}
    wanted = share * max(counts.values(), default=0)
    lower, below = 0.0, 0.0
    for bound, count in counts.items():
        if count >= wanted and count > below:
            return (
                lower
                if bound == float("inf")
                else lower + (bound - lower) * (wanted - below) / (count - below)
            )
        lower, below = bound, count
    return 0.0
