"""A real browser before the real gateway, with a simulated model behind it."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.flows.process import GatewayProcess, until_status
from tests.ports import free_port
from tests.servers.model import ModelServer, echo

from .browser import Page, Visitor, launched

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


class Site:
    """The gateway with a web chat, and its model. `log`: everything the gateway wrote."""

    def __init__(self, folder: Path, model: ModelServer, **keys: Any) -> None:
        self.model = model
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        config = {
            "base_url": model.base_url,
            "model": "test",
            "session_timeout": 0,
            "channels": {"web": {"type": "webchat"}},
            "web": {"port": self.port},
            **keys,
        }
        config["web"] = {"port": self.port, **config["web"]}
        self.process = GatewayProcess(folder, config)

    async def up(self) -> None:
        """Start it, and wait until it answers."""
        await self.process.start()
        await self.answering()

    async def answering(self) -> None:
        """Wait until it answers."""
        async with asyncio.timeout(20):
            while True:
                try:
                    return await until_status(f"{self.url}/healthz", 200)
                except OSError:
                    await asyncio.sleep(0.05)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: GATEWAY_SCREENSHOTS, or a folder that pytest forgets."""
    named = os.environ.get("GATEWAY_SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def chromium() -> AsyncIterator[Any]:
    """One browser for all tests here."""
    pytest.importorskip("playwright", reason="a browser is driven by playwright: pip install playwright")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium: apt install chromium, or name one in CHROMIUM")
    async with launched(CHROMIUM) as browser:
        yield browser


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def shared_site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with ModelServer() as model:
        site = Site(tmp_path_factory.mktemp("gateway"), model)
        async with site.process:
            await site.answering()
            yield site


@pytest_asyncio.fixture(loop_scope="package")
async def site(shared_site: Site) -> AsyncIterator[Site]:
    """A gateway and a model that echoes."""
    model = shared_site.model
    model.answer, model.latency, model.delay, model.chunks = echo, 0.0, 0.0, 5
    model.requests.clear()
    model.faults.clear()
    yield shared_site


@pytest_asyncio.fixture(loop_scope="package")
async def model() -> AsyncIterator[ModelServer]:
    """A model for a gateway of the test's own."""
    async with ModelServer() as model:
        yield model


Visit = Callable[..., Any]


@pytest_asyncio.fixture(loop_scope="package")
async def visit(chromium: Any, site: Site) -> AsyncIterator[Visit]:
    """Opens the page as somebody new; at the end nobody's page may have complained."""
    async with AsyncExitStack() as stack:
        visitors: list[Visitor] = []

        async def open_page(**options: Any) -> Page:
            visitor = Visitor(chromium, options.pop("url", site.url), options)
            visitors.append(visitor)
            await stack.enter_async_context(visitor)
            return await visitor.open()

        yield open_page
        for visitor in visitors:
            visitor.complain()
