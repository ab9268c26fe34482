"""The process is killed at any moment: every question is answered, once, in order."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.flows.conftest import Configure
from tests.flows.load import kill_again_and_again
from tests.servers.model import ModelServer
from tests.servers.telegram import TelegramServer


class TelegramCrowd:
    """Fifty people on Telegram."""

    people = 50

    def __init__(self, telegram: TelegramServer) -> None:
        self._telegram = telegram
        self._people = [telegram.user(f"P{number}") for number in range(self.people)]
        self._chats = [telegram.private(person) for person in self._people]

    def say(self, number: int, text: str) -> None:
        self._telegram.say(self._chats[number], self._people[number], text)

    def heard(self, number: int) -> list[str]:
        return [message.text for message in self._telegram.sent(self._chats[number])]

    def visits(self) -> int:
        return len(self._telegram.called("getUpdates"))

    async def until(self, condition: Callable[[], bool], seconds: float) -> None:
        await self._telegram.until(condition, timeout=seconds)


async def test_nothing_is_lost_and_nothing_answered_twice_when_it_is_killed(
    telegram: TelegramServer, model: ModelServer, gateway: Configure
) -> None:
    load = await kill_again_and_again(TelegramCrowd(telegram), model, gateway(), kills=5, seed=1)
    assert load.repeated() <= 5
    assert load.disordered() == []


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_a_hundred_kills(telegram: TelegramServer, model: ModelServer, gateway: Configure) -> None:
    load = await kill_again_and_again(TelegramCrowd(telegram), model, gateway(), kills=100, seed=2)
    print(f"100 kills, {load.repeated()} pieces repeated")  # noqa: T201 - the figure is what this run is for
    assert load.repeated() <= 100
    assert load.disordered() == []
