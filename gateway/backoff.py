"""Growing pauses between tries."""

from __future__ import annotations

import random
from collections.abc import Iterator


def delays(first: float = 1.0, most: float = 300.0) -> Iterator[float]:
    """Pauses in seconds, for ever: each twice the one before, at most *most*.

    Each is drawn between half of that and the whole, so that many who fail together do not return
    together.
    """
    pause = first
    while True:
        yield random.uniform(pause / 2, pause)  # noqa: S311 - jitter, not a secret
        pause = min(2 * pause, most)
