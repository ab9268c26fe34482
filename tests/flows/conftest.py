"""A simulated platform, a simulated model, and the gateway between them as a process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.flows.process import GatewayProcess
from tests.servers.dingtalk import DingTalkServer
from tests.servers.ilink import IlinkServer
from tests.servers.model import ModelServer
from tests.servers.telegram import TelegramServer
from tests.servers.wechat_web import WeChatServer

pytest.register_assert_rewrite("tests.flows.wechat")

Configure = Callable[..., GatewayProcess]


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


@pytest.fixture
async def model() -> AsyncIterator[ModelServer]:
    async with ModelServer() as server:
        yield server


@pytest.fixture
def gateway(tmp_path: Path, telegram: TelegramServer, model: ModelServer) -> Configure:
    """Makes the gateway's process: keyword arguments are keys of its config.json."""

    def configure(telegram_options: dict[str, Any] | None = None, **keys: Any) -> GatewayProcess:
        channel = {"token": telegram.token, "api_root": telegram.root, "pacing": None}
        config = {
            "base_url": model.base_url,
            "model": "test",
            "session_timeout": 3600,
            "channels": {"telegram": {**channel, **(telegram_options or {})}},
            **keys,
        }
        return GatewayProcess(tmp_path, config)

    return configure


@pytest.fixture
async def ilink() -> AsyncIterator[IlinkServer]:
    async with IlinkServer() as server:
        yield server


@pytest.fixture
async def wechat() -> AsyncIterator[WeChatServer]:
    async with WeChatServer() as server:
        yield server


@pytest.fixture
async def dingtalk() -> AsyncIterator[DingTalkServer]:
    """DingTalk, which delivers again every second what is not acknowledged."""
    async with DingTalkServer(redelivery=range(1, 120)) as server:
        yield server


@pytest.fixture
def robot_gateway(tmp_path: Path, dingtalk: DingTalkServer, model: ModelServer) -> Configure:
    """The same for DingTalk; each robot that there is has a channel, called by its client id."""

    def configure(dingtalk_options: dict[str, Any] | None = None, **keys: Any) -> GatewayProcess:
        channels = {}
        for robot in dingtalk.world.robots.values() or [dingtalk.robot()]:
            channel = {"type": "dingtalk", "client_id": robot.client_id, "client_secret": robot.client_secret}
            channel |= {"api_root": dingtalk.root, "pacing": None}
            channels[robot.client_id] = {**channel, **(dingtalk_options or {})}
        talk = {"base_url": model.base_url, "model": "test", "session_timeout": 3600}
        return GatewayProcess(tmp_path, {**talk, "channels": channels, **keys})

    return configure


@dataclass(frozen=True, slots=True)
class House:
    """One process for all tests of a file, with a simulated Telegram for each of its channels."""

    telegrams: dict[str, TelegramServer]
    model: ModelServer
    process: GatewayProcess

    @property
    def telegram(self) -> TelegramServer:
        """The Telegram of the channel "telegram"."""
        return self.telegrams["telegram"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kept_house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """What the file's CONFIG says, running; its channels and models are given tokens and addresses."""
    config: dict[str, Any] = {"channels": {"telegram": {}}, **getattr(request.module, "CONFIG", {})}
    async with AsyncExitStack() as servers:
        model = await servers.enter_async_context(ModelServer())
        telegrams, channels = {}, {}
        for number, (name, options) in enumerate(config["channels"].items(), 101):
            telegram = await servers.enter_async_context(TelegramServer(token=f"{number}:TEST"))
            telegrams[name] = telegram
            bot = {"type": "telegram", "token": telegram.token, "api_root": telegram.root}
            channels[name] = {**bot, "pacing": None, **options}
        models = {
            name: {"base_url": model.base_url, **options}
            for name, options in config.get("models", {}).items()
        }
        config = {"base_url": model.base_url, "model": "test", "session_timeout": 3600, **config}
        config |= {"models": models, "channels": channels}
        process = GatewayProcess(tmp_path_factory.mktemp("house"), config)
        async with process:
            yield House(telegrams, model, process)


@pytest.fixture
def house(kept_house: House) -> House:
    """The house of this file, with nothing wrong in it. For tests marked `in_house`."""
    kept_house.model.reset()
    for telegram in kept_house.telegrams.values():
        telegram.heal()
    return kept_house


in_house = pytest.mark.asyncio(loop_scope="module")
