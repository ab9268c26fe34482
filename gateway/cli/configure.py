"""Commands about the configuration."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from gateway.adapter import ChannelState, Menu
from gateway.backend.models import Models
from gateway.cli.settings import find
from gateway.config import Config, Mistakes, load, report, wizard
from gateway.config.importer import import_file
from gateway.config.writing import write
from gateway.errors import AdapterError, BackendError, ConfigError
from gateway.login import Login
from gateway.message import Chat, Said
from gateway.session import Turn


def check(options: argparse.Namespace) -> int:
    """Print what is configured; mistakes are raised as `Mistakes`."""
    file = find(options.config)
    if file is None and not any(name.startswith("GATEWAY_") for name in os.environ):
        raise ConfigError("there is no config.json here: `gateway init` writes one")
    loaded = load(file, os.environ)
    _tell(report(loaded))
    if not options.online:
        return 0
    _tell("online")
    return asyncio.run(_ask_everybody(loaded.config))


async def _ask_everybody(config: Config) -> int:
    """Ask every platform who we are and every model for a word; 1 where one of them fails."""
    failed = 0
    for name, settings in config.channels.items():
        adapter = settings.adapter(_Visitor(name), settings.options)
        try:
            answer = await adapter.verify() or "there is nobody to ask"
        except AdapterError as exc:
            answer, failed = f"FAILED: {exc}", 1
        finally:
            await adapter.close()
        _tell(f"  channel {name}: {answer}")
    for name, model in config.models().items():
        models = Models({"default": model}, tries=1)
        try:
            said = await models.answer("default", [Turn("user", "Say hello in one word.")], stream=False)
            answer = f"answers {said.text[:40]!r}"
        except BackendError as exc:
            answer, failed = f"FAILED: {exc}", 1
        finally:
            await models.aclose()
        _tell(f"  model {name}: {answer}")
    return failed


class _Visitor:
    """The host of an adapter that only introduces itself."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.menu: Menu = {}
        self.login = Login()

    @property
    def folder(self) -> Path:
        """Nothing is kept."""
        return Path(tempfile.gettempdir())

    async def load(self, key: str) -> str | None:
        """Nothing was kept."""
        return None

    async def save(self, key: str, value: str) -> None:
        """Nothing is kept."""

    async def transcript(self, chat: Chat) -> Sequence[Said]:
        """Nothing was said."""
        return ()

    def report(self, state: ChannelState, detail: str = "") -> None:
        """Nobody looks."""


def init(options: argparse.Namespace) -> int:
    """Ask a few questions and write a configuration; 1 where none was written."""
    path = options.config or Path("config.json")
    language = wizard.language_of(os.environ)
    interactive = sys.stdin.isatty()
    written = wizard.init(path, _ask, _tell, language, interactive=interactive)
    return 0 if written else 1


def import_(options: argparse.Namespace) -> int:
    """Write another bot's configuration in our words, and say what could not be carried over."""
    target = options.config or Path("config.json")
    found = import_file(options.file)
    if target.exists():
        raise ConfigError(f"{target} exists; name another file: --config FILE")
    try:
        write(target, found.config)
    except OSError as exc:
        raise ConfigError(f"{target} cannot be written: {exc.strerror}") from exc
    _tell(f"{target} is written, from {found.source}'s {options.file}; `gateway check` looks at it")
    for title, entries in (("not carried over", found.left_out), ("with another meaning", found.changed)):
        if entries:
            _tell(f"{title}:")
        for key, why in entries:
            _tell(f"  {key}: {why}")
    try:
        load(target, os.environ)
    except Mistakes as exc:
        _tell(f"before it runs, this is to be done:\n{exc}")
    return 0


def _ask(question: str, hidden: bool) -> str:
    return getpass.getpass(question) if hidden else input(question)


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
