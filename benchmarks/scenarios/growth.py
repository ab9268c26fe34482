"""Growth: throughput with an empty store, and with one of a million messages."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from benchmarks.figures import Figure, at_least, ratio
from benchmarks.people import Person
from benchmarks.scale import Scale
from benchmarks.stage import Stage, stage
from benchmarks.stored import FIRST_PERSON, fill
from benchmarks.talk import Talked, converse, typical

_ACCOUNT = "12345"


async def measure(scale: Scale) -> Sequence[Figure]:
    """How much of the throughput is left, for people who are new and for those who have written before.

    Both gateways run at the same time and are talked to in turn, so that the machine's moods meet both.
    """
    prepare = partial(_fill, scale)
    async with AsyncExitStack() as stages:
        empty = await stages.enter_async_context(stage("gateway"))
        full = await stages.enter_async_context(stage("gateway", prepare=prepare))
        for here in (empty, full):
            await here.people.converse(here.people.come(scale.chats), scale.warm)
        rounds: list[tuple[Talked, Talked, Talked]] = []
        for number in range(scale.rounds):
            known = full.people.come(scale.chats, FIRST_PERSON + number * scale.chats)
            rounds.append(
                (
                    await _talk(empty, empty.people.come(scale.chats), scale),
                    await _talk(full, full.people.come(scale.chats), scale),
                    await _talk(full, known, scale),
                )
            )
    nothing, new, old = (typical(talked) for talked in zip(*rounds, strict=True))
    return [
        Figure("empty store", "replies/s", nothing.rate),
        Figure(
            f"{scale.stored:,} messages, new people", "of that", ratio(new.rate, nothing.rate), at_least(0.9)
        ),
        Figure(
            f"{scale.stored:,} messages, known people",
            "of that",
            ratio(old.rate, nothing.rate),
            at_least(0.9),
        ),
    ]


def _fill(scale: Scale, data: Path) -> None:
    fill(data, _ACCOUNT, scale.stored, scale.known)


async def _talk(here: Stage, people: Sequence[Person], scale: Scale) -> Talked:
    return await converse(here, people, scale.turns)
