"""What the gateway counts, for Prometheus. No label ever holds a person's or a chat's name."""

from __future__ import annotations

import asyncio
import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry()

RECEIVED = Counter("gateway_messages_received", "Messages made durable", ["channel"], registry=REGISTRY)
ANSWERED = Counter("gateway_messages_settled", "Messages dealt with", ["outcome"], registry=REGISTRY)
SENT = Counter("gateway_pieces_sent", "Pieces of answers that platforms took", ["channel"], registry=REGISTRY)
MODEL_SECONDS = Histogram(
    "gateway_model_seconds",
    "From question to whole answer, retries included",
    ["model"],
    buckets=(0.1, 0.3, 1, 3, 10, 30, 100, 300),
    registry=REGISTRY,
)
MODEL_FAILURES = Counter(
    "gateway_model_failures", "Questions without an answer", ["error"], registry=REGISTRY
)
CHANNEL_UP = Gauge("gateway_channel_up", "1 where the channel works", ["channel"], registry=REGISTRY)
WORKING = Gauge("gateway_messages_working", "Messages being worked on", registry=REGISTRY)
LOOP_LAG = Histogram(
    "gateway_loop_lag_seconds",
    "How late the event loop comes to what is due",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
    registry=REGISTRY,
)

_LOOK_EVERY = 0.05  # seconds


async def watch_loop() -> None:
    """Take down how late the event loop is, until cancelled: everybody waits for what keeps it."""
    while True:
        # Not the loop's own clock, which stands still while something keeps it.
        slept = time.monotonic()
        await asyncio.sleep(_LOOK_EVERY)
        LOOP_LAG.observe(max(0.0, time.monotonic() - slept - _LOOK_EVERY))


def exposition() -> bytes:
    """All figures in Prometheus' text format, UTF-8."""
    return generate_latest(REGISTRY)
