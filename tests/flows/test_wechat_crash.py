"""The process is killed at any moment: every question asked in WeChat is answered, once, in order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.flows.load import Crowd, Load, kill_again_and_again
from tests.flows.test_wechat_ilink import IlinkDoor
from tests.flows.test_wechat_web import WebDoor
from tests.flows.wechat import CHANNEL, Door, gateway_of
from tests.servers.ilink import IlinkServer
from tests.servers.model import ModelServer
from tests.servers.wechat_web import WeChatServer

FEW, MANY = 10, 50


class IlinkCrowd:
    """People who write to one bot of iLink's."""

    def __init__(self, ilink: IlinkServer, people: int) -> None:
        self.people = people
        self._ilink = ilink
        self._people = [ilink.person(f"P{number}") for number in range(people)]

    def say(self, number: int, text: str) -> None:
        self._ilink.say(self._people[number], text)

    def heard(self, number: int) -> list[str]:
        return [sent.text for sent in self._ilink.sent(self._people[number])]

    def visits(self) -> int:
        return self._ilink.first.polls

    async def until(self, condition: Callable[[], Any], seconds: float) -> None:
        await self._ilink.until(condition, seconds)


class WebCrowd:
    """Friends of one account."""

    def __init__(self, wechat: WeChatServer, people: int) -> None:
        self.people = people
        self._wechat = wechat
        self._people = [wechat.user(f"P{number}") for number in range(people)]
        self._rooms = [wechat.private(person) for person in self._people]

    def say(self, number: int, text: str) -> None:
        self._wechat.say(self._rooms[number], self._people[number], text)

    def heard(self, number: int) -> list[str]:
        return [sent.text for sent in self._wechat.sent(self._rooms[number])]

    def visits(self) -> int:
        return len(self._wechat.called("webwxsync"))

    async def until(self, condition: Callable[[], Any], seconds: float) -> None:
        await self._wechat.until(condition, seconds)


async def killed(
    folder: Path, model: ModelServer, door: Door, crowd: Crowd, *, kills: int, seed: int
) -> Load:
    """The load after so many kills: asserts that nothing was lost, nor answered twice, nor out of order."""
    process = gateway_of(folder, model, {CHANNEL: door})
    async with process:
        await door.enter(process)
    load = await kill_again_and_again(crowd, model, process, kills, seed)
    assert load.repeated() <= kills
    assert load.disordered() == []
    assert len(door.codes) == 1
    assert door.complaints == []
    return load


async def test_nothing_is_lost_on_ilink_when_it_is_killed(
    ilink: IlinkServer, model: ModelServer, tmp_path: Path
) -> None:
    await killed(tmp_path, model, IlinkDoor(ilink), IlinkCrowd(ilink, FEW), kills=3, seed=1)


async def test_nothing_is_lost_on_the_web_when_it_is_killed(
    wechat: WeChatServer, model: ModelServer, tmp_path: Path
) -> None:
    door = WebDoor(wechat, wechat.account())
    await killed(tmp_path, model, door, WebCrowd(wechat, FEW), kills=3, seed=1)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", ["wechat_ilink", "wechat_web"])
async def test_fifty_kills(
    kind: str, ilink: IlinkServer, wechat: WeChatServer, model: ModelServer, tmp_path: Path
) -> None:
    door: Door = IlinkDoor(ilink)
    crowd: Crowd = IlinkCrowd(ilink, MANY)
    if kind == "wechat_web":
        door, crowd = WebDoor(wechat, wechat.account()), WebCrowd(wechat, MANY)
    load = await killed(tmp_path, model, door, crowd, kills=50, seed=2)
    asked, again = load.asked.total(), load.repeated()
    print(f"{kind}: 50 kills, {asked} questions, {again} pieces repeated")  # noqa: T201 - the figure is what this run is for
