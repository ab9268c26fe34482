"""The process is killed at any moment: every question asked on the page is answered, once, in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest

from tests.adapters.webchat_platform import Browser, new_id
from tests.flows.load import Load, kill_again_and_again
from tests.flows.process import GatewayProcess
from tests.ports import free_port
from tests.servers.model import ModelServer


class PageCrowd:
    """Visitors, each with a browser that posts what they write until it is taken."""

    def __init__(self, root: str, people: int) -> None:
        self.people = people
        self.browsers = [Browser(root) for _ in range(people)]
        self._seen: dict[int, list[str]] = {}

    async def close(self) -> None:
        """Everybody goes home."""
        for browser in self.browsers:
            await browser.close()

    def say(self, number: int, text: str) -> None:
        self.browsers[number].write({"id": new_id(), "text": text, "language": "en"})

    def heard(self, number: int) -> list[str]:
        return self._seen.get(number, [])

    def visits(self) -> int:
        return sum(len(browser.seen("ready")) for browser in self.browsers)

    async def until(self, condition: Callable[[], bool], seconds: float) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.gather(*(self._look(number) for number in range(self.people)))
                await asyncio.sleep(0.1)

    async def _look(self, number: int) -> None:
        """What the page shows now; what it showed before where it cannot be had."""
        browser = self.browsers[number]
        await browser.start()
        try:
            exchanges = await browser.history()
        except (aiohttp.ClientError, TimeoutError):
            return
        self._seen[number] = [text for exchange in exchanges for text in exchange["answers"]]


@pytest.fixture
async def port() -> int:
    return free_port()


@pytest.fixture
async def crowd(port: int, request: pytest.FixtureRequest) -> AsyncIterator[PageCrowd]:
    crowd = PageCrowd(f"http://127.0.0.1:{port}", request.param)
    yield crowd
    await crowd.close()


async def killed(
    folder: Path, port: int, model: ModelServer, crowd: PageCrowd, *, kills: int, seed: int
) -> Load:
    """The load after so many kills: asserts that nothing was lost, nor answered twice, nor out of order."""
    talk = {"base_url": model.base_url, "model": "test", "session_timeout": 3600}
    process = GatewayProcess(folder, {**talk, "channels": {"webchat": {}}, "web": {"port": port}})
    load = await kill_again_and_again(crowd, model, process, kills, seed)
    assert load.repeated() <= kills
    assert load.disordered() == []
    return load


@pytest.mark.parametrize("crowd", [5], indirect=True)
async def test_nothing_is_lost_on_the_page_when_it_is_killed(
    crowd: PageCrowd, port: int, model: ModelServer, tmp_path: Path
) -> None:
    await killed(tmp_path, port, model, crowd, kills=2, seed=1)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("crowd", [20], indirect=True)
async def test_twenty_five_kills(crowd: PageCrowd, port: int, model: ModelServer, tmp_path: Path) -> None:
    load = await killed(tmp_path, port, model, crowd, kills=25, seed=2)
    asked, again = load.asked.total(), load.repeated()
    print(f"webchat: 25 kills, {asked} questions, {again} pieces repeated")  # noqa: T201 - the figure is what this run is for
