"""What the gateway counts, for Prometheus. No label ever holds a person's or a chat's name."""

from __future__ import annotations

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


def exposition() -> bytes:
    """All figures in Prometheus' text format, UTF-8."""
    return generate_latest(REGISTRY)
