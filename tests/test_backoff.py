"""Growing pauses between tries."""

from __future__ import annotations

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from gateway.backoff import delays


@given(st.floats(0.01, 10), st.floats(10, 1000))
def test_pauses_grow_with_jitter_up_to_the_longest(first: float, most: float) -> None:
    whole = first
    for pause in islice(delays(first, most), 30):
        assert whole / 2 <= pause <= whole
        whole = min(2 * whole, most)


def test_many_that_fail_together_do_not_return_together() -> None:
    assert len({next(delays(1.0)) for _ in range(50)}) > 40
