"""Official accounts keep the adapters' contract, in plain mode and in secure mode."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.wechat_official import WechatOfficial
from gateway.adapter import load
from tests.servers.wechat_official import WeChatServer

from .contract import Platform, TypingContract
from .wechat_official_platform import SimulatedWeChat, server


def test_it_is_found_by_its_name() -> None:
    assert load("wechat_official") is WechatOfficial


class TestPlain(TypingContract):
    @pytest.fixture
    async def world(self) -> AsyncIterator[WeChatServer]:
        async with server() as world:
            yield world

    @pytest.fixture
    def platform(self, world: WeChatServer) -> Platform:
        return SimulatedWeChat(world)


class TestSecure(TestPlain):
    @pytest.fixture
    async def world(self) -> AsyncIterator[WeChatServer]:
        async with server(mode="secure") as world:
            yield world
