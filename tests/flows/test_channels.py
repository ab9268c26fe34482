"""Several channels in one process: one that is in trouble is no trouble of the others'."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import codes
from tests.flows.process import STARTED, GatewayProcess
from tests.flows.test_wechat_web import WebDoor
from tests.flows.wechat import gateway_of
from tests.servers.dingtalk import DingTalkServer
from tests.servers.model import Body, ModelServer
from tests.servers.telegram import TelegramServer
from tests.servers.wechat_web import WeChatServer


class TelegramChat:
    """Olga in Telegram, who is the operator too."""

    def __init__(self, telegram: TelegramServer) -> None:
        self._telegram = telegram
        self._olga = telegram.user("Olga")
        self._chat = telegram.private(self._olga)
        self.entry = f"telegram:{self._chat['id']}"

    @property
    def codes(self) -> list[str]:
        """What the codes say whose pictures are there now."""
        sent = self._telegram.sent(self._chat)
        return [code for one in sent if one.kind == "photo" for code in codes.in_picture(one.file)]

    async def code_of(self, *words: str) -> str:
        """What the code says in a picture with these words, once there is one."""

        def pictures() -> list[bytes]:
            sent = [one for one in self._telegram.sent(self._chat) if one.kind == "photo"]
            return [one.file for one in sent if all(word in one.text for word in words)]

        (picture,) = await self._telegram.until(pictures, timeout=STARTED)
        (code,) = codes.in_picture(picture)
        return code

    async def reads(self, text: str, times: int = 1) -> None:
        """Wait until this was said so often."""
        await self._telegram.until(lambda: self._texts.count(text) == times, timeout=STARTED)

    async def ask(self, text: str) -> None:
        """Olga asks, and is answered."""
        self._telegram.say(self._chat, self._olga, text)
        await self.reads(f"{text} (1 turns)")

    @property
    def _texts(self) -> list[str]:
        return [one.text for one in self._telegram.sent(self._chat)]


class DingTalkChat:
    """Bob in DingTalk."""

    def __init__(self, dingtalk: DingTalkServer) -> None:
        self._dingtalk = dingtalk
        self._bob = dingtalk.user("Bob")
        self._chat = dingtalk.private(self._bob)

    async def ask(self, text: str) -> None:
        """Bob asks, and is answered."""
        self._dingtalk.say(self._chat, self._bob, text)
        (answer,) = await self._dingtalk.answers(self._chat, timeout=STARTED)
        assert answer.text == f"{text} (1 turns)"


@pytest.fixture
def red(wechat: WeChatServer) -> WebDoor:
    return WebDoor(wechat, wechat.account("Red"))


@pytest.fixture
def blue(wechat: WeChatServer) -> WebDoor:
    return WebDoor(wechat, wechat.account("Blue"))


@pytest.fixture
def process(
    tmp_path: Path,
    model: ModelServer,
    red: WebDoor,
    blue: WebDoor,
    telegram: TelegramServer,
    dingtalk: DingTalkServer,
    olga: TelegramChat,
) -> GatewayProcess:
    """The gateway with four channels."""
    robot = dingtalk.robot()
    bot = {"token": telegram.token, "api_root": telegram.root, "pacing": None}
    app = {"client_id": robot.client_id, "client_secret": robot.client_secret}
    app |= {"api_root": dingtalk.root, "pacing": None}
    channels = {"red": red, "blue": blue, "telegram": bot, "dingtalk": app}
    return gateway_of(tmp_path, model, channels, operator=[olga.entry])


@pytest.fixture
def olga(telegram: TelegramServer) -> TelegramChat:
    return TelegramChat(telegram)


def takes_time(body: Body) -> float:
    """A model that thinks longer where it is asked something long."""
    return 0.5 if "long" in str(body["messages"][-1]["content"]) else 0.0


async def test_one_account_is_logged_out_and_the_others_talk_on(
    process: GatewayProcess,
    red: WebDoor,
    blue: WebDoor,
    olga: TelegramChat,
    dingtalk: DingTalkServer,
    model: ModelServer,
) -> None:
    bob = DingTalkChat(dingtalk)
    async with process:
        for name, door in ("red", red), ("blue", blue):
            await door.enter_with(await olga.code_of(f"{name} needs a login: nobody is logged in."))
            await olga.reads(f"{name} works again.")
        assert await blue.ask("hello") == "hello (1 turns)"
        pid, model.latency = process.pid, takes_time
        blue.say("something long")
        await model.until(lambda: len(model.requests) == 2, STARTED)

        blue.log_out()
        code = await olga.code_of("blue needs a login: it was logged out.", "gateway login blue")
        assert code == blue.codes[-1]
        await process.becomes("blue", "logged out")
        await red.ask("hello")
        await olga.ask("hello")
        await bob.ask("hello")
        assert len(blue.heard()) == 1

        await blue.enter_with(code)
        await olga.reads("blue works again.", 2)
        assert await blue.answers(2) == ["hello (1 turns)", "something long (3 turns)"]
        assert await blue.ask("thanks") == "thanks (5 turns)"
        await process.shows(lambda said: said.count(" up ") == 4)
        await process.idle()
        assert process.pid == pid
    assert olga.codes == []
    assert len(red.codes) == 3
    assert red.complaints == dingtalk.complaints == []
