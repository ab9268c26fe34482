"""Play runs again: ``python -m tests.flows.chaos [--jobs N] [--keep] SEED|FIRST-LAST …``."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

from tests.flows.chaos.many import play_all, report, summary


def _seeds(words: str) -> range:
    first, _, last = words.partition("-")
    return range(int(first), int(last or first) + 1)


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def main() -> int:
    """Play the runs that are asked for; 1 where a promise was not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", nargs="+", type=_seeds)
    parser.add_argument("--jobs", type=int, default=1, help="runs at once")
    parser.add_argument("--keep", action="store_true", help="keep the folders, with logs and data")
    options = parser.parse_args()
    seeds = [seed for some in options.seeds for seed in some]
    began = time.monotonic()
    runs = play_all(seeds, options.jobs, lambda verdict: _say(report(verdict)), keep=options.keep)
    verdicts = asyncio.run(runs)
    _say(f"{time.monotonic() - began:.0f} s, {summary(verdicts)}")
    return int(any(verdict.wrong for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())
