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
from tests.flows.commands import MODELS, SCENES, play
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
            "models": {name: {"base_url": model.base_url, **options} for name, options in MODELS.items()},
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


class Desk:
    """An admin at DingTalk, in a new private chat or a new group."""

    admin = True

    def __init__(self, office: Office, *, group: bool) -> None:
        self.group = group
        self.model = office.model
        self._dingtalk = office.dingtalk
        self._person = office.dingtalk.user("Ann", staff_id=next(_admins))
        dingtalk, person = self._dingtalk, self._person
        self._room = dingtalk.group("Friends", person) if group else dingtalk.private(person)

    async def say(self, text: str) -> str:
        seen = len(self._room.shown)
        await self.tell(text)
        sent = await self._dingtalk.answers(self._room, seen + 1)
        return "\n".join(read(self._dingtalk, message) for message in sent[seen:])

    async def tell(self, text: str) -> None:
        self._dingtalk.say(self._room, self._person, text)


def read(dingtalk: DingTalkServer, message: Sent) -> str:
    """What a message says, without the call of the asker; of a file, what is in it."""
    if message.msgtype != "file":
        return re.sub(r"^@\w+\s+", "", message.text)
    with zipfile.ZipFile(io.BytesIO(dingtalk.world.media[message.params["mediaId"]])) as archive:
        assert archive.namelist() == ["chat.md"]
        return archive.read("chat.md").decode()


@in_house
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("command", SCENES)
async def test_a_command_to_a_robot(office: Office, command: str, language: Language) -> None:
    await play(command, Desk(office, group=False), language)


@in_house
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("command", SCENES)
async def test_a_command_in_a_group_with_a_robot(office: Office, command: str, language: Language) -> None:
    await play(command, Desk(office, group=True), language)
