"""DingTalk's connections break and the process is killed: every question is answered, once.

Not always in order: what DingTalk delivers again comes after what was said later.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from tests.flows.conftest import Configure
from tests.flows.load import Load, answer, kill_again_and_again
from tests.servers.dingtalk import DingTalkServer
from tests.servers.model import ModelServer

# Of so many connections that end, one is broken without the announcement that the others have.
_BROKEN = 3


class DingTalkCrowd:
    """People on DingTalk."""

    def __init__(self, dingtalk: DingTalkServer, people: int) -> None:
        self.people = people
        self._dingtalk = dingtalk
        self._people = [dingtalk.user(f"P{number}") for number in range(people)]
        self._rooms = [dingtalk.private(person) for person in self._people]

    def say(self, number: int, text: str) -> None:
        self._dingtalk.say(self._rooms[number], self._people[number], text)

    def heard(self, number: int) -> list[str]:
        return [sent.text for sent in self._dingtalk.sent(self._rooms[number])]

    def visits(self) -> int:
        return len(self._dingtalk.deliveries.connections)

    async def until(self, condition: Callable[[], bool], seconds: float) -> None:
        await self._dingtalk.until(condition, seconds)


async def every(seconds: float, length: float) -> AsyncIterator[int]:
    """Count from 0, one each so many *seconds*, for *length* seconds."""
    began = asyncio.get_running_loop().time()
    for number in range(int(length / seconds)):
        yield number
        await asyncio.sleep(began + (number + 1) * seconds - asyncio.get_running_loop().time())


async def end_connections(dingtalk: DingTalkServer, each: float, length: float) -> int:
    """End the robot's connection every *each* seconds; how often that was."""
    ended = 0
    async for number in every(each, length):
        if number % _BROKEN == _BROKEN - 1:
            dingtalk.drop(dingtalk.first)
        else:
            dingtalk.disconnect(dingtalk.first, after=min(each, 10))
        ended += 1
    return ended


def longest_gap(dingtalk: DingTalkServer) -> float:
    """The most seconds for which no connection took messages, since the first was there."""
    links = dingtalk.deliveries.connections
    ends = [min(filter(None, (link.leaving, link.closed))) for link in links[:-1]]
    return max(link.opened - end for link, end in zip(links[1:], ends, strict=True))


async def storm(
    dingtalk: DingTalkServer,
    model: ModelServer,
    gateway: Configure,
    *,
    length: float,
    each: float,
    per_minute: float,
) -> str:
    """Ask *per_minute* questions while connections end; what came of it: asserts that nothing is lost."""
    model.answer = answer
    load = Load(DingTalkCrowd(dingtalk, 10))
    async with gateway() as process:
        await dingtalk.connected(timeout=20)
        ending = asyncio.create_task(end_connections(dingtalk, each, length))
        async for number in every(60 / per_minute, length):
            load.say(number % 10)
        ended = await ending
        await dingtalk.until(load.all_answered, timeout=100)
        await dingtalk.until(lambda: len(dingtalk.acks) == load.asked.total(), timeout=100)
        assert await process.terminate() == 0
    assert (load.lost(), load.repeated()) == ([], 0)
    assert dingtalk.complaints == []
    gap = longest_gap(dingtalk)
    assert gap < 0.9
    again = sum(push.attempts > 1 for push in dingtalk.deliveries.pushes.values())
    opened = len(dingtalk.deliveries.connections)
    return (
        f"{length:.0f} s, {ended} connections ended, {opened} opened, longest gap {gap:.2f} s; "
        f"{load.asked.total()} questions, {again} delivered more than once, "
        f"{len(load.lost())} lost, {load.repeated()} answered twice"
    )


async def test_nothing_is_lost_when_connections_end_all_the_time(
    dingtalk: DingTalkServer, model: ModelServer, robot_gateway: Configure
) -> None:
    await storm(dingtalk, model, robot_gateway, length=6.5, each=2.1, per_minute=600)


async def test_nothing_is_lost_and_nothing_answered_twice_when_it_is_killed(
    dingtalk: DingTalkServer, model: ModelServer, robot_gateway: Configure
) -> None:
    process = robot_gateway()
    load = await kill_again_and_again(DingTalkCrowd(dingtalk, 20), model, process, kills=3, seed=1)
    assert load.repeated() <= 3
    assert dingtalk.complaints == []


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_five_minutes_of_connections_that_end(
    dingtalk: DingTalkServer, model: ModelServer, robot_gateway: Configure
) -> None:
    dingtalk.deliveries.redelivery = (16, 60)  # as seldom as DingTalk delivers again
    print(await storm(dingtalk, model, robot_gateway, length=300, each=5, per_minute=20))  # noqa: T201 - the figures are what this run is for


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_fifty_kills(dingtalk: DingTalkServer, model: ModelServer, robot_gateway: Configure) -> None:
    crowd = DingTalkCrowd(dingtalk, 50)
    load = await kill_again_and_again(crowd, model, robot_gateway(), kills=50, seed=2)
    print(f"50 kills, {load.asked.total()} questions, {load.repeated()} pieces repeated")  # noqa: T201 - the figure is what this run is for
    assert load.repeated() <= 50
    assert dingtalk.complaints == []
