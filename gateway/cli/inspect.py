"""Commands that look at a gateway's data, whether it runs or not."""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

from gateway.cli.settings import find
from gateway.config import data_dir
from gateway.errors import ConfigError, StoreError
from gateway.inbox import deadletters
from gateway.store import channels
from gateway.store.database import connect
from gateway.store.lock import owner
from gateway.store.migrations import is_current
from gateway.text import harmless, shortened

_WIDEST = 60  # characters of a text in a table


def status(options: argparse.Namespace) -> int:
    """Show the state, the last signs of life and the queue of every channel; 1 where no gateway runs."""
    folder = data_dir(find(options.config), os.environ)
    process = owner(folder)
    sys.stdout.write(f"running, process {process}\n" if process else "not running\n")
    with closing(open_database(folder)) as connection:
        counts = deadletters.count_by_channel(connection)
        statuses = list(channels.load(connection).values())
        rows = [
            (
                known.name,
                str(known.state) if process else "stopped",
                _when(known.since),
                _when(known.last_in),
                _when(known.last_out),
                *map(str, counts.get(known.name, (0, 0))),
                _short(known.last_error),
            )
            for known in statuses
        ]
    heads = ("CHANNEL", "STATE", "SINCE", "LAST IN", "LAST OUT", "QUEUE", "DEAD", "LAST ERROR")
    sys.stdout.writelines(table([heads, *rows]))
    waiting = [known.name for known in statuses if process and known.state.wants_login]
    if waiting:
        sys.stdout.write("\nto log in:\n")
        sys.stdout.writelines(f"  gateway login {name}\n" for name in waiting)
    return 0 if process else 1


def dead(options: argparse.Namespace) -> int:
    """List, show, retry or drop the messages that were given up."""
    with closing(open_current(data_dir(find(options.config), os.environ))) as connection:
        if options.action == "list":
            return _list(connection)
        seq = _number(options)
        if options.action == "show":
            return _show(connection, seq)
        act = deadletters.retry if options.action == "retry" else deadletters.drop
        changed = act(connection, seq)
        sys.stdout.write(f"{changed} {'put back' if options.action == 'retry' else 'dropped'}\n")
        return 0 if changed else 1


def _list(connection: sqlite3.Connection) -> int:
    letters = deadletters.find(connection)
    rows = [
        (
            str(letter.seq),
            _when(letter.settled),
            letter.chat,
            _short(letter.message.text) if letter.message else "-",
            letter.error,
        )
        for letter in letters
    ]
    sys.stdout.writelines(table([("NUMBER", "GIVEN UP", "CHAT", "MESSAGE", "WHY"), *rows]))
    return 0


def _show(connection: sqlite3.Connection, seq: int | None) -> int:
    letters = deadletters.find(connection, seq)
    for letter in letters:
        message = letter.message
        title = message.chat.title if message else ""
        sender = f"{message.sender.id} {message.sender.name}" if message else "-"
        lines = [
            f"number    {letter.seq}",
            f"given up  {_when(letter.settled)} (tries: {letter.attempts + 1})",
            f"why       {letter.error}",
            f"chat      {letter.chat} {title}",
            f"sender    {sender}",
            f"message   {letter.id}",
            "",
            *(message.text if message else "").split("\n"),
        ]
        sys.stdout.writelines(f"{harmless(line)}\n" for line in lines)
    if not letters:
        raise StoreError(f"there is no dead letter {seq}; see `gateway dead list`")
    return 0


def _number(options: argparse.Namespace) -> int | None:
    """The number that was asked for; None = all. Raises `ConfigError`."""
    if options.number == "all" and options.action != "show":
        return None
    if options.number is None or not options.number.isdigit():
        raise ConfigError(f"gateway dead {options.action} NUMBER: which one? See `gateway dead list`")
    return int(options.number)


def open_database(folder: Path) -> sqlite3.Connection:
    """The database in *folder*, whoever else works with it. Raises `StoreError`."""
    path = folder / "gateway.db"
    if not path.exists():
        raise StoreError(f"there are no data in {folder.absolute()} yet: has `gateway run` been run?")
    return connect(path)


def open_current(folder: Path) -> sqlite3.Connection:
    """The same, of the form that this gateway knows. Raises `StoreError`."""
    connection = open_database(folder)
    if not is_current(connection):
        connection.close()
        raise StoreError(f"the data in {folder} are another version's: `gateway run` says more")
    return connection


def _when(moment: float | None) -> str:
    return "-" if moment is None else time.strftime("%m-%d %H:%M:%S", time.localtime(moment))


def _short(text: str) -> str:
    return shortened(" ".join(text.split()), _WIDEST)


def table(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    """Lines with the columns of *rows* below each other, and nothing that a terminal would obey."""
    rows = [[harmless(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n"
