"""iLink keeps the adapters' contract."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.wechat_ilink import WechatIlink
from gateway.adapter import load
from tests.servers.ilink import IlinkServer

from .contract import FileContract, Platform, TypingContract
from .wechat_ilink_platform import SimulatedIlink, server


def test_it_is_found_by_its_name() -> None:
    assert load("wechat_ilink") is WechatIlink


@pytest.fixture
async def world() -> AsyncIterator[IlinkServer]:
    async with server() as world:
        yield world


class TestIlink(TypingContract, FileContract):
    @pytest.fixture
    def platform(self, world: IlinkServer) -> Platform:
        return SimulatedIlink(world)
