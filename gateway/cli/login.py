"""Logging a channel in, beside a gateway that runs or without one."""

from __future__ import annotations

import argparse
import asyncio
import os
import sqlite3
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

from gateway import log
from gateway.adapter import Adapter, ChannelState
from gateway.channels import Channel, folder_of
from gateway.cli.inspect import open_database
from gateway.cli.keyboard import Keyboard
from gateway.cli.settings import configured
from gateway.cli.terminal import Terminal
from gateway.config import Config
from gateway.config.mistakes import did_you_mean
from gateway.errors import AdapterError, AuthError, ConfigError, StoreError
from gateway.login import Scan
from gateway.scans import ScanFiles
from gateway.showing import Place, Showing
from gateway.store import channels as table
from gateway.store.archive import Archive
from gateway.store.channels import Status
from gateway.store.database import Database
from gateway.store.lock import owned, owned_since, owner
from gateway.store.migrations import is_current

# How long somebody may take to log in, and how often to look at the gateway that runs (seconds).
_PATIENCE = 600.0
_LOOK_EVERY = 0.5
# Nothing that anybody scans changes these.
_ENDS = frozenset({ChannelState.AUTH_FAILED, ChannelState.STOPPED})


def login(options: argparse.Namespace) -> int:
    """Show what the login of a channel asks for, until it is done; beside a gateway that runs, its login."""
    loaded = configured(options.config)
    if loaded is None:
        raise ConfigError("there is no config.json here: `gateway init` writes one")
    config, name = loaded.config, options.channel
    if name not in config.channels:
        hint = did_you_mean(name, config.channels) or f"there are: {', '.join(config.channels)}"
        raise ConfigError(f'there is no channel "{name}"; {hint}')
    log.configure(config.settings.log.format, "error", config.secrets())
    terminal = Terminal(sys.stdout, Keyboard(0))
    asyncio.run(_within_patience(config, name, terminal))
    return 0


async def _within_patience(config: Config, name: str, terminal: Terminal) -> None:
    work = _alone if owner(config.data_dir) is None else _attached
    try:
        async with asyncio.timeout(_PATIENCE) as limit:
            said = await work(config, name, terminal)
    except TimeoutError:
        if not limit.expired():
            raise
        minutes = round(_PATIENCE / 60)
        raise AdapterError(f"{name} was not logged in within {minutes} minutes: try again") from None
    finally:
        terminal.close()
    terminal.say(f"{name}: {said}\n")


async def _alone(config: Config, name: str, terminal: Terminal) -> str:
    """Log in with the channel's own adapter; what came of it."""
    check_owner(config.data_dir, os.geteuid())
    with owned(config.data_dir):
        async with Database(config.data_dir / "gateway.db") as database:
            channel = Channel(name, config.data_dir, Archive(database, config.zone))
            channel.watch(partial(_tell_trouble, name, terminal))
            settings = config.channels[name]
            adapter = settings.adapter(channel, settings.options)
            try:
                async with Showing([channel], config.data_dir, "", terminal):
                    who = await adapter.log_in()
            finally:
                await adapter.close()
    if type(adapter).log_in is not Adapter.log_in:
        return f"logged in as {who}" if who else "logged in"
    return f"nothing to scan, and the credentials are good{f': {who}' if who else ''}"


def _tell_trouble(name: str, terminal: Terminal, state: ChannelState, why: str) -> None:
    """Say why nothing comes: the adapter tries for ever, and the person waits."""
    if state is ChannelState.DOWN:
        terminal.say(f"{name}: {why}; trying again\n")


def check_owner(folder: Path, user: int) -> None:
    """Raise `ConfigError` where *user* is root and would leave files that the gateway cannot open."""
    if user == 0 and folder.exists() and (owner := folder.stat().st_uid) != 0:
        raise ConfigError(
            f"{folder} belongs to user {owner}, not to root: be that user, or start the gateway first"
        )


async def _attached(config: Config, name: str, terminal: Terminal) -> str:
    """Show what the gateway that runs asks for; what came of it."""
    place = Place(name, ScanFiles(folder_of(config.data_dir, name)))
    shown: Scan | None = None
    told: ChannelState | None = None
    with closing(open_database(config.data_dir)) as connection:
        while owner(config.data_dir) is not None:
            status, scan = _status(connection, config, name), place.files.read()
            if scan != shown:
                shown = scan
                await terminal.show(place, scan)
            if scan is None and status.state is ChannelState.UP:
                return "logged in" if told else "it is up; nothing to do"
            if scan is None and status.state in _ENDS:
                raise AuthError(f"{name} is {status.state}: {status.last_error}")
            if scan is None and status.state is not told:
                terminal.say(f"{name}: {status.state}; waiting for a code\n")
            told = status.state
            await asyncio.sleep(_LOOK_EVERY)
    raise StoreError("the gateway that ran has ended: try again")


def _status(connection: sqlite3.Connection, config: Config, name: str) -> Status:
    """How the channel is; `ChannelState.STARTING` where that is known from an earlier life only."""
    begun = owned_since(config.data_dir)
    known = table.load(connection) if is_current(connection) else {}
    current = {status.name: status for status in known.values() if status.since >= begun}
    if current and name not in current:
        raise ConfigError(f'the gateway that runs does not know the channel "{name}": start it anew')
    return current.get(name) or Status(name, ChannelState.STARTING, begun)
