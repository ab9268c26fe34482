"""Every command over DingTalk, in private chats and in groups, in English and Chinese."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from gateway.texts import Language
from tests.flows.commands import Chatting, every_command, models_at, play
from tests.flows.conftest import in_house
from tests.flows.process import GatewayProcess
from tests.servers.dingtalk import DingTalkServer, Sent
from tests.servers.model import ModelServer

_ADMINS = [f"admin{number}" for number in range(100)]
_admins = iter(_ADMINS)


@dataclass(frozen=True, slots=True)
class Office:
    """One process for all tests of this file, with a DingTalk and a model."""

    dingtalk: DingTalkServer
    model: ModelServer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kept_office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    async with DingTalkServer() as dingtalk, ModelServer() as model:
        robot = dingtalk.robot()
        channel = {
            "client_id": robot.client_id,
            "client_secret": robot.client_secret,
            "api_root": dingtalk.root,
            "pacing": None,
            "access": {"admins": [f"dingtalk:{id}" for id in _ADMINS]},
        }
        config = {
            "base_url": model.base_url,
            "model": "test",
            "models": models_at(model),
            "session_timeout": 3600,
            "channels": {"dingtalk": channel},
        }
        async with GatewayProcess(tmp_path_factory.mktemp("office"), config):
            await dingtalk.connected(timeout=20)
            yield Office(dingtalk, model)


@pytest.fixture
def office(kept_office: Office) -> Office:
    """The office, with a model as new."""
    kept_office.model.reset()
    return kept_office


class Desk(Chatting):
    """An admin at DingTalk, in a new private chat or a new group."""

    def __init__(self, office: Office, *, group: bool) -> None:
        dingtalk = office.dingtalk
        self._person = dingtalk.user("Ann", staff_id=next(_admins))
        room = dingtalk.group("Friends", self._person) if group else dingtalk.private(self._person)
        super().__init__(dingtalk, room, office.model, group=group)

    async def tell(self, text: str) -> None:
        self.platform.say(self.room, self._person, text)

    def read(self, message: Sent) -> str:
        if message.msgtype != "file":
            return re.sub(r"^@\w+\s+", "", message.text)
        content = self.platform.world.media[message.params["mediaId"]]
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.namelist() == ["chat.md"]
            return archive.read("chat.md").decode()


@in_house
@every_command
async def test_a_command_to_a_robot(office: Office, command: str, language: Language) -> None:
    await play(command, Desk(office, group=False), language)


@in_house
@every_command
async def test_a_command_in_a_group_with_a_robot(office: Office, command: str, language: Language) -> None:
    await play(command, Desk(office, group=True), language)
