"""How many may pass: counted against every window of a minute."""

from __future__ import annotations

import tracemalloc

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.limits import Rate

# Quarters of a second: sums of them are exact.
PAUSES = st.lists(st.integers(0, 120).map(lambda quarters: quarters / 4), max_size=80)


@settings(max_examples=200)
@given(st.integers(1, 6), PAUSES)
def test_no_minute_ever_holds_more_than_the_rate(per_minute: int, pauses: list[float]) -> None:
    rate, now, passed = Rate(per_minute), 1000.0, []
    for pause in pauses:
        now += pause
        if rate.admit("ann", now) == 0:
            passed.append(now)
    for start in passed:
        assert sum(start <= moment < start + 60 for moment in passed) <= per_minute


@settings(max_examples=200)
@given(st.integers(1, 6), PAUSES)
def test_nobody_is_refused_who_may_and_the_wait_that_is_said_is_enough(
    per_minute: int, pauses: list[float]
) -> None:
    rate, now, passed = Rate(per_minute), 1000.0, []
    for pause in pauses:
        now += pause
        recent = sum(now - 60 < moment for moment in passed)
        wait = rate.admit("ann", now)
        assert (wait > 0) == (recent >= per_minute)
        if wait > 0:
            assert rate.admit("ann", now) == wait  # a refusal counts for nothing
            assert rate.admit("ann", now + wait - 0.25) > 0
            now += wait
            assert rate.admit("ann", now) == 0
        passed.append(now)


def test_each_key_has_its_own_minute() -> None:
    rate = Rate(1)
    assert [rate.admit(key, 5.0) for key in ("ann", "bob", "ann")] == [0, 0, 60]


def test_no_rate_is_no_limit_and_keeps_nothing() -> None:
    rate = Rate(0)
    assert {rate.admit("ann", 5.0) for _ in range(1000)} == {0}
    assert len(rate) == 0


def test_who_is_silent_for_a_minute_is_forgotten() -> None:
    rate = Rate(5)
    for second in range(1000):
        rate.admit(str(second), float(second))
    assert len(rate) <= 61


def test_the_table_is_bounded_and_forgets_who_was_admitted_longest_ago() -> None:
    rate = Rate(1, most=50)
    for number in range(500):
        assert rate.admit(str(number), 1 + number / 1000) == 0
    assert len(rate) == 50
    assert rate.admit("499", 2.0) > 0
    assert rate.admit("450", 2.0) > 0
    assert rate.admit("449", 2.0) == 0


def test_a_flood_costs_no_memory() -> None:
    rate = Rate(20, most=100)
    tracemalloc.start()
    for number in range(20_000):
        rate.admit(str(number % 1000), number / 1000)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 1_000_000
