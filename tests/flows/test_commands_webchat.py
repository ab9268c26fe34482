"""Every command on the page, as a browser says it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gateway.texts import Language
from tests.adapters.webchat_platform import Browser, new_id
from tests.flows.commands import every_command, models_at, play
from tests.flows.process import GatewayProcess, until_status
from tests.ports import free_port
from tests.servers.model import ModelServer

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Page:
    """One conversation of one visitor."""

    group = False
    admin = False

    def __init__(self, browser: Browser, model: ModelServer) -> None:
        self.model = model
        self._browser = browser

    async def say(self, text: str) -> str:
        id = await self._post(text)
        async with asyncio.timeout(20):
            while True:
                for event in self._browser.seen("exchange"):
                    exchange = event["exchange"]
                    if exchange["id"] == id and not exchange["open"]:
                        return "\n".join(exchange["answers"])
                await asyncio.sleep(0.01)  # another task hears the events

    async def tell(self, text: str) -> None:
        await self._post(text)

    async def _post(self, text: str) -> str:
        message = {"id": new_id(), "text": text, "language": "en"}
        assert await self._browser.post(message) == 200
        return message["id"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page_root(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[str, ModelServer]]:
    port = free_port()
    root = f"http://127.0.0.1:{port}"
    async with ModelServer() as model:
        models = models_at(model)
        talk = {"session_timeout": 3600, "web": {"port": port}, "channels": {"webchat": {}}}
        config = {"base_url": model.base_url, "model": "test", "models": models, **talk}
        async with GatewayProcess(tmp_path_factory.mktemp("page"), config):
            yield root, model


@every_command
async def test_a_command_on_the_page(
    page_root: tuple[str, ModelServer], command: str, language: Language
) -> None:
    root, model = page_root
    await _until_there(f"{root}/healthz")
    model.reset()
    browser = Browser(root)
    await browser.start()
    async with asyncio.timeout(10):
        while not browser.seen("ready"):  # noqa: ASYNC110 - another task hears the events
            await asyncio.sleep(0.01)
    try:
        await play(command, Page(browser, model), language)
    finally:
        await browser.close()


async def _until_there(url: str) -> None:
    """Wait until the process listens and is well."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await until_status(url, 200)
            except OSError:
                await asyncio.sleep(0.05)
