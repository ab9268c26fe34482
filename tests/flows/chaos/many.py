"""Many runs beside each other."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tests.flows.chaos.nest import Nest
from tests.flows.chaos.run import play
from tests.flows.chaos.verdict import Verdict


async def play_all(
    seeds: Iterable[int], jobs: int, tell: Callable[[Verdict], None], *, keep: bool = False
) -> list[Verdict]:
    """What came of the runs of *seeds*, *jobs* of them at once; *tell* hears of each when it is over.

    *keep* their folders, with logs and data: the last line of a story says where.
    """
    free = asyncio.Semaphore(jobs)
    async with Nest() as nest:

        async def one(seed: int) -> Verdict:
            async with free:
                folder = Path(tempfile.mkdtemp(prefix=f"chaos-{seed}-"))
                try:
                    verdict = await play(nest, folder, seed)
                except Exception as exc:  # noqa: BLE001 - whatever it is: that run failed, the others go on
                    verdict = Verdict(seed, wrong=["".join(traceback.format_exception(exc))])
                if keep:
                    verdict.story.append(f"see {folder}")
                else:
                    shutil.rmtree(folder)
                tell(verdict)
                return verdict

        return await asyncio.gather(*map(one, seeds))


def report(verdict: Verdict) -> str:
    """What came of a run; where a promise was not kept, what happened in it, and how to see it again."""
    if not verdict.wrong:
        return str(verdict)
    again = f"  again: python -m tests.flows.chaos {verdict.seed}"
    wrong = (f"  WRONG {what}" for what in verdict.wrong)
    return "\n".join((str(verdict), *sorted(verdict.story), *wrong, again))


def summary(verdicts: Sequence[Verdict]) -> str:
    """What came of many runs."""
    dead = sum((verdict.dead for verdict in verdicts), Counter[str]())

    def total(what: str) -> int:
        return sum(getattr(verdict, what) for verdict in verdicts)

    return (
        f"{len(verdicts)} runs: {total('questions')} questions, {total('answered')} answered, "
        f"{total('excused')} excused, dead: {dict(dead)}, {total('refused')} not accepted, "
        f"{total('fetching')} fetched, {total('missed')} missed; "
        f"{total('kills')} kills, {total('stops')} stops, {total('repeated')} pieces repeated; "
        f"promises broken: {[verdict.seed for verdict in verdicts if verdict.wrong]}"
    )
