"""``gateway check --online`` asks the platforms and the models, with the logins that are kept."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gateway import Adapter, Chat, Options, Receipt, Receive, Reply
from gateway.cli import main
from gateway.cli.online import ask_everybody
from gateway.config import load
from gateway.errors import AuthError
from gateway.store.archive import Archive
from gateway.store.database import Database
from tests.servers.model import ModelServer, Refusal
from tests.servers.telegram import TelegramServer


class Scanned(Adapter[Options]):
    """Knows who it is where a login was kept."""

    async def run(self, receive: Receive) -> None:
        raise NotImplementedError

    async def send(self, chat: Chat, reply: Reply) -> Receipt:
        raise NotImplementedError

    async def verify(self) -> str:
        await self.host.save("login", "overwritten")
        if login := await self.host.load("login"):
            return login
        raise AuthError("nobody is logged in")


@pytest.fixture(autouse=True)
def scanned(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("adapters.scanned")
    vars(module)["Scanned"] = Scanned
    monkeypatch.setitem(sys.modules, "adapters.scanned", module)


async def answers(folder: Path, **keys: Any) -> tuple[int, list[str]]:
    file = folder / "config.json"
    file.write_text(json.dumps({"models": {"echo": {"type": "echo"}}, "model": "echo", **keys}))
    said: list[str] = []
    return await ask_everybody(load(file, {}).config, said.append), said


async def test_everybody_is_asked_and_who_fails_is_named(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, ModelServer() as model:
        known = {"type": "telegram", "token": telegram.token, "api_root": telegram.root}
        channels = {"telegram": known, "other": {**known, "token": "1:revoked"}, "console": {}}
        models = {"ours": {"base_url": model.base_url, "model": "test"}}
        failed, said = await answers(tmp_path, channels=channels, models=models, model="ours")
    assert failed == 1
    assert said[0].startswith("  channel telegram: @")
    assert said[1].startswith("  channel other: FAILED: ")
    assert said[2] == "  channel console: there is nobody to ask"
    assert "  model default: answers 'Say hello in one word. (1 turns)'" in said
    assert "revoked" not in said[1]


async def test_a_login_that_is_kept_is_good_and_stays_as_it_is(tmp_path: Path) -> None:
    failed, said = await answers(tmp_path, channels={"scanned": {}})
    assert (failed, said[0]) == (1, "  channel scanned: FAILED: nobody is logged in")
    data = tmp_path / "data"
    assert not data.exists()
    data.mkdir()
    async with Database(data / "gateway.db") as database:
        archive = Archive(database)
        await archive.save_state("scanned", "login", "Anna's bot")
        for _ in range(2):
            failed, said = await answers(tmp_path, channels={"scanned": {}})
            assert (failed, said[0]) == (0, "  channel scanned: Anna's bot")
        assert await archive.load_state("scanned", "login") == "Anna's bot"


async def test_data_of_another_version_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "gateway.db").touch()
    failed, said = await answers(tmp_path, channels={"scanned": {}})
    assert (failed, said[0]) == (1, "  channel scanned: FAILED: nobody is logged in")


async def test_what_a_server_says_shows_no_key_and_moves_no_terminal(tmp_path: Path) -> None:
    async with ModelServer() as model:
        model.faults.append(Refusal(401, "Wrong key: a-key-of-ours \x1b[2J\nall is well"))
        ours = {"base_url": model.base_url, "model": "test", "api_key": "a-key-of-ours"}
        failed, said = await answers(tmp_path, channels={"console": {}}, models={"ours": ours}, model="ours")
    assert (failed, said[1]) == (1, r"  model ours: FAILED: HTTP 401: Wrong key: *** \u001b[2J\nall is well")


async def test_where_nobody_is_reached_a_proxy_is_thought_of(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, ModelServer() as model:
        channels = {"telegram": {"token": telegram.token, "api_root": telegram.root}}
        models = {"ours": {"base_url": model.base_url, "model": "test"}}
    failed, said = await answers(tmp_path, channels=channels, models=models, model="ours")
    assert failed == 1
    assert [line.endswith('is a "proxy" needed to get there?') for line in said[:2]] == [True, True]


@pytest.mark.usefixtures("logging_as_before")
def test_a_model_that_fails_is_named_once(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The log had it as well, with secrets unmasked."""
    file = tmp_path / "config.json"
    keys = {"base_url": "http://127.0.0.1:1/v1", "channels": {"console": {}}}
    file.write_text(json.dumps(keys))
    assert main(["check", "--online", "--config", str(file)]) == 1
    told = capfd.readouterr()
    assert told.out.count("cannot be reached") == 1
    assert told.err == ""
