"""Telegram keeps the adapters' contract, by poll and by webhook."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.telegram import Telegram
from gateway.adapter import load
from tests.servers.telegram import TelegramServer

from .contract import (
    DeleteContract,
    DraftContract,
    EditContract,
    FileContract,
    GroupContract,
    Platform,
    TypingContract,
)
from .telegram_platform import TOKEN, SimulatedTelegram


def test_it_is_found_by_its_name() -> None:
    assert load("telegram") is Telegram


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer(token=TOKEN, username="gateway_bot") as server:
        yield server


class TelegramContract(
    GroupContract, EditContract, DraftContract, TypingContract, DeleteContract, FileContract
):
    """All there is."""


class TestPolling(TelegramContract):
    @pytest.fixture
    def platform(self, server: TelegramServer) -> Platform:
        return SimulatedTelegram(server, "polling")


class TestWebhook(TelegramContract):
    @pytest.fixture
    def platform(self, server: TelegramServer) -> Platform:
        return SimulatedTelegram(server, "webhook")
