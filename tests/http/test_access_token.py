"""Access tokens: kept, renewed before their end, replaced where they are not taken."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.errors import AuthError, NetworkError, OutcomeUnknown, Rejected
from gateway.http import AccessToken, Issued, issued
from tests.clock import Clock


class Refused(AuthError):
    """The token is not taken."""


class Platform:
    """Gives out tokens, each good for *seconds*, and knows which it takes.

    `failure`: what it says instead. `stubborn`: another token comes by force alone. `asked`: by which name
    it was asked for tokens so far.
    """

    def __init__(self, seconds: float = 7200) -> None:
        self.seconds = seconds
        self.failure: Exception | None = None
        self.stubborn = False
        self.taken = ""
        self.asked: list[str] = []
        self.calls: list[str] = []
        self._given = 0

    async def fetch(self) -> Issued:
        return await self._give("fetch", another=not self.stubborn or not self._given)

    async def force(self) -> Issued:
        return await self._give("force", another=True)

    async def call(self, token: str) -> str:
        """What an interface answers. Raises `Refused`."""
        self.calls.append(token)
        await asyncio.sleep(0)
        if token != self.taken:
            raise Refused("no such token")
        return f"done with {token}"

    def expire(self) -> None:
        """Take no token that was given out so far."""
        self.taken = ""

    async def _give(self, how: str, *, another: bool) -> Issued:
        self.asked.append(how)
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        if another:
            self._given += 1
            self.taken = f"token {self._given}"
        return Issued(f"token {self._given}", self.seconds)


async def test_whoever_asks_while_it_is_fetched_waits_for_the_same() -> None:
    platform = Platform()
    token = AccessToken(platform.fetch, Refused)
    assert await asyncio.gather(*(token.get() for _ in range(5))) == ["token 1"] * 5
    assert platform.asked == ["fetch"]


@pytest.mark.parametrize(("seconds", "early"), [(7200.0, 300.0), (100.0, 50.0)])
async def test_it_is_renewed_before_its_end(clock: Clock, seconds: float, early: float) -> None:
    token = AccessToken(Platform(seconds).fetch, Refused)
    assert await token.get() == "token 1"
    clock.now += seconds - early - 1
    assert await token.get() == "token 1"
    clock.now += 1
    assert await token.get() == "token 2"


@pytest.mark.parametrize("failure", [NetworkError("refused"), OutcomeUnknown("no answer in time")])
async def test_the_old_one_serves_to_its_end_while_there_is_no_new_one(
    clock: Clock, failure: NetworkError
) -> None:
    platform = Platform()
    token = AccessToken(platform.fetch, Refused)
    await token.get()
    platform.failure = failure
    clock.now += 7199
    assert await token.get() == "token 1"
    clock.now += 1
    with pytest.raises(NetworkError):
        await token.get()
    platform.failure = None
    assert await token.get() == "token 2"
    assert platform.asked == ["fetch"] * 4


async def test_credentials_that_are_refused_are_said_to_be_though_the_old_one_still_serves(
    clock: Clock,
) -> None:
    platform = Platform()
    token = AccessToken(platform.fetch, Refused)
    await token.get()
    platform.failure = AuthError("wrong secret")
    clock.now += 7000
    with pytest.raises(AuthError, match="wrong secret"):
        await token.get()


async def test_a_token_that_does_not_come_in_time_leaves_no_doubt_about_a_message() -> None:
    """Nothing was sent: what was to be sent may be tried again, which `OutcomeUnknown` forbids."""
    platform = Platform()
    platform.failure = OutcomeUnknown("no answer in time")
    with pytest.raises(NetworkError, match="no answer in time") as caught:
        await AccessToken(platform.fetch, Refused).used_for(platform.call)
    assert not isinstance(caught.value, OutcomeUnknown)
    assert platform.calls == []


async def test_a_token_that_is_not_taken_is_replaced_once_for_all() -> None:
    platform = Platform()
    token = AccessToken(platform.fetch, Refused)
    assert await token.used_for(platform.call) == "done with token 1"
    platform.expire()
    done = await asyncio.gather(*(token.used_for(platform.call) for _ in range(5)))
    assert done == ["done with token 2"] * 5
    assert platform.asked == ["fetch"] * 2


async def test_a_platform_that_brings_the_refused_one_again_is_forced() -> None:
    platform = Platform()
    token = AccessToken(platform.fetch, Refused, platform.force)
    await token.get()
    platform.expire()
    platform.stubborn = True
    assert await token.used_for(platform.call) == "done with token 2"
    assert platform.asked == ["fetch", "fetch", "force"]


async def test_a_token_that_is_never_taken_is_an_error_and_no_loop() -> None:
    platform = Platform()
    token = AccessToken(platform.fetch, Refused)
    await token.get()
    platform.expire()
    platform.stubborn = True
    with pytest.raises(Refused):
        await token.used_for(platform.call)
    assert platform.calls == ["token 1", "token 1"]


async def test_a_refused_one_does_not_serve_on_while_there_is_no_new_one() -> None:
    platform = Platform()
    token = AccessToken(platform.fetch, Refused)
    await token.get()
    platform.expire()
    platform.failure = NetworkError("refused")
    for calls in (1, 1):  # with the second, it is not even tried
        with pytest.raises(NetworkError):
            await token.used_for(platform.call)
        assert len(platform.calls) == calls


async def test_another_error_of_a_call_is_the_callers() -> None:
    platform = Platform()

    async def call(token: str) -> str:
        raise Rejected(token)

    with pytest.raises(Rejected, match="token 1"):
        await AccessToken(platform.fetch, Refused).used_for(call)
    assert platform.asked == ["fetch"]


def test_what_an_answer_brings() -> None:
    assert issued({"token": "a", "life": 60}, "token", "life") == ("a", 60)
    assert issued({"token": "a"}, "token", "life") == ("a", 7200)


@pytest.mark.parametrize("answer", [{}, {"token": ""}, {"token": 7}, {"token": "a", "life": "60"}])
def test_an_answer_without_a_token_is_none(answer: dict[str, Any]) -> None:
    with pytest.raises(NetworkError) as caught:
        issued(answer, "token", "life")
    assert not isinstance(caught.value, OutcomeUnknown)
