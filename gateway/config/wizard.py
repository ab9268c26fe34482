"""``gateway init``: a few questions, and a configuration that works."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gateway.config.addresses import split
from gateway.config.placeholders import is_placeholder
from gateway.config.reader import Json
from gateway.config.writing import write

Language = Literal["en", "zh"]

# The question, and whether what is typed stays hidden. May raise EOFError.
Ask = Callable[[str, bool], str]
Tell = Callable[[str], None]

_REFERENCE = re.compile(r"(?:env|file):\S+")
_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{5,}")


@dataclass(frozen=True, slots=True)
class _Server:
    """A model's server to choose; an empty `base_url` is asked for, a `key` too where it is wanted."""

    label: dict[Language, str]
    base_url: str
    model: str
    key: bool = True


_SERVERS = {
    "1": _Server({"en": "OpenAI", "zh": "OpenAI"}, "https://api.openai.com/v1", "gpt-5.4-mini"),
    "2": _Server({"en": "DeepSeek", "zh": "DeepSeek"}, "https://api.deepseek.com/v1", "deepseek-chat"),
    "3": _Server(
        {"en": "another server that speaks OpenAI's protocol", "zh": "其他兼容 OpenAI 接口的服务"}, "", ""
    ),
    "4": _Server(
        {"en": "Ollama on this machine", "zh": "本机的 Ollama"}, "http://127.0.0.1:11434/v1", "qwen3", False
    ),
}

_TEXTS: dict[str, dict[Language, str]] = {
    "no terminal": {
        "en": "gateway init asks questions in a terminal. Without one, copy config.example.json to {path}.",
        "zh": "gateway init 在终端里提问。没有终端时，请把 config.example.json 复制为 {path} 再修改。",
    },
    "exists": {"en": "{path} exists. Overwrite it? [y/N] ", "zh": "{path} 已存在，要覆盖吗？[y/N] "},
    "kept": {"en": "{path} was left as it is.", "zh": "{path} 保持不变。"},
    "stopped": {"en": "Nothing was written.", "zh": "没有写入任何文件。"},
    "failed": {"en": "{path} cannot be written: {why}", "zh": "无法写入 {path}：{why}"},
    "server": {"en": "Which model server?", "zh": "使用哪个模型服务？"},
    "choice": {"en": "Number [1]: ", "zh": "请输入编号 [1]："},
    "not a choice": {"en": "Please type one of the numbers.", "zh": "请输入列出的编号。"},
    "base_url": {
        "en": "Its address, for example https://llm.example.org/v1: ",
        "zh": "服务地址，例如 https://llm.example.org/v1：",
    },
    "not an address": {
        "en": "This is no http:// or https:// address.",
        "zh": "这不是 http:// 或 https:// 地址。",
    },
    "key": {
        "en": "API key (or env:NAME for a variable that holds it): ",
        "zh": "API key（也可填 env:变量名）：",
    },
    "not a key": {"en": "This is no key.", "zh": "这不是有效的 key。"},
    "model": {"en": "Model [{model}]: ", "zh": "模型 [{model}]："},
    "no model": {"en": "Please name a model.", "zh": "请输入模型名称。"},
    "token": {
        "en": "Telegram bot token from @BotFather (or env:NAME; empty: talk in this terminal): ",
        "zh": "@BotFather 给出的 Telegram 机器人 token（也可填 env:变量名；留空则在终端里对话）：",
    },
    "not a token": {"en": "A token looks like 123456:ABC-DEF.", "zh": "token 的格式类似 123456:ABC-DEF。"},
    "admin": {
        "en": "Your Telegram user id, to be the admin (a number; empty: nobody is): ",
        "zh": "您的 Telegram 用户 id，将成为管理员（数字；留空则没有管理员）：",
    },
    "not an id": {"en": "An id is a number, not a name.", "zh": "id 是一串数字，不是用户名。"},
    "only you": {"en": "May only you speak to the bot? [Y/n] ", "zh": "只允许您本人使用吗？[Y/n] "},
    "written": {
        "en": "{path} is written; only you can read it. Now: gateway check, then gateway run.",
        "zh": "已写入 {path}，只有您能读取。接下来：gateway check，然后 gateway run。",
    },
}


def language_of(environ: Mapping[str, str]) -> Language:
    """The language that the locale in *environ* asks for."""
    names = (environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next((name for name in names if name), "")
    return "zh" if locale.lower().startswith("zh") else "en"


def init(path: Path, ask: Ask, tell: Tell, language: Language = "en", *, interactive: bool = True) -> bool:
    """Ask for what is needed and write *path*, readable by its owner alone; True where it was written.

    An existing file is only replaced when the answer says so, and only once everything is answered.
    """
    return _Wizard(path, ask, tell, language).run(interactive)


class _Wizard:
    """One conversation with whoever sets the gateway up."""

    def __init__(self, path: Path, ask: Ask, tell: Tell, language: Language) -> None:
        self._path = path
        self._asker = ask
        self._tell = tell
        self._language = language

    def run(self, interactive: bool) -> bool:
        if not interactive:
            self._say("no terminal")
            return False
        try:
            if self._path.exists() and not self._agreed("exists", default=False):
                self._say("kept")
                return False
            config = {**self._model(), **self._channel()}
        except EOFError:
            self._say("stopped")
            return False
        try:
            write(self._path, config)
        except OSError as exc:
            self._say("failed", why=exc.strerror)
            return False
        self._say("written")
        return True

    def _model(self) -> dict[str, Json]:
        self._say("server")
        for number, server in _SERVERS.items():
            self._tell(f"  {number}  {server.label[self._language]}")
        chosen = _SERVERS[self._ask("choice", "not a choice", _SERVERS.__contains__, default="1")]
        config: dict[str, Json] = {}
        config["base_url"] = chosen.base_url or self._ask("base_url", "not an address", _is_address)
        if chosen.key:
            config["api_key"] = self._ask("key", "not a key", _is_key, hidden=True)
        config["model"] = self._ask("model", "no model", bool, default=chosen.model, model=chosen.model)
        return config

    def _channel(self) -> dict[str, Json]:
        token = self._ask("token", "not a token", _is_token_or_empty, default="", hidden=True)
        if not token:
            return {"channels": {"console": {}}}
        config: dict[str, Json] = {"channels": {"telegram": {"token": token}}}
        if person := self._ask("admin", "not an id", _is_id_or_empty, default=""):
            entry = f"telegram:{person}"
            access: dict[str, Json] = {"admins": [entry]}
            if self._agreed("only you", default=True):
                access |= {"allow": [entry], "groups": []}
            config["access"] = access
        return config

    def _ask(
        self,
        question: str,
        complaint: str,
        valid: Callable[[str], bool],
        *,
        default: str | None = None,
        hidden: bool = False,
        model: str = "",
    ) -> str:
        """Ask until the answer is *valid*; an empty one is the *default*."""
        while True:
            answer = self._asker(self._text(question, model=model), hidden).strip()
            if not answer and default is not None:
                answer = default
            if valid(answer):
                return answer
            self._say(complaint)

    def _agreed(self, question: str, *, default: bool) -> bool:
        answer = self._asker(self._text(question), False).strip().lower()
        return answer in ("y", "yes", "是", "好") if answer else default

    def _say(self, key: str, **facts: object) -> None:
        self._tell(self._text(key, **facts))

    def _text(self, key: str, **facts: object) -> str:
        return _TEXTS[key][self._language].format(path=self._path, **facts)


def _is_address(answer: str) -> bool:
    parts = split(answer)
    return parts is not None and parts.scheme in ("http", "https")


def _is_key(answer: str) -> bool:
    return len(answer) > 3 and " " not in answer and not is_placeholder(answer)


def _is_token_or_empty(answer: str) -> bool:
    return not answer or bool(_REFERENCE.fullmatch(answer) or _TOKEN.fullmatch(answer))


def _is_id_or_empty(answer: str) -> bool:
    return not answer or (answer.isascii() and answer.isdecimal())
