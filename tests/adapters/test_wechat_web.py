"""wechat_web keeps the adapters' contract, resuming a login that was made before."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.wechat_web import WechatWeb
from gateway.adapter import load
from tests.servers.wechat_web import WeChatServer

from .contract import DeleteContract, FileContract, GroupContract, Platform
from .host import FakeHost
from .wechat_web_platform import SimulatedWechatWeb, log_in, server


def test_it_is_found_by_its_name() -> None:
    assert load("wechat_web") is WechatWeb


@pytest.fixture
async def world() -> AsyncIterator[WeChatServer]:
    async with server() as world:
        yield world


class TestWechatWeb(GroupContract, DeleteContract, FileContract):
    @pytest.fixture
    async def platform(self, world: WeChatServer, host: FakeHost) -> Platform:
        await log_in(host, world)
        return SimulatedWechatWeb(world)
