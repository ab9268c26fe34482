"""The commands and their arguments."""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import get_args

from gateway.cli import backup, configure, inspect, login, password, run, usage
from gateway.errors import ConfigError, GatewayError
from gateway.store.usage import By

_FAILED, _MISTAKE = 1, 2

Command = Callable[[argparse.Namespace], int]
Add = Callable[[str, Command, str], argparse.ArgumentParser]
"""Adds a command: its name, what it does, and that in words; returns where its own arguments go."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0 fine, 1 failed while running, 2 a mistake in what was asked."""
    options = _parser().parse_args(arguments)
    command: Command = options.command
    try:
        code = command(options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever read has enough, such as `head`; what is still buffered would complain at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILED
    except GatewayError as exc:
        sys.stderr.write(f"{exc}\n")
        return _MISTAKE if isinstance(exc, ConfigError) else _FAILED
    except sqlite3.Error as exc:
        sys.stderr.write(f"the database: {exc}\n")
        return _FAILED
    except KeyboardInterrupt:
        return _FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gateway",
        description="Chat apps on one side, language models on the other.",
        epilog="Exit codes: 0 fine, 1 failed while running, 2 a mistake in the configuration or the call.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {version('bot-gateway')}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Command, help: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help, description=help)
        sub.set_defaults(command=command)
        sub.add_argument("--config", type=Path, metavar="FILE", help="default: config.json, if there is one")
        return sub

    _add_running(add)
    _add_configuring(add)
    _add_inspecting(add)
    return parser


def _add_running(add: Add) -> None:
    add("run", run.run, "run the gateway")
    add("chat", run.chat, "talk to the configured model in this terminal")


def _add_configuring(add: Add) -> None:
    sub = add("check", configure.check, "check the configuration and show what it means")
    sub.add_argument("--online", action="store_true", help="ask the platforms and the models as well")
    add("init", configure.init, "ask a few questions and write a config.json")
    add("hash-password", password.hash_password, "make of a password what a configuration may hold")
    sub = add("import", configure.import_, "turn another bot's configuration into ours")
    sub.add_argument(
        "file", type=Path, metavar="FILE", help="of wechatbot, chatgpt-on-wechat or chatgpt-dingtalk"
    )
    sub = add(
        "login", login.login, "log a channel in: shows the code to scan, whether the gateway runs or not"
    )
    sub.add_argument("channel", metavar="CHANNEL", help="its name in the configuration")


def _add_inspecting(add: Add) -> None:
    add("status", inspect.status, "show how the channels are")
    sub = add("usage", usage.usage, "show answers, tokens and what they cost")
    sub.add_argument("--days", type=usage.days, default=30, metavar="N", help="until today; default: 30")
    sub.add_argument("--by", choices=get_args(By), default="day", help="default: day")
    sub.add_argument("--json", action="store_true", help="for programs")
    sub = add("dead", inspect.dead, "see to the messages that were given up")
    sub.add_argument("action", choices=["list", "show", "retry", "drop"])
    sub.add_argument("number", nargs="?", help='a number that "list" shows, or "all" for retry and drop')
    sub = add("backup", backup.backup, "copy the data to a file, whether the gateway runs or not")
    sub.add_argument("file", type=Path, metavar="FILE", help="the copy, one SQLite database")
    sub.add_argument("--force", action="store_true", help="overwrite FILE")
