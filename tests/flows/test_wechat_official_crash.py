"""The process is killed at any moment: every question to an official account is answered, once.

Not always in order: what WeChat asks about again comes after what was said later.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.flows.load import Load, kill_again_and_again
from tests.flows.process import GatewayProcess
from tests.ports import free_port
from tests.servers.model import ModelServer
from tests.servers.wechat_official import Push, WeChatServer


class FollowerCrowd:
    """People who follow an account that may write to them."""

    def __init__(self, wechat: WeChatServer, people: int) -> None:
        self.people = people
        self._wechat = wechat
        self._people = [wechat.person(f"P{number}") for number in range(people)]
        self._saying: set[asyncio.Task[object]] = set()

    def say(self, number: int, text: str) -> None:
        task: asyncio.Task[object] = asyncio.create_task(self._wechat.say(self._people[number], text))
        self._saying.add(task)
        task.add_done_callback(self._saying.discard)

    def heard(self, number: int) -> list[str]:
        """What one of them was answered. Who was told that nothing got through does not wait any more."""
        person = self._people[number]
        texts = [shown.text for shown in person.shown if shown.via != "failure"]
        given_up = [answer_to(push) for push in self.given_up() if push.person is person]
        return texts + [text for text in given_up if text not in texts]

    def given_up(self) -> list[Push]:
        """The questions with which WeChat has not got through, as far as it knows."""
        return [push for push in self._wechat.pushes.all if push.outcome == "failed"]

    def unanswered(self, kept: set[str]) -> list[str]:
        """Those among them that were *kept* all the same, and never answered."""
        return [
            push.id
            for push in self.given_up()
            if push.id in kept and answer_to(push) not in [shown.text for shown in push.person.shown]
        ]

    def visits(self) -> int:
        return len(self._wechat.called("stable_token"))

    async def until(self, condition: Callable[[], bool], seconds: float) -> None:
        await self._wechat.until(condition, seconds)


def answer_to(push: Push) -> str:
    """What the model says to it."""
    return push.fields["Content"].replace("question", "answer")


@pytest.fixture
async def official() -> AsyncIterator[WeChatServer]:
    """WeChat, which waits and asks again as long as the real one."""
    async with WeChatServer(mode="secure") as server:
        yield server


async def killed(
    folder: Path, model: ModelServer, official: WeChatServer, *, people: int, kills: int, seed: int
) -> Load:
    """The load after so many kills: asserts that nothing was lost, nor answered twice."""
    ours, port = official.account, free_port()
    ours.url = f"http://127.0.0.1:{port}/hook/gzh"
    channel = {"type": "wechat_official", "app_id": ours.app_id, "app_secret": ours.secret}
    channel |= {"token": ours.token, "encoding_aes_key": ours.key, "api_root": official.root}
    talk = {"base_url": model.base_url, "model": "test", "session_timeout": 3600}
    process = GatewayProcess(folder, {**talk, "channels": {"gzh": channel}, "web": {"port": port}})
    crowd = FollowerCrowd(official, people)
    load = await kill_again_and_again(crowd, model, process, kills, seed)
    assert load.repeated() <= kills
    with closing(sqlite3.connect(folder / "data" / "gateway.db")) as connection:
        done = {id for (id,) in connection.execute("SELECT message FROM inbox WHERE state = 'done'")}
    assert crowd.unanswered(done) == []
    print(f"{len(crowd.given_up())} did not get through to a gateway that is killed all the time")  # noqa: T201 - a figure
    return load


async def test_nothing_is_lost_on_an_official_account_when_it_is_killed(
    official: WeChatServer, model: ModelServer, tmp_path: Path
) -> None:
    await killed(tmp_path, model, official, people=5, kills=2, seed=1)


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_twenty_five_kills(official: WeChatServer, model: ModelServer, tmp_path: Path) -> None:
    load = await killed(tmp_path, model, official, people=20, kills=25, seed=2)
    asked, again = load.asked.total(), load.repeated()
    print(f"wechat_official: 25 kills, {asked} questions, {again} pieces repeated")  # noqa: T201 - the figure is what this run is for
