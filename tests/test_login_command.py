"""`gateway login`: what it says where there is nothing to scan, and what it makes of a gateway that runs."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway.adapter import ChannelState
from gateway.cli import login as command
from gateway.cli import main
from gateway.errors import ConfigError
from gateway.store import channels as table
from gateway.store.channels import Status
from gateway.store.database import connect
from gateway.store.lock import owned, owner
from gateway.store.migrations import migrate
from tests.servers.phone import NAME, PhonePlatform
from tests.servers.telegram import TelegramServer
from tests.servers.wechat_web import WeChatServer

from .adapters import phone as phone_adapter
from .adapters.host import until

pytestmark = pytest.mark.usefixtures("logging_as_before")


class Office:
    """A folder with a configuration, where somebody runs commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.file = folder / "config.json"
        self.said = io.StringIO()

    def configure(self, **channels: dict[str, Any]) -> None:
        """The channels are these."""
        models = {"models": {"parrot": {"type": "echo"}}, "model": "parrot"}
        self.file.write_text(json.dumps({**models, "channels": channels}))

    async def login(self, channel: str) -> int:
        """The exit code; `said` is what was printed."""
        self.said = io.StringIO()
        with contextlib.redirect_stdout(self.said), contextlib.redirect_stderr(self.said):
            return await asyncio.to_thread(main, ["login", channel, "--config", str(self.file)])

    @property
    def text(self) -> str:
        return self.said.getvalue()

    @contextlib.contextmanager
    def gateway(self, *statuses: Status) -> Iterator[sqlite3.Connection]:
        """What a gateway that runs would hold and have written down."""
        with owned(self.data), closing(connect(self.data / "gateway.db")) as connection:
            migrate(connection)
            table.save(connection, statuses)
            yield connection


@pytest.fixture
async def phone() -> AsyncIterator[PhonePlatform]:
    async with PhonePlatform() as phone:
        yield phone


@pytest.fixture
def office(tmp_path: Path, phone: PhonePlatform, monkeypatch: pytest.MonkeyPatch) -> Office:
    """With a channel that is entered with a phone."""
    monkeypatch.setitem(sys.modules, "adapters.phone", phone_adapter)
    office = Office(tmp_path)
    office.configure(phone={"api_root": phone.root})
    return office


def now(name: str, state: ChannelState, error: str = "") -> Status:
    return Status(name, state, time.time() + 1, last_error=error)


# --- mistakes


async def test_an_unknown_channel_is_a_mistake(office: Office) -> None:
    assert await office.login("phoen") == 2
    assert office.text == 'there is no channel "phoen"; did you mean "phone"?\n'
    assert await office.login("wechat") == 2
    assert office.text == 'there is no channel "wechat"; there are: phone\n'
    assert not office.data.exists()


def test_without_a_configuration_there_is_nothing_to_log_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["login", "phone"]) == 2
    assert "gateway init" in capsys.readouterr().err


def test_root_leaves_no_files_that_the_gateway_cannot_open(tmp_path: Path) -> None:
    command.check_owner(tmp_path / "nothing", 0)
    user = tmp_path.stat().st_uid
    command.check_owner(tmp_path, user)
    if user == 0:
        os.chown(tmp_path, 12345, -1)
    with pytest.raises(ConfigError, match="not to root"):
        command.check_owner(tmp_path, 0)


# --- nobody runs


async def test_a_channel_that_knows_no_login_is_verified(office: Office) -> None:
    async with TelegramServer() as telegram:
        office.configure(telegram={"token": telegram.token, "api_root": telegram.root})
        assert await office.login("telegram") == 0
        assert office.text.startswith("telegram: nothing to scan, and the credentials are good: ")
        office.configure(telegram={"token": "1:revoked", "api_root": telegram.root})
        assert await office.login("telegram") == 1
        assert "revoked" not in office.text
    assert owner(office.data) is None


async def test_who_is_logged_in_already_is_told_who(office: Office, phone: PhonePlatform) -> None:
    logging_in = asyncio.create_task(office.login("phone"))
    await until(lambda: phone.codes)
    await phone.scan(phone.codes[0])
    await phone.confirm()
    assert await logging_in == 0
    assert await office.login("phone") == 0
    assert office.text == f"phone: logged in as {NAME}\n"
    assert len(phone.codes) == 1


async def test_nobody_waits_for_ever(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_PATIENCE", 0.5)
    assert await office.login("phone") == 1
    assert "phone was not logged in within" in office.text
    assert owner(office.data) is None
    assert list((office.data / "channels" / "phone").iterdir()) == []


async def test_who_waits_while_the_platform_cannot_be_reached_is_told_why(office: Office) -> None:
    """`gateway login` of WeChat on the web said nothing for ten minutes."""
    async with WeChatServer() as wechat:
        office.configure(wechat={"type": "wechat_web", "api_root": wechat.root})
    logging_in = asyncio.create_task(office.login("wechat"))
    await until(lambda: "; trying again\n" in office.text)
    async with WeChatServer(port=wechat.port) as wechat:
        await until(lambda: [code for code in wechat.codes if code.polls])
        wechat.scan()
        wechat.confirm()
        assert await logging_in == 0
    assert office.text.count("trying again") == 1


# --- a gateway runs


async def test_a_channel_that_is_up_needs_nothing(office: Office) -> None:
    with office.gateway(now("phone", ChannelState.UP)):
        assert await office.login("phone") == 0
    assert office.text == "phone: it is up; nothing to do\n"


async def test_what_no_scan_can_mend_is_said(office: Office) -> None:
    with office.gateway(now("phone", ChannelState.AUTH_FAILED, "the token was revoked")):
        assert await office.login("phone") == 1
    assert office.text == "phone is auth failed: the token was revoked\n"


async def test_a_gateway_that_does_not_know_the_channel_is_started_anew(office: Office) -> None:
    with office.gateway(now("other", ChannelState.UP)):
        assert await office.login("phone") == 2
    assert "start it anew" in office.text


async def test_what_was_written_in_an_earlier_life_does_not_count(office: Office) -> None:
    with office.gateway(Status("phone", ChannelState.UP, time.time() - 60)) as connection:
        logging_in = asyncio.create_task(office.login("phone"))
        await until(lambda: "phone: starting; waiting" in office.text)
        table.save(connection, [now("phone", ChannelState.DOWN)])
        await until(lambda: "phone: down; waiting" in office.text)
        table.save(connection, [now("phone", ChannelState.UP)])
        assert await logging_in == 0
    assert office.text.endswith("phone: logged in\n")


async def test_the_end_of_the_gateway_is_the_end(office: Office) -> None:
    with office.gateway(now("phone", ChannelState.NEEDS_LOGIN)):
        logging_in = asyncio.create_task(office.login("phone"))
        await until(lambda: "waiting" in office.text)
    assert await logging_in == 1
    assert "has ended" in office.text
