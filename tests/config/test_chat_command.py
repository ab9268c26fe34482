"""``gateway chat`` needs a model and no channel."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.config import Mistakes, load
from tests.flows.person import Person

# Each wrong by itself, for who wants to run the channels.
BROKEN: dict[str, Any] = {
    "channels": {
        "telegram": {"token": "env:NOT_SET"},
        "carrier pigeon": {"type": "pigeon"},
        "support": {"type": "telegram", "tokn": 5, "model": 7},
    },
    "access": {"allow": ["nobody:1"], "admins": "me"},
    "operator": ["nobody:1"],
    "web": {"host": "0.0.0.0", "password": "file:not-there"},
}
ECHO = {"models": {"echo": {"type": "echo"}}, "model": "echo"}


def written(folder: Path, config: dict[str, Any]) -> Path:
    file = folder / "config.json"
    file.write_text(json.dumps(config, indent=2))
    return file


def talked(folder: Path, typed: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway", "chat"]
    environ = {"LANG": "C.UTF-8"}
    return subprocess.run(
        command, cwd=folder, input=typed, capture_output=True, text=True, env=environ, timeout=60
    )


def test_channels_with_mistakes_do_not_keep_one_from_talking(tmp_path: Path) -> None:
    file = written(tmp_path, {**BROKEN, **ECHO, "reply_prefix": "[bot]"})
    with pytest.raises(Mistakes) as caught:
        load(file, {})
    assert len(caught.value.mistakes) >= 7
    done = talked(tmp_path, "hello there\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("[bot]\nhello there\n")
    assert (tmp_path / "data" / "chat" / "gateway.db").exists()


@pytest.mark.parametrize("channels", [{}, None], ids=["no channels", "wechatbot's"])
def test_a_channel_need_not_be_there(tmp_path: Path, channels: dict[str, Any] | None) -> None:
    file = written(tmp_path, ECHO if channels is None else ECHO | {"channels": channels})
    config = load(file, {}, channels=False).config
    assert config.channels == {}
    assert config.models["default"].type == "echo"


def test_what_is_wrong_with_the_rest_is_told(tmp_path: Path) -> None:
    written(tmp_path, {**BROKEN, "modell": "x", "fallback": ["cheap"]})
    done = talked(tmp_path, "hello\n")
    assert done.returncode == 2
    for text in ('did you mean "model"', 'there is no model "cheap"', 'has no "api_key"'):
        assert text in done.stderr
    for text in ("NOT_SET", "pigeon", "nobody", "tokn", "password"):
        assert text not in done.stderr


def test_the_environment_counts_as_the_file_does(tmp_path: Path) -> None:
    channel = {"GATEWAY_CHANNELS__TELEGRAM__TOKEN": "env:NOT_SET"}
    environ = {**channel, "GATEWAY_MODEL": "m", "APIKEY": "sk-0123456789"}
    config = load(None, environ, channels=False).config
    assert config.models["default"].model == "m"


async def test_who_sits_at_a_terminal_is_told_who_answers_and_how_it_ends(tmp_path: Path) -> None:
    written(tmp_path, ECHO)
    command = [sys.executable, "-m", "gateway", "chat"]
    async with Person(command, tmp_path, {"LANG": "C.UTF-8"}) as person:
        await person.reads("> ")
        assert person.said.startswith("echo: ")
        assert "Ctrl-D ends.\n" in person.said
        person.types("\x04", end="")
        assert await person.ended() == 0
