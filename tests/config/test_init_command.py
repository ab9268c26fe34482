"""``gateway init`` as people run it: at a terminal, with a shell around it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flows.person import Person

GATEWAY = str(Path(sys.executable).with_name("gateway"))
TOKEN, KEY = "123456:a-secret-token", "sk-a-secret-key"
ENVIRON = {"LANG": "C.UTF-8"}


def somebody(folder: Path, *command: str, **environ: str) -> Person:
    return Person(command, folder, ENVIRON | environ)


async def test_secrets_are_not_seen_and_the_next_commands_can_be_copied(tmp_path: Path) -> None:
    async with somebody(tmp_path, GATEWAY, "init", PATH=os.defpath) as person:
        await person.reads("Numbers [6]: ")
        person.types("1")
        await person.reads("Bot token: ")
        person.types(TOKEN)
        await person.reads("nobody is): ")
        person.types("")
        await person.reads("Number [")
        person.types("1")
        await person.reads("api-keys: ")
        person.types(KEY)
        await person.reads("Model [gpt-5.4-mini]: ")
        person.types("")
        assert await person.ended() == 0
    config = json.loads((tmp_path / "config.json").read_text())
    assert (config["channels"]["telegram"]["token"], config["api_key"]) == (TOKEN, KEY)
    assert TOKEN not in person.said
    assert KEY not in person.said
    assert f"  {GATEWAY} check --online  " in person.said
    assert f"  {GATEWAY} run " in person.said


async def test_what_a_shell_finds_is_called_by_its_name(tmp_path: Path) -> None:
    folder = str(Path(GATEWAY).parent)
    async with somebody(tmp_path, GATEWAY, "init", PATH=folder, LC_ALL="zh_CN.UTF-8") as person:
        await person.reads("请输入编号 [6]：")
        person.types("3 6")
        await person.reads("密码（留空则仅本机可用）：")
        person.types("")
        await person.reads("请输入编号 [", 2)
        person.types("5")
        assert await person.ended() == 0
    assert "\n  gateway login weixin  " in person.said
    assert "\n  gateway run  " in person.said


async def test_the_end_of_the_input_ends_it(tmp_path: Path) -> None:
    async with somebody(tmp_path, sys.executable, "-m", "gateway", "init") as person:
        await person.reads("Numbers [6]: ")
        person.types("1")
        await person.reads("Bot token: ")
        person.types("\x04", end="")
        assert await person.ended() == 1
    assert person.said.endswith("Nothing was written.\n")
    assert not (tmp_path / "config.json").exists()


@pytest.mark.parametrize("typed", ["", "1\n"])
def test_without_a_terminal_nothing_is_asked(tmp_path: Path, typed: str) -> None:
    command = [sys.executable, "-m", "gateway", "init"]
    done = subprocess.run(command, cwd=tmp_path, input=typed, capture_output=True, text=True, env=ENVIRON)
    assert (done.returncode, done.stderr) == (1, "")
    assert "config.example.json" in done.stdout
    assert list(tmp_path.iterdir()) == []
