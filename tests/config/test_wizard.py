from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config import Loaded, load
from gateway.config.wizard import Language, init, language_of

TOKEN = "123456:ABC-DEF_xyz"
KEY = "sk-0123456789"


class Terminal:
    """Somebody who answers what is asked, and then hangs up."""

    def __init__(self, *answers: str) -> None:
        self._answers: Iterator[str] = iter(answers)
        self.questions: list[str] = []
        self.hidden: list[str] = []
        self.said: list[str] = []

    def ask(self, question: str, hidden: bool) -> str:
        self.questions.append(question)
        answer = next(self._answers, None)
        if answer is None:
            raise EOFError
        if hidden:
            self.hidden.append(answer)
        return answer

    def init(self, path: Path, language: Language = "en", *, interactive: bool = True) -> bool:
        return init(path, self.ask, self.said.append, language, interactive=interactive)


def outcome(path: Path) -> Loaded:
    return load(path, {})


def test_the_shortest_answers_make_a_working_configuration(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    terminal = Terminal("", KEY, "", TOKEN, "")
    assert terminal.init(path)
    assert json.loads(path.read_text()) == {
        "base_url": "https://api.openai.com/v1",
        "api_key": KEY,
        "model": "gpt-5.4-mini",
        "channels": {"telegram": {"token": TOKEN}},
    }
    assert terminal.hidden == [KEY, TOKEN]
    assert outcome(path).notes == []


def test_only_its_owner_can_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    assert Terminal("", KEY, "", TOKEN, "").init(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_an_admin_may_be_the_only_one_who_speaks(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    assert Terminal("2", KEY, "", TOKEN, "777", "").init(path)
    rules = outcome(path).config.conversation("telegram").rules
    assert (rules.allow, rules.admins, rules.groups) == (
        frozenset({"telegram:777"}),
        frozenset({"telegram:777"}),
        frozenset(),
    )
    assert Terminal("y", "2", KEY, "", TOKEN, "777", "n").init(path)
    assert outcome(path).config.conversation("telegram").rules.allow == {"*"}


def test_without_a_token_one_talks_in_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    assert Terminal("4", "", "").init(path)
    config = outcome(path).config
    assert list(config.channels) == ["console"]
    assert config.models()["default"].base_url == "http://127.0.0.1:11434/v1"


def test_a_wrong_answer_is_explained_and_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    terminal = Terminal(
        *(
            "9",
            "3",
            "llm.example.org",
            "https://llm.example.org/v1",
            "",
            "YOUR_KEY",
            "env:LLM_KEY",
            "",
            "big",
        ),
        *("nonsense", "env:TELEGRAM_TOKEN", "@me", "5", "y"),
    )
    assert terminal.init(path)
    for complaint in (
        "one of the numbers",
        "no http://",
        "no key",
        "name a model",
        "looks like",
        "not a name",
    ):
        assert any(complaint in text for text in terminal.said), complaint
    found = load(path, {"LLM_KEY": KEY, "TELEGRAM_TOKEN": TOKEN})
    assert found.config.models()["default"].model == "big"


def test_an_existing_file_is_kept_unless_the_answer_is_yes(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text("mine")
    for answer in ("", "n", "what?"):
        assert not Terminal(answer).init(path)
    assert not Terminal("y", "", KEY).init(path), "hung up before the end"
    assert path.read_text() == "mine"
    assert Terminal("y", "", KEY, "", TOKEN, "").init(path)
    assert path.read_text() != "mine"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_without_a_terminal_it_says_so_and_asks_nothing(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    terminal = Terminal("y")
    assert not terminal.init(path, interactive=False)
    assert "config.example.json" in terminal.said[0]
    assert terminal.questions == []
    assert not path.exists()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    terminal = Terminal("4", "", "")
    assert not terminal.init(tmp_path / "none" / "config.json")
    assert "cannot be written: No such file or directory" in terminal.said[-1]


def test_it_speaks_chinese_too(tmp_path: Path) -> None:
    terminal = Terminal("", KEY, "", TOKEN, "")
    assert terminal.init(tmp_path / "config.json", "zh")
    assert all(any("\u4e00" <= sign <= "\u9fff" for sign in text) for text in terminal.questions)


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "C", "LC_MESSAGES": "zh_TW"}, "zh"),
        ({"LC_ALL": "", "LANG": "zh"}, "zh"),
    ],
)
def test_the_locale_chooses_the_language(environ: dict[str, str], language: str) -> None:
    assert language_of(environ) == language
