"""Commands about the configuration."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import os
import shlex
import shutil
import sys
from pathlib import Path

from gateway import log
from gateway.cli.ollama import ollama_models
from gateway.cli.online import ask_everybody
from gateway.cli.settings import find
from gateway.cli.terminal import Terminal
from gateway.config import Mistakes, load, report, wizard
from gateway.config.dialogue import Dialogue
from gateway.config.importer import import_file
from gateway.config.writing import write
from gateway.errors import ConfigError
from gateway.texts import language_of_locale


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
    log.configure(loaded.config.settings.log.format, "error", loaded.config.secrets())
    return asyncio.run(ask_everybody(loaded.config, _tell))


def init(options: argparse.Namespace) -> int:
    """Ask a few questions and write a configuration; 1 where none was written."""
    path = options.config or Path("config.json")
    dialogue = Dialogue(_ask, _tell, language_of_locale(os.environ))
    interactive = sys.stdin.isatty()
    ollama = asyncio.run(ollama_models()) if interactive else []
    written = wizard.init(path, dialogue, os.environ, ollama, interactive=interactive, called=_called())
    return 0 if written else 1


def _called() -> str:
    """What our command is called in this shell."""
    ours, known = Path(sys.argv[0]), shutil.which("gateway")
    if known and ours.resolve() == Path(known).resolve():
        return "gateway"
    python = f"{shlex.quote(sys.executable)} -m gateway"
    return shlex.quote(sys.argv[0]) if ours.name == "gateway" else python


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
    look = "gateway check" + wizard.naming(target)
    _tell(f"{target} is written, from {found.source}'s {options.file}; `{look}` looks at it")
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
    if hidden:
        return getpass.getpass(question)  # asks when nothing that is typed can be seen any more
    _say(question)
    return input()


def _tell(line: str) -> None:
    _say(f"{line}\n")


def _say(text: str) -> None:
    Terminal(sys.stdout, None).say(text)
