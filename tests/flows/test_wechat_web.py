"""People talk to the gateway through WeChat's web protocol."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.flows.process import STARTED
from tests.flows.test_talk import asked
from tests.flows.wechat import CHANNEL, Door, WechatFlows, gateway_of
from tests.servers.model import ModelServer
from tests.servers.wechat_web import Account, WeChatServer


class WebDoor(Door):
    """Ann is a friend of an account's."""

    kind = "wechat_web"
    logged_out = "logged out"

    def __init__(self, wechat: WeChatServer, account: Account) -> None:
        super().__init__()
        self.wechat = wechat
        self.account = account
        self.ann = wechat.user("Ann", account=account)
        self.room = wechat.private(self.ann, account)
        self._said = 0

    def options(self) -> dict[str, Any]:
        return {"api_root": self.wechat.root}

    def scan(self, code: str) -> None:
        self.wechat.scan(code, self.account)

    def confirm(self) -> None:
        self.wechat.confirm(self.account)

    def log_out(self) -> None:
        self.wechat.log_out(self.account)

    def listens(self) -> bool:
        return self.wechat.online(self.account)

    @property
    def codes(self) -> list[str]:
        return [code.text for code in self.wechat.logins.codes]

    @property
    def complaints(self) -> list[str]:
        return self.wechat.complaints

    def say(self, text: str) -> None:
        self.wechat.say(self.room, self.ann, text)
        self._said += 1

    def repeat(self) -> None:
        self.wechat.replay(10 * self._said, self.account)

    def heard(self) -> list[str]:
        return [sent.text for sent in self.wechat.sent(self.room)]

    async def until(self, condition: Callable[[], Any], seconds: float) -> None:
        await self.wechat.until(condition, seconds)


@pytest.fixture
def door(wechat: WeChatServer) -> WebDoor:
    return WebDoor(wechat, wechat.account())


class TestWechatWeb(WechatFlows):
    @pytest.fixture
    def door(self, door: WebDoor) -> Door:
        return door


async def test_a_mention_in_a_group_is_answered_and_the_asker_called(
    wechat: WeChatServer, door: WebDoor, model: ModelServer, tmp_path: Path
) -> None:
    bob = wechat.user("Bob", friend=False)
    group = wechat.group("Friends", door.ann, bob)
    async with gateway_of(tmp_path, model, {CHANNEL: door}) as process:
        await door.enter(process)
        wechat.say(group, door.ann, "hello everybody")
        wechat.say(group, bob, "how are you?", mention=True)
        await wechat.answers(group, 1, timeout=STARTED)
        wechat.say(group, door.ann, "and you?", mention=True)
        sent = await wechat.answers(group, 2, timeout=STARTED)
        await process.idle()
    called = ["@Bob\u2005Bob: how are you? (1 turns)", "@Ann\u2005Ann: and you? (3 turns)"]
    assert [message.text for message in sent] == called
    assert asked(model, 0) == ["Bob: how are you?"]
    assert len(model.requests) == 2


async def test_the_asker_is_called_after_a_crash_as_well(
    wechat: WeChatServer, door: WebDoor, model: ModelServer, tmp_path: Path
) -> None:
    group = wechat.group("Friends", door.ann)
    async with gateway_of(tmp_path, model, {CHANNEL: door}) as process:
        await door.enter(process)
        model.latency = 60.0
        wechat.say(group, door.ann, "how are you?", mention=True)
        await model.until(lambda: len(model.requests) == 1, STARTED)
        await process.kill()
        model.latency = 0.0
        await process.start()
        (answer,) = await wechat.answers(group, 1, timeout=STARTED)
    assert answer.text == "@Ann\u2005Ann: how are you? (1 turns)"
