"""DingTalk keeps the adapters' contract, by stream and by callback, with cards and without."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.dingtalk import DingTalk
from gateway.adapter import load
from tests.servers.dingtalk import DingTalkServer

from .contract import EditContract, FileContract, GroupContract, Platform
from .dingtalk_platform import TEMPLATE, SimulatedDingTalk, server


def test_it_is_found_by_its_name() -> None:
    assert load("dingtalk") is DingTalk


@pytest.fixture
async def world() -> AsyncIterator[DingTalkServer]:
    async with server() as world:
        yield world


class TestStream(GroupContract, FileContract):
    @pytest.fixture
    def platform(self, world: DingTalkServer) -> Platform:
        return SimulatedDingTalk(world)


class TestCallback(GroupContract, FileContract):
    @pytest.fixture
    def platform(self, world: DingTalkServer) -> Platform:
        return SimulatedDingTalk(world, "http")


class TestCards(GroupContract, EditContract, FileContract):
    @pytest.fixture
    def platform(self, world: DingTalkServer) -> Platform:
        return SimulatedDingTalk(world, card_template_id=TEMPLATE)
