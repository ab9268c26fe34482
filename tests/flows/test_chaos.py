"""Random faults over every adapter: the promises hold whatever goes wrong, and whenever.

A run that fails is played again with ``python -m tests.flows.chaos SEED``.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.flows.chaos.many import play_all, report, summary
from tests.flows.chaos.verdict import Verdict

# Among these is every platform, and every fault, another program on every account too.
FEW = (1, 7, 11, 32, 43, 44, 56, 125, 309, 383)
THOUSAND = range(1001, 2001)


async def hold(seeds: Iterable[int], jobs: int) -> None:
    """Play the runs of *seeds*; asserts that no promise was broken."""

    def tell(verdict: Verdict) -> None:
        if verdict.wrong:
            print(report(verdict))  # noqa: T201 - what happened is what somebody needs who mends it

    verdicts = await play_all(seeds, jobs, tell)
    print(summary(verdicts))  # noqa: T201 - the figures are what these runs are for
    assert [verdict.seed for verdict in verdicts if verdict.wrong] == []


@pytest.mark.timeout(400)
async def test_a_few_runs() -> None:
    await hold(FEW, jobs=8)


@pytest.mark.long
@pytest.mark.timeout(7200)
async def test_a_thousand_runs() -> None:
    await hold(THOUSAND, jobs=8)
