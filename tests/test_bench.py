"""Every scenario of the benchmarks still plays, in miniature; what is fast is for ``make bench`` to say."""

from __future__ import annotations

import math
from pathlib import Path

import orjson
import pytest

from benchmarks.__main__ import write
from benchmarks.figures import Figure, at_least, at_most, percentile, ratio
from benchmarks.lag import quantile
from benchmarks.scale import MINIATURE
from benchmarks.scenarios import SCENARIOS
from benchmarks.table import table


@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_scenario_plays(name: str) -> None:
    figures = await SCENARIOS[name](MINIATURE)
    assert figures
    values = [value for figure in figures for value in (figure.gateway, figure.floor, figure.bare)]
    assert all(math.isfinite(value) for value in values if value is not None)
    if name in ("burst", "order"):
        assert figures[-1].met, "not everybody was answered, or not in order"


def test_the_table_tells_what_is_met_and_what_is_not() -> None:
    figures = [
        Figure("cost", "ms", 0.5, at_most(0.75), 0.1, 4.321),
        Figure("ratio", "times", 4.9, at_least(5)),
        Figure("replies", "a second", 1234.5),
    ]
    lines = [line.split() for line in table({"throughput": figures}).splitlines()]
    assert lines[0] == ["gateway", "target", "floor", "bare"]
    assert lines[1] == ["throughput", "cost,", "ms", "0.50", "≤", "0.75", "yes", "0.10", "4.32"]
    assert lines[2] == ["ratio,", "times", "4.90", "≥", "5", "NO"]
    assert lines[3] == ["replies,", "a", "second", "1234"]


def test_the_file_has_every_figure_with_its_target(tmp_path: Path) -> None:
    file = tmp_path / "new" / "bench.json"
    write(file, {"start": [Figure("start", "s", 1.0, at_most(1.2))]})
    (figure,) = orjson.loads(file.read_bytes())["scenarios"]["start"]
    assert (figure["gateway"], figure["target"], figure["met"]) == (1.0, {"sign": "≤", "bound": 1.2}, True)


def test_a_quantile_is_that_of_what_came_in_between() -> None:
    before = {0.1: 5.0, 1.0: 5.0, math.inf: 5.0}
    after = {0.1: 5.0, 1.0: 15.0, math.inf: 15.0}
    assert quantile(before, after, 0.5) == pytest.approx(0.55)
    assert quantile({}, {0.1: 1.0, math.inf: 2.0}, 0.99) == 0.1
    assert quantile({}, {}, 0.99) == 0.0


def test_a_percentile_is_one_of_the_values() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([*map(float, range(100))], 0.99) == 99.0


def test_a_ratio_to_what_was_too_little_to_measure_is_none() -> None:
    assert (ratio(6.0, 3.0), ratio(6.0, 0.0)) == (2.0, 0.0)
