"""The menu of commands that Telegram shows beside the text field."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.commands import menu
from tests.servers.telegram import TelegramServer

from .contract import staged
from .host import FakeHost
from .telegram_platform import TOKEN, SimulatedTelegram, telegram


async def test_it_is_registered_for_everybody_and_in_chinese(host: FakeHost) -> None:
    host.menu = menu()
    async with telegram(host) as (server, _):
        english, chinese = (call.params for call in server.called("setMyCommands"))
    assert "language_code" not in english
    assert chinese["language_code"] == "zh"
    for params, language in ((english, "en"), (chinese, "zh")):
        listed = [(entry["command"], entry["description"]) for entry in params["commands"]]
        assert listed == list(menu()[language])


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 400, "description": "Bad Request: BOT_COMMAND_INVALID"},
        {"status": 429, "parameters": {"retry_after": 3600}},
        {"status": 500},
        {"status": 200, "body": b"<html>"},
    ],
    ids=["refused", "too often", "broken", "no JSON"],
)
async def test_without_it_the_channel_works(host: FakeHost, fault: dict[str, Any]) -> None:
    host.menu = menu()
    async with TelegramServer(token=TOKEN, username="gateway_bot") as server:
        server.fail("setMyCommands", times=None, **fault)
        async with staged(SimulatedTelegram(server), host) as stage:
            await stage.up()
            ann = server.user()
            server.say(server.private(ann), ann, "hello")
            assert [message.text for message in await stage.inbox.get()] == ["hello"]
        assert len(server.called("setMyCommands")) == 2
