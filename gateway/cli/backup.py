"""A copy of a gateway's data, whether it runs or not."""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from gateway.cli.inspect import open_database
from gateway.cli.settings import find
from gateway.config import data_dir
from gateway.errors import ConfigError
from gateway.store.copying import copy


def backup(options: argparse.Namespace) -> int:
    """Copy the database to a file, and say what is in it."""
    folder = data_dir(find(options.config), os.environ)
    target: Path = options.file
    _check_target(folder, target, overwrite=options.force)
    with closing(open_database(folder)) as connection:
        copy(connection, target)
    sys.stdout.write(f"{target}: {_size(target)}; {_contents(target)}\n")
    return 0


def _check_target(folder: Path, target: Path, *, overwrite: bool) -> None:
    """Raise `ConfigError` where *target* must not be written."""
    if target.is_dir():
        raise ConfigError(f"{target} is a folder: name a file")
    if not target.parent.is_dir():
        raise ConfigError(f"there is no folder {target.parent}")
    inside = target.resolve().parent == folder.resolve()
    if inside and target.name in {"gateway.db", "gateway.db-wal", "gateway.db-shm", "gateway.lock"}:
        raise ConfigError(f"{target} is a part of what is to be copied: name another file")
    if target.exists() and not overwrite:
        raise ConfigError(f"{target} exists; name another file, or overwrite it: --force")


def _size(file: Path) -> str:
    size = file.stat().st_size / 1e6
    return f"{size:,.0f} MB" if size >= 10 else f"{size:.1f} MB"


def _contents(file: Path) -> str:
    """How much is in a copy, in words."""
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        known, waiting, dead = connection.execute(
            """SELECT count(*), coalesce(sum(state = 'waiting'), 0), coalesce(sum(state = 'dead'), 0)
               FROM inbox"""
        ).fetchone()
        (exchanges,) = connection.execute("SELECT count(*) FROM exchanges").fetchone()
    return f"messages: {known:,} (waiting: {waiting:,}, dead: {dead:,}); questions and answers: {exchanges:,}"
