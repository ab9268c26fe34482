"""People talk to the gateway through WeChat's iLink."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.flows.process import STARTED, until_said
from tests.flows.wechat import CHANNEL, Door, WechatFlows, gateway_of
from tests.ports import free_port
from tests.servers.ilink import IlinkServer
from tests.servers.model import ModelServer


class IlinkDoor(Door):
    """Ann has logged in herself, and writes to her own bot."""

    kind = "wechat_ilink"
    logged_out = "auth expired"

    def __init__(self, ilink: IlinkServer) -> None:
        super().__init__()
        self.ilink = ilink
        self.ann = ilink.person("Ann")
        self._said: list[str] = []

    def options(self) -> dict[str, Any]:
        return {"api_root": self.ilink.root, "cdn_root": self.ilink.cdn}

    def scan(self, code: str) -> None:
        self.ilink.scan(self.ann, code)

    def confirm(self) -> None:
        self.ilink.confirm()

    def log_out(self) -> None:
        self.ilink.expire(self.ilink.first)

    def listens(self) -> bool:
        bot = self.ann.bot
        return bot is not None and not bot.dead and bot.waiting > 0

    @property
    def codes(self) -> list[str]:
        return [code.text for code in self.ilink.world.codes]

    @property
    def complaints(self) -> list[str]:
        return self.ilink.complaints

    def say(self, text: str) -> None:
        self._said.append(self.ilink.say(self.ann, text))

    def repeat(self) -> None:
        for id in self._said:
            _, message = self.ilink.world.find(id)
            self.ilink.push(message)

    def heard(self) -> list[str]:
        return [sent.text for sent in self.ilink.sent(self.ann)]

    async def until(self, condition: Callable[[], Any], seconds: float) -> None:
        await self.ilink.until(condition, seconds)


class TestWechatIlink(WechatFlows):
    @pytest.fixture
    def door(self, ilink: IlinkServer) -> Door:
        return IlinkDoor(ilink)


async def test_the_digits_that_the_phone_shows_are_typed_on_the_page(
    ilink: IlinkServer, model: ModelServer, tmp_path: Path
) -> None:
    door, port = IlinkDoor(ilink), free_port()
    page = f"http://127.0.0.1:{port}/channels/{CHANNEL}"
    async with (
        gateway_of(tmp_path, model, {CHANNEL: door}, web={"port": port}) as process,
        aiohttp.ClientSession(headers={"Sec-Fetch-Site": "same-origin"}) as browser,
    ):
        ilink.ask_code("4711")
        door.scan(await process.code(CHANNEL))
        for digits, says in (("1234", "Those were not the digits"), ("4711", "confirm it on the phone")):
            await until_said(page, 'name="digits"')
            async with browser.post(page, data={"digits": digits}) as answer:
                assert answer.status == 200
            await until_said(page, says)
        await door.until(lambda: ilink.world.codes[-1].status == "scaned", STARTED)
        door.confirm()
        await door.until(door.listens, STARTED)
        assert await door.ask("hello") == "hello (1 turns)"
