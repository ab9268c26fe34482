"""``gateway init``: a few questions, and a configuration that works."""

from __future__ import annotations

import re
import shlex
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from gateway.config.dialogue import Dialogue, Words
from gateway.config.loading import load
from gateway.config.mistakes import Mistakes
from gateway.config.platforms import PASSWORD, PLATFORMS, TELEGRAM, WEB_PAGE, Platform
from gateway.config.reader import Json
from gateway.config.servers import ask_model
from gateway.config.writing import write

_PORT = 8080
_WEB = f"http://127.0.0.1:{_PORT}"

_NO_TERMINAL: Words = (
    "gateway init asks questions in a terminal. Without one, copy config.example.json to {path}.",
    "gateway init 在终端里提问。没有终端时，请把 config.example.json 复制为 {path} 再修改。",
)
_HOW: Words = (
    "Enter takes what is in [ ]. Secrets are not shown while you type or paste them; env:NAME stands for a "
    "variable that holds one.",
    "直接回车采用 [ ] 中的内容。密钥在输入或粘贴时不会显示，也可以填 env:变量名。",
)
_OVERWRITE: Words = ("{path} exists. Overwrite it?", "{path} 已存在，要覆盖吗？")
_KEPT: Words = ("{path} was left as it is.", "{path} 保持不变。")
_STOPPED: Words = ("\nNothing was written.", "\n没有写入任何文件。")
_FAILED: Words = ("{path} cannot be written: {why}", "无法写入 {path}：{why}")
_WHERE: Words = (
    "Where do people talk to the bot? Several are fine, as in: 1 3",
    "人们在哪里与机器人对话？可以多选，例如：1 3",
)
_ADMIN: Words = (
    "Your Telegram user id, to be the admin (a number, later the bot's /status tells it; empty: nobody is)",
    "您的 Telegram 用户 id，将成为管理员（数字，之后可用机器人的 /status 查看；留空则没有管理员）",
)
_NO_ID: Words = ("An id is a number, not a name.", "id 是一串数字，不是用户名。")
_ONLY_YOU: Words = ("May only you speak to this bot?", "只允许您本人使用这个机器人吗？")
_WRITTEN: Words = (
    "{path} is written; only you can read it.",
    "已写入 {path}，只有您能读取。",
)
_FIRST: Words = ("Before it runs, this is to be done:\n{mistakes}", "启动前还需处理：\n{mistakes}")
_NOW: Words = ("Now:", "接下来：")
_LOGIN: Words = ("shows the code to scan with WeChat", "显示二维码，用微信扫码登录")
_CHECK: Words = ("asks the platforms and the model whether they know you", "向各平台和模型验证配置")
_RUN: Words = ("starts it", "启动")
_RUN_PAGE: Words = ("starts it; the page is {web}", "启动；网页地址 {web}")


def init(
    path: Path,
    dialogue: Dialogue,
    environ: Mapping[str, str],
    ollama: Sequence[str] = (),
    *,
    interactive: bool = True,
    called: str = "gateway",
) -> bool:
    """Ask for what is needed and write *path*, readable by its owner alone; True where it was written.

    *ollama*: the models that there are on this machine; *called*: what our command is called here. An
    existing file is only replaced when the answer says so, and only once everything is answered.
    """
    if not interactive:
        dialogue.tell(_NO_TERMINAL, path=path)
        return False
    try:
        platforms = _write(path, dialogue, environ, ollama)
    except (EOFError, KeyboardInterrupt):
        dialogue.tell(_STOPPED)
        return False
    except OSError as exc:
        dialogue.tell(_FAILED, path=path, why=exc.strerror)
        return False
    if platforms is None:
        dialogue.tell(_KEPT, path=path)
        return False
    dialogue.begin(_WRITTEN, path=path)
    _tell_mistakes(dialogue, path, environ)
    _tell_next(dialogue, platforms, called, naming(path))
    return True


def naming(path: Path) -> str:
    """How a command is told of *path*, a space before it; "" where it finds that by itself."""
    return "" if path == Path("config.json") else f" --config {shlex.quote(str(path))}"


def _write(
    path: Path, dialogue: Dialogue, environ: Mapping[str, str], ollama: Sequence[str]
) -> list[Platform] | None:
    """Ask, and write *path*; the platforms that were chosen, None where the file is to stay as it is.

    Raises `OSError`; `EOFError` where the answers end.
    """
    with tempfile.TemporaryFile(dir=path.parent):
        pass  # that nothing can be written is said before all the questions, not after them
    if path.exists() and not dialogue.agrees(_OVERWRITE, default=False, path=path):
        return None
    platforms, tree = _asked(dialogue, environ, ollama)
    write(path, tree)
    return platforms


def _tell_mistakes(dialogue: Dialogue, path: Path, environ: Mapping[str, str]) -> None:
    """Say what keeps *path* from being used yet: a library or a variable that is not there."""
    try:
        load(path, environ)
    except Mistakes as exc:
        dialogue.tell(_FIRST, mistakes=exc)


def _tell_next(dialogue: Dialogue, platforms: Sequence[Platform], called: str, config: str) -> None:
    """Say which commands come now, in their order."""
    for platform in platforms:
        if platform.afterwards:
            dialogue.tell(platform.afterwards, web=_WEB)
    steps = [(f"login {platform.name}", _LOGIN) for platform in platforms if platform.scanned]
    steps += [("check --online", _CHECK), ("run", _RUN_PAGE if WEB_PAGE in platforms else _RUN)]
    commands = [f"{called} {step}{config}" for step, _ in steps]
    width = max(map(len, commands))
    dialogue.begin(_NOW)
    for command, (_, words) in zip(commands, steps, strict=True):
        dialogue.tell(
            ("  {command}  {why}",) * 2, command=command.ljust(width), why=dialogue.text(words, web=_WEB)
        )


def _asked(
    dialogue: Dialogue, environ: Mapping[str, str], ollama: Sequence[str]
) -> tuple[list[Platform], dict[str, Json]]:
    """Where people are, and the configuration."""
    dialogue.tell(_HOW)
    labels = [dialogue.text(platform.label) for platform in PLATFORMS]
    platforms = [PLATFORMS[at] for at in dialogue.choose_some(_WHERE, labels, PLATFORMS.index(WEB_PAGE))]
    channels: dict[str, Json] = {}
    web: dict[str, Json] = {}
    for platform in platforms:
        channel = platform.channel(dialogue, environ)
        if platform is TELEGRAM:
            channel |= _access(dialogue)
        if platform is WEB_PAGE:
            # Who wants to begin anew opens a new conversation.
            channel["session_timeout"] = 0
            web = {"web": _web(dialogue, environ)}
        channels[platform.name] = channel
    talk_keys: dict[str, Json] = {} if platforms == [WEB_PAGE] else {"session_timeout": 3600}
    return platforms, {**ask_model(dialogue, environ, ollama), **talk_keys, "channels": channels, **web}


def _access(dialogue: Dialogue) -> dict[str, Json]:
    """Who may speak to the bot on Telegram, where anybody finds it."""
    person = dialogue.ask(_ADMIN, _NO_ID, re.compile(r"[1-9]\d*", re.ASCII).fullmatch, default="")
    if not person:
        return {}
    entry = f"{TELEGRAM.name}:{person}"
    access: dict[str, Json] = {"admins": [entry]}
    if dialogue.agrees(_ONLY_YOU, default=True):
        access |= {"allow": [entry], "groups": []}
    return {"access": access}


def _web(dialogue: Dialogue, environ: Mapping[str, str]) -> dict[str, Json]:
    """Where the page is."""
    password = PASSWORD.ask(dialogue, environ)
    if not password:
        return {"host": "127.0.0.1", "port": _PORT}
    return {"host": "0.0.0.0", "port": _PORT, "password": password}  # noqa: S104 - that is what was asked for
