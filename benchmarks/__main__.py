"""``python -m benchmarks [SCENARIO …] [--json FILE]``: measure, print the table, write the figures down."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from benchmarks.figures import Figure
from benchmarks.loop import run
from benchmarks.scale import FULL
from benchmarks.scenarios import SCENARIOS
from benchmarks.table import table
from benchmarks.world import SIMULATORS, pin

Results = Mapping[str, Sequence[Figure]]


async def measure(names: Sequence[str]) -> Results:
    """What each of the scenarios shows, one after the other."""
    pin(os.getpid(), SIMULATORS)
    results = {}
    for name in names:
        started = time.monotonic()
        results[name] = await SCENARIOS[name](FULL)
        sys.stderr.write(f"{name}: {time.monotonic() - started:.0f} s\n")
    return results


def write(file: Path, results: Results) -> None:
    """The figures for programs: by scenario, each with its target and whether that is met."""
    figures = {name: [_plain(figure) for figure in found] for name, found in results.items()}
    machine = {"system": platform.platform(), "python": platform.python_version(), "cores": os.cpu_count()}
    document = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "machine": machine}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(orjson.dumps({**document, "scenarios": figures}, option=orjson.OPT_INDENT_2))


def _plain(figure: Figure) -> dict[str, Any]:
    plain: dict[str, Any] = orjson.loads(orjson.dumps(figure))
    return {**plain, "met": figure.met}


def main() -> None:
    """Measure what is asked for, everything by default."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=", ".join(SCENARIOS))
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"), metavar="FILE")
    options = parser.parse_args()
    if unknown := set(options.scenarios) - SCENARIOS.keys():
        parser.error(f"there is no scenario {', '.join(sorted(unknown))}")
    results = run(measure(options.scenarios or list(SCENARIOS)))
    write(options.json, results)
    sys.stdout.write(f"{table(results)}\n")


if __name__ == "__main__":
    main()
