"""Many people in conversation with one bot: how many replies a second, and what each costs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks import lag
from benchmarks.people import Person
from benchmarks.scale import Scale
from benchmarks.stage import Stage

_VIEWS = frozenset({"sendMessageDraft", "editMessageText"})


@dataclass(frozen=True, slots=True)
class Talked:
    """What a conversation was like.

    `rate`: replies a second; `cost`: milliseconds of the bot's CPU for each; `views`: how often each was
    shown before it was whole, or edited; `simulators`: how busy their core was, in percent; `late`:
    milliseconds that the event loop was late, at the 99th percentile, 0 of a bot that does not tell.
    """

    rate: float
    cost: float
    views: float
    simulators: float
    late: float = 0.0


async def measure(here: Stage, scale: Scale, rounds: int) -> Talked:
    """Let many people talk, and others after them: what is typical of a round. They warm it up before."""
    await here.people.converse(here.people.come(scale.chats), scale.warm)
    before = await lag.read(here.bot.web)
    talked = [await converse(here, here.people.come(scale.chats), scale.turns) for _ in range(rounds)]
    return typical(talked, lag.quantile(before, await lag.read(here.bot.web), 0.99))


async def converse(here: Stage, talking: Sequence[Person], turns: int) -> Talked:
    """Let everybody of *talking* ask *turns* questions."""
    calls = here.world.telegram.calls
    called, used, own, started = len(calls), here.bot.cpu, time.process_time(), time.perf_counter()
    await here.people.converse(talking, turns)
    seconds, own = time.perf_counter() - started, time.process_time() - own
    replies = len(talking) * turns
    return Talked(
        rate=replies / seconds,
        cost=(here.bot.cpu - used) / replies * 1000,
        views=sum(call.method in _VIEWS for call in calls[called:]) / replies,
        simulators=own / seconds * 100,
    )


def typical(rounds: Sequence[Talked], late: float = 0.0) -> Talked:
    """The median of each; *late* in seconds."""
    return Talked(
        rate=median(talked.rate for talked in rounds),
        cost=median(talked.cost for talked in rounds),
        views=median(talked.views for talked in rounds),
        simulators=median(talked.simulators for talked in rounds),
        late=late * 1000,
    )
