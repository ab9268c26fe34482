"""What every door to WeChat does as people see it: an account whose phone we hold, and Ann, who writes.

`WechatFlows` is inherited by the flows of each door, which add what only theirs can do.
"""

from __future__ import annotations

import base64
import re
import stat
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests import codes
from tests.adapters.host import until
from tests.flows.process import STARTED, GatewayProcess, get
from tests.flows.test_talk import asked
from tests.ports import free_port
from tests.servers.model import ModelServer

CHANNEL = "wechat"


class Door(ABC):
    """One account on a simulated WeChat, that of the phone, and Ann.

    `kind` is the type of its channel; `logged_out`: what that is once the login was ended elsewhere.
    """

    kind = ""
    logged_out = ""

    def __init__(self) -> None:
        self._scanned: list[str] = []

    @abstractmethod
    def options(self) -> dict[str, Any]:
        """What the channel's part of the configuration says."""

    @abstractmethod
    def scan(self, code: str) -> None:
        """Hold the phone on what says *code*."""

    @abstractmethod
    def confirm(self) -> None:
        """Say yes on the phone."""

    @abstractmethod
    def log_out(self) -> None:
        """End the login from elsewhere."""

    @abstractmethod
    def listens(self) -> bool:
        """Whether the gateway is logged in, and asks for messages."""

    @property
    @abstractmethod
    def codes(self) -> list[str]:
        """What every code says that was asked for so far."""

    @property
    @abstractmethod
    def complaints(self) -> list[str]:
        """What the gateway did that WeChat would not take."""

    @abstractmethod
    def say(self, text: str) -> None:
        """Ann writes."""

    @abstractmethod
    def repeat(self) -> None:
        """WeChat hands over once more what Ann wrote before."""

    @abstractmethod
    def heard(self) -> list[str]:
        """What Ann was answered."""

    @abstractmethod
    async def until(self, condition: Callable[[], Any], seconds: float) -> None:
        """Wait until *condition* is true, looking whenever something happens there."""

    async def answers(self, count: int) -> list[str]:
        """Wait until Ann has *count* answers; all that she has, with single spaces."""
        await self.until(lambda: len(self.heard()) >= count, STARTED)
        return [" ".join(text.split()) for text in self.heard()]

    async def ask(self, text: str) -> str:
        """Ann writes; the answer."""
        before = len(self.heard())
        self.say(text)
        return (await self.answers(before + 1))[-1]

    async def enter(self, process: GatewayProcess, channel: str = CHANNEL) -> None:
        """Log in with the picture of the code that *channel* shows now."""
        await self.enter_with(await process.code(channel, *self._scanned))

    async def enter_with(self, code: str) -> None:
        """Scan what says *code*, confirm, and wait until the gateway listens."""
        self._scanned.append(code)
        self.scan(code)
        self.confirm()
        await self.until(self.listens, STARTED)


def gateway_of(
    folder: Path, model: ModelServer, channels: Mapping[str, Door | Mapping[str, Any]], **keys: Any
) -> GatewayProcess:
    """The gateway with *channels*, each a door, or what the configuration says of it."""
    options = {
        name: {"type": one.kind, "pacing": None, **one.options()} if isinstance(one, Door) else dict(one)
        for name, one in channels.items()
    }
    talk = {"base_url": model.base_url, "model": "test", "session_timeout": 3600}
    return GatewayProcess(folder, {**talk, "channels": options, **keys})


async def code_on_page(address: str) -> str:
    """What the code says that a page shows."""
    _, text = await get(address)
    found = re.search(r'src="data:image/png;base64,([^"]+)"', text)
    assert found is not None, text
    (said,) = codes.in_picture(base64.b64decode(found[1]))
    return said


class WechatFlows:
    """The flows."""

    @pytest.fixture
    def door(self) -> Door:
        """An account with nobody logged in."""
        raise NotImplementedError

    async def test_with_no_screen_the_picture_logs_in_and_a_restart_needs_no_scan(
        self, door: Door, model: ModelServer, tmp_path: Path
    ) -> None:
        keys = {"reply_prefix": "[Bot]", "session_clear_token": "清空会话", "system_prompt": "Be brief."}
        async with gateway_of(tmp_path, model, {CHANNEL: door}, **keys) as process:
            await process.code(CHANNEL)
            picture = process.channel_folder(CHANNEL) / "login.png"
            assert stat.S_IMODE(picture.stat().st_mode) == 0o600
            assert f"gateway login {CHANNEL}" in await process.becomes(CHANNEL, "not logged in")
            await door.enter(process)
            assert await door.ask("my name is Ann") == "[Bot] my name is Ann (2 turns)"
            await until(lambda: list(picture.parent.glob("*")) == [], within=STARTED)
            assert await door.ask("what is my name?") == "[Bot] what is my name? (4 turns)"
            said = ["my name is Ann", "my name is Ann (2 turns)", "what is my name?"]
            assert asked(model) == ["Be brief.", *said]
            assert await door.ask("清空会话") == "上下文已经清空，请问下一个问题。"
            assert await door.ask("一") == "[Bot] 一 (2 turns)"
            assert await process.terminate() == 0
            door.repeat()
            await process.start()
            assert await door.ask("二") == "[Bot] 二 (4 turns)"
            await process.idle()
        assert len(door.heard()) == 5
        assert len(model.requests) == 4
        assert len(door.codes) == 1
        assert door.complaints == []

    async def test_the_page_and_the_command_show_the_code_of_the_gateway_that_runs(
        self, door: Door, model: ModelServer, tmp_path: Path
    ) -> None:
        port = free_port()
        page = f"http://127.0.0.1:{port}/channels/{CHANNEL}"
        async with gateway_of(tmp_path, model, {CHANNEL: door}, web={"port": port}) as process:
            code = await process.code(CHANNEL)
            assert await code_on_page(page) == code
            async with process.person("login", CHANNEL, terminal=False) as person:
                assert await person.sees_code() == code
                door.scan(code)
                await person.reads("confirm it on the phone")
                assert "confirm it on the phone" in (await get(page))[1]
                door.confirm()
                assert await person.ended() == 0
                assert person.said.endswith(f"{CHANNEL}: logged in\n")
            assert "Logged in" in (await get(page))[1]
            await door.until(door.listens, STARTED)
            assert await door.ask("hello") == "hello (1 turns)"
        assert door.codes == [code]

    async def test_before_the_first_start_the_command_logs_in_by_itself(
        self, door: Door, model: ModelServer, tmp_path: Path
    ) -> None:
        process = gateway_of(tmp_path, model, {CHANNEL: door})
        async with process.person("login", CHANNEL) as person:
            door.scan(await person.sees_code())
            await person.reads("confirm it on the phone")
            door.confirm()
            assert await person.ended() == 0
            assert f"{CHANNEL}: logged in as " in person.said
        async with process:
            await door.until(door.listens, STARTED)
            assert await door.ask("hello") == "hello (1 turns)"
        assert len(door.codes) == 1

    async def test_after_a_login_that_ended_the_next_goes_on(
        self, door: Door, model: ModelServer, tmp_path: Path
    ) -> None:
        async with gateway_of(tmp_path, model, {CHANNEL: door}) as process:
            await door.enter(process)
            await door.ask("one")
            pid, model.latency = process.pid, 0.5
            door.say("two")
            await model.until(lambda: len(model.requests) == 2, STARTED)
            door.log_out()
            assert f"gateway login {CHANNEL}" in await process.becomes(CHANNEL, door.logged_out)
            await door.enter(process)
            door.say("three")
            assert await door.answers(3) == ["one (1 turns)", "two (3 turns)", "three (5 turns)"]
            door.repeat()
            assert await door.ask("four") == "four (7 turns)"
            await process.becomes(CHANNEL, "up")
            await process.idle()
            assert process.pid == pid
        assert len(door.heard()) == len(model.requests) == 4
        assert len(door.codes) == 2
        assert door.complaints == []

    async def test_a_restart_while_an_answer_is_made_answers_once(
        self, door: Door, model: ModelServer, tmp_path: Path
    ) -> None:
        async with gateway_of(tmp_path, model, {CHANNEL: door}, shutdown_grace=0.2) as process:
            await door.enter(process)
            await door.ask("one")
            model.latency = 60.0
            door.say("two")
            await model.until(lambda: len(model.requests) == 2, STARTED)
            assert await process.terminate() == 0
            await process.start()
            await model.until(lambda: len(model.requests) == 3, STARTED)
            await process.kill()
            model.latency = 0.0
            door.repeat()
            await process.start()
            assert await door.answers(2) == ["one (1 turns)", "two (3 turns)"]
            assert await door.ask("three") == "three (5 turns)"
            await process.idle()
        assert len(door.heard()) == 3
        assert len(door.codes) == 1
        assert door.complaints == []
