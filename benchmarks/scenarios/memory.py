"""Memory: of a gateway that nobody talks to, and after ten thousand people have talked to it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from benchmarks.figures import Figure, at_most
from benchmarks.people import Person
from benchmarks.scale import Scale
from benchmarks.stage import Stage, stage


async def measure(scale: Scale) -> Sequence[Figure]:
    """Resident memory of Telegram and a chat page, idle, and how much more it is after the crowd."""
    async with stage("gateway") as here:
        await asyncio.sleep(scale.settling)
        idle = here.bot.memory
        await _talk(here, here.people.come(scale.crowd), scale)
        await asyncio.sleep(scale.settling)
        grown = here.bot.memory - idle
    return [
        Figure("idle", "MB", idle, at_most(75)),
        Figure(f"after {scale.crowd:,} chats", "MB more", grown, at_most(30)),
    ]


async def _talk(here: Stage, people: Sequence[Person], scale: Scale) -> None:
    """Everybody asks so many questions, a few people at a time."""
    for turn in range(scale.turns):
        await here.people.take_turns(people, f"question {turn}", scale.at_once)
        here.world.telegram.calls.clear()  # nobody asks for them, and they are many
