from __future__ import annotations

import json
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.backend.base import ModelOptions
from gateway.config import Loaded, embedded, load
from gateway.config.dialogue import Dialogue
from gateway.config.platforms import PLATFORMS
from gateway.config.wizard import init
from gateway.texts import language_of_locale

TOKEN = "123456:ABC-DEF_xyz"
KEY = "sk-0123456789"
SECRET = "a-secret-of-dingtalk"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

# What is typed for each platform, behind its number.
TELEGRAM = (TOKEN, "")
OFFICIAL = ("wx0123456789abcdef", "0123456789abcdef", "tokenofmine", AES_KEY)
OPENAI = ("1", KEY, "")
EVERYTHING = ("1 2 3 4 5 6", *TELEGRAM, "ding0123", SECRET, *OFFICIAL, "", *OPENAI)


class Terminal:
    """Somebody who answers what is asked, and then hangs up; an answer that is an error is raised."""

    def __init__(self, *answers: str | BaseException, environ: dict[str, str] | None = None) -> None:
        self._answers: Iterator[str | BaseException] = iter(answers)
        self._environ = environ or {}
        self.questions: list[str] = []
        self.hidden: list[str] = []
        self.said: list[str] = []

    def ask(self, question: str, hidden: bool) -> str:
        self.questions.append(question)
        answer = next(self._answers, EOFError())
        if isinstance(answer, BaseException):
            raise answer
        if hidden and answer:
            self.hidden.append(answer)
        return answer

    def init(self, path: Path, ollama: tuple[str, ...] = (), **options: Any) -> bool:
        talk = Dialogue(self.ask, self.said.append, language_of_locale(self._environ))
        return init(path, talk, self._environ, ollama, **options)

    @property
    def text(self) -> str:
        return "\n".join(self.said)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.json"


def outcome(path: Path) -> Loaded:
    loaded = load(path, {})
    assert loaded.notes == []
    return loaded


def model_of(path: Path) -> ModelOptions:
    return outcome(path).config.models["default"]


# What is written.


def test_the_shortest_answers_make_the_page_that_is_there_without_a_configuration(path: Path) -> None:
    assert Terminal("", "", "5").init(path)
    config, without = outcome(path).config, embedded({})
    assert list(config.channels) == list(without.channels) == ["web"]
    assert config.conversation("web") == without.conversation("web")
    assert config.models == without.models
    (ours, theirs) = (part.settings.web for part in (config, without))
    assert (ours and ours.root) == (theirs and theirs.root) == "http://127.0.0.1:8080"


def test_a_token_and_a_key_make_a_bot_on_telegram(path: Path) -> None:
    terminal = Terminal("1", *TELEGRAM, *OPENAI)
    assert terminal.init(path)
    assert json.loads(path.read_text()) == {
        "base_url": "https://api.openai.com/v1",
        "api_key": KEY,
        "model": "gpt-5.4-mini",
        "session_timeout": 3600,
        "channels": {"telegram": {"token": TOKEN}},
    }
    assert terminal.hidden == [TOKEN, KEY]
    outcome(path)


def test_people_are_in_several_places(path: Path) -> None:
    terminal = Terminal(*EVERYTHING)
    assert terminal.init(path)
    assert json.loads(path.read_text())["channels"] == {
        "telegram": {"token": TOKEN},
        "dingtalk": {"client_id": "ding0123", "client_secret": SECRET},
        "weixin": {"type": "wechat_ilink"},
        "wechat": {"type": "wechat_web"},
        "gzh": {
            "type": "wechat_official",
            "app_id": "wx0123456789abcdef",
            "app_secret": "0123456789abcdef",
            "token": "tokenofmine",
            "encoding_aes_key": AES_KEY,
        },
        "web": {"type": "webchat", "session_timeout": 0},
    }
    assert terminal.hidden == [TOKEN, SECRET, *OFFICIAL[1:], KEY]
    config = outcome(path).config
    assert {name: channel.type for name, channel in config.channels.items()} == {
        platform.name: platform.type for platform in PLATFORMS
    }


@pytest.mark.parametrize("typed", ["3, 4", " 4 3 3 ", "３，４", "3、4"])
def test_numbers_are_read_as_people_write_them(path: Path, typed: str) -> None:
    assert Terminal(typed, "5").init(path)
    assert [*outcome(path).config.channels] == ["weixin", "wechat"]


def test_the_web_protocol_comes_with_a_warning(path: Path) -> None:
    terminal = Terminal("4", "5")
    assert terminal.init(path)
    assert sum("restrict" in line for line in terminal.said) == 2


def test_an_official_account_without_a_key_is_in_plain_mode(path: Path) -> None:
    terminal = Terminal("5", *OFFICIAL[:3], "", "5")
    assert terminal.init(path)
    assert "encoding_aes_key" not in json.loads(path.read_text())["channels"]["gzh"]
    outcome(path)
    assert "https://YOUR-ADDRESS/hook/gzh; it must lead to http://127.0.0.1:8080/hook/gzh" in terminal.text


def test_with_a_password_others_can_open_the_page(path: Path) -> None:
    terminal = Terminal("6", "short", "long enough", "5")
    assert terminal.init(path)
    web = outcome(path).config.settings.web
    assert web is not None
    assert (web.host, web.password and web.password.get_secret_value()) == ("0.0.0.0", "long enough")
    assert "at least 8" in terminal.text


def test_only_its_owner_can_read_the_file(path: Path) -> None:
    assert Terminal("", "", "5").init(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_an_admin_may_be_the_only_one_who_speaks_to_the_bot_on_telegram(path: Path) -> None:
    assert Terminal("1 3", TOKEN, "777", "", *OPENAI).init(path)
    config = outcome(path).config
    rules = config.conversation("telegram").rules
    me = frozenset({"telegram:777"})
    assert (rules.allow, rules.admins, rules.groups) == (me, me, frozenset())
    assert config.conversation("weixin").rules.allow == {"*"}
    assert Terminal("y", "1", TOKEN, "777", "n", *OPENAI).init(path)
    assert outcome(path).config.conversation("telegram").rules.allow == {"*"}


# The model.


def test_an_ollama_that_answers_is_offered_with_its_models(path: Path) -> None:
    terminal = Terminal("", "", "", "")
    assert terminal.init(path, ("llama4", "qwen3:8b"))
    assert "Ollama on this machine: llama4, qwen3:8b" in terminal.text
    assert (model_of(path).base_url, model_of(path).model) == ("http://127.0.0.1:11434/v1", "llama4")


def test_an_ollama_that_does_not_answer_can_be_chosen(path: Path) -> None:
    terminal = Terminal("", "", "4", "")
    assert terminal.init(path)
    assert "none answers" in terminal.text
    assert model_of(path).model == "qwen3"


@pytest.mark.parametrize(
    ("url", "key"),
    [("https://llm.example.org/v1", "env:LLM_KEY"), ("http://10.0.0.7:8000/v1", "")],
)
def test_any_other_server_is_asked_for(path: Path, url: str, key: str) -> None:
    assert Terminal("", "", "3", url, key, "big").init(path)
    model = load(path, {"LLM_KEY": KEY}).config.models["default"]
    assert (model.base_url, model.model) == (url, "big")
    assert (model.api_key and model.api_key.get_secret_value()) == (KEY if key else None)


def test_what_the_environment_holds_is_offered_and_stays_there(path: Path) -> None:
    environ = {"TELEGRAM_TOKEN": TOKEN, "DINGTALK_SECRET": SECRET, "DEEPSEEK_API_KEY": KEY}
    terminal = Terminal("1 2", "", "", "ding0123", "", "", "", "", environ=environ)
    assert terminal.init(path, ("llama4",))
    assert "Bot token [env:TELEGRAM_TOKEN]: " in terminal.questions
    config = json.loads(path.read_text())
    assert config["channels"] == {
        "telegram": {"token": "env:TELEGRAM_TOKEN"},
        "dingtalk": {"client_id": "ding0123", "client_secret": "env:DINGTALK_SECRET"},
    }
    assert (config["api_key"], config["model"]) == ("env:DEEPSEEK_API_KEY", "deepseek-chat")
    assert terminal.said[-3] == "\nNow:", "nothing is left to be done"


# Answers that cannot be used.


def test_a_wrong_answer_is_explained_and_asked_again(path: Path) -> None:
    terminal = Terminal(
        *("0", "telegram", "7", "1 x", "12", "1 5"),
        *("", "nonsense", "YOUR_TOKEN", "env:TELEGRAM_TOKEN", "@me", "5", "perhaps", "y"),
        *(
            "gh_0123",
            "wx0123456789abcdef",
            "short",
            "0123456789abcdef",
            "with space",
            "token",
            "too short",
            "",
        ),
        *("9", "1 3", "3", "llm.example.org", "https://llm.example.org/v1/chat/completions"),
        *("https://llm.example.org/v1", "", "YOUR_KEY", "two words", "env:LLM_KEY", "", "big"),
    )
    assert terminal.init(path)
    complaints = {
        "some of the numbers": 5,
        "looks like": 3,
        "not a name": 1,
        "y or n": 1,
        "begins with wx": 1,
        "longer row": 1,
        "3 to 32": 1,
        "43 characters": 1,
        "one of the numbers": 2,
        "begins with http": 2,
        "no key": 3,
        "name a model": 1,
    }
    assert {text: sum(text in line for line in terminal.said) for text in complaints} == complaints
    found = load(path, {"LLM_KEY": KEY, "TELEGRAM_TOKEN": TOKEN})
    assert found.config.models["default"].model == "big"


@pytest.mark.parametrize("garbled", ["\x1b[D", "5\u200b", UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no")])
def test_what_no_eye_can_see_is_asked_again(path: Path, garbled: str | UnicodeDecodeError) -> None:
    terminal = Terminal("3", garbled, "5")
    assert terminal.init(path)
    assert "cannot be read" in terminal.text
    assert model_of(path).type == "echo"


@pytest.mark.parametrize("end", [EOFError, KeyboardInterrupt])
def test_who_leaves_early_leaves_nothing_behind(path: Path, end: type[BaseException]) -> None:
    for count in range(len(EVERYTHING)):
        terminal = Terminal(*EVERYTHING[:count], end())
        assert not terminal.init(path)
        assert terminal.said[-1].strip() == "Nothing was written."
        assert list(path.parent.iterdir()) == []


def test_an_existing_file_is_kept_unless_the_answer_is_yes(path: Path) -> None:
    path.write_text("mine")
    for answer in ("", "n", "不", "what?"):
        assert not Terminal(answer).init(path)
    assert not Terminal("y", "1", TOKEN).init(path), "hung up before the end"
    assert path.read_text() == "mine"
    assert Terminal("y", "", "", "5").init(path)
    assert path.read_text() != "mine"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_without_a_terminal_it_says_so_and_asks_nothing(path: Path) -> None:
    terminal = Terminal("y")
    assert not terminal.init(path, interactive=False)
    assert "config.example.json" in terminal.said[0]
    assert terminal.questions == []
    assert not path.exists()


def test_a_folder_that_is_not_there_is_named_before_anything_is_asked(tmp_path: Path) -> None:
    terminal = Terminal("", "", "5")
    assert not terminal.init(tmp_path / "none" / "config.json")
    assert "cannot be written: No such file or directory" in terminal.said[-1]
    assert terminal.questions == []


# What comes next.


def commands(terminal: Terminal) -> list[str]:
    """The commands at the end, without what they do."""
    return [line.strip().partition("  ")[0] for line in terminal.said[terminal.said.index("\nNow:") + 1 :]]


def test_the_next_commands_are_said_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    terminal = Terminal(*EVERYTHING)
    assert terminal.init(Path("config.json"))
    logins = ["gateway login weixin", "gateway login wechat"]
    assert commands(terminal) == [*logins, "gateway check --online", "gateway run"]
    assert "http://127.0.0.1:8080" in terminal.said[-1]
    terminal, gateway = Terminal("1", *TELEGRAM, *OPENAI), ".venv/bin/gateway"
    assert terminal.init(Path("my bot.json"), called=gateway)
    config = f"--config {shlex.quote('my bot.json')}"
    assert commands(terminal) == [
        f".venv/bin/gateway {words} {config}" for words in ("check --online", "run")
    ]
    assert "http" not in terminal.said[-1]


def test_what_keeps_it_from_running_is_said(path: Path) -> None:
    terminal = Terminal("1", "env:TELEGRAM_TOKEN", "", *OPENAI)
    assert terminal.init(path)
    assert "this is to be done" in terminal.text
    assert "environment variable TELEGRAM_TOKEN is not set" in terminal.text
    assert KEY not in terminal.text


# Languages.


def test_it_speaks_chinese_too(path: Path) -> None:
    terminal = Terminal("1 2 5 6", "@", *TELEGRAM[:1], "7", "好", "ding0123", SECRET, *OFFICIAL, "", "3",
                        "http://10.0.0.7/v1", "", "m", environ={"LANG": "zh_CN.UTF-8"})  # fmt: skip
    assert terminal.init(path)
    names = {"AppID", "AppSecret", "Client ID（AppKey）", "Client Secret（AppSecret）"}
    own = [text for text in terminal.questions if text.rstrip("：") not in names]
    places = [line for line in terminal.said if line.endswith(("Telegram", "OpenAI", "DeepSeek"))]
    spoken = own + [line for line in terminal.said if line not in places]
    assert [text for text in spoken if not any("\u4e00" <= sign <= "\u9fff" for sign in text)] == []
