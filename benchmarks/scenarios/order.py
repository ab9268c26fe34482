"""Order: everybody writes several messages without waiting for an answer."""

from __future__ import annotations

import random
from collections.abc import Sequence

from benchmarks.figures import Figure, at_least
from benchmarks.people import LONGEST, Person
from benchmarks.scale import Scale
from benchmarks.stage import Stage, stage

_SLOWEST = 0.3  # seconds; that answers take different times is what brings them out of order


async def measure(scale: Scale) -> Sequence[Figure]:
    """In how many chats every message was answered once, in the order in which they were written."""
    async with stage("gateway") as here:
        chance = random.Random(scale.chats)  # noqa: S311 - the same every time, not a secret
        here.world.model.latency = lambda body: chance.uniform(0, _SLOWEST)
        people = here.people.come(scale.chats)
        questions = [f"question {turn}" for turn in range(scale.in_a_row)]
        for question in questions:
            for person in people:
                here.world.telegram.say(person.chat, person.user, question)
        await here.world.telegram.until(lambda: _all_heard(here, people, scale), timeout=LONGEST)
        ordered = sum(_answered(here, person) == questions for person in people)
    return [Figure(f"in order, of {scale.chats}", "chats", ordered, at_least(scale.chats))]


def _all_heard(here: Stage, people: Sequence[Person], scale: Scale) -> bool:
    return all(len(_answered(here, person)) >= scale.in_a_row for person in people)


def _answered(here: Stage, person: Person) -> list[str]:
    """The questions to which the answers in a chat belong."""
    return [message.text.partition(":")[0] for message in here.world.telegram.sent(person.chat)]
