"""The configured channels: what each adapter stands on, and the hand that starts it again."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from gateway import log, metrics
from gateway.adapter import Adapter, ChannelState, Menu, Receive
from gateway.backoff import delays
from gateway.errors import AdapterError, AuthError, StoreError
from gateway.files import make_folder
from gateway.login import Login
from gateway.message import Chat, Said
from gateway.store import channels as table
from gateway.store.archive import Archive
from gateway.store.channels import Status
from gateway.store.database import Database
from gateway.tasks import unless_cancelled

logger = logging.getLogger(__name__)

# Pauses between starts, in seconds; a channel that worked for a while begins again with the first.
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 120.0
_WORKED = 60.0
# A refused login is tried again now and then: the operator may have renewed it elsewhere.
_LOGIN_AGAIN = 600.0
# How old the picture of the channels in the database may be, in seconds.
_WRITE_EVERY = 1.0


def folder_of(data_dir: Path, name: str) -> Path:
    """Where the files of a channel are; it need not be there."""
    return data_dir / "channels" / name


class Channel:
    """The `Host` of one adapter, and how the channel is."""

    def __init__(self, name: str, data_dir: Path, archive: Archive, menu: Menu | None = None) -> None:
        self.name = name
        self.menu: Menu = menu or {}
        self.login = Login()
        self.status = Status(name, ChannelState.STARTING, time.time())
        self.changed = True
        self._path = folder_of(data_dir, name)
        self._archive = archive
        self._watchers: list[Callable[[ChannelState, str], None]] = []

    def watch(self, watcher: Callable[[ChannelState, str], None]) -> None:
        """Call *watcher* with every new state and what is said of it; it must be quick."""
        self._watchers.append(watcher)

    @property
    def folder(self) -> Path:
        """A folder of the channel's own; made when first asked for."""
        make_folder(self._path)
        return self._path

    async def load(self, key: str) -> str | None:
        """The value last saved under *key*, or None."""
        return await self._archive.load_state(self.name, key)

    async def save(self, key: str, value: str) -> None:
        """Keep *value* under *key*."""
        await self._archive.save_state(self.name, key, value)

    async def transcript(self, chat: Chat) -> Sequence[Said]:
        """What was said in *chat*."""
        return await self._archive.transcript(chat.key)

    async def awaited(self, chat: Chat, ids: Collection[str]) -> Collection[str]:
        """Those of the messages *ids* in *chat* that are still to be answered."""
        return await self._archive.awaited(chat.key, ids)

    def report(self, state: ChannelState, detail: str = "") -> None:
        """Take down how the channel is."""
        if detail and state is not ChannelState.UP:
            self.status.last_error = detail
            self.changed = True
        if state is self.status.state:
            return
        trouble = state.wants_login or state in (ChannelState.DOWN, ChannelState.AUTH_FAILED)
        told = logging.WARNING if trouble else logging.INFO
        logger.log(told, "channel %s is %s%s", self.name, state, f": {detail}" if detail else "")
        self.status.state, self.status.since = state, time.time()
        self.changed = True
        metrics.CHANNEL_UP.labels(self.name).set(state is ChannelState.UP)
        for watcher in self._watchers:
            watcher(state, detail)

    def received(self, count: int) -> None:
        """Take down that messages came in."""
        self.status.last_in = time.time()
        self.changed = True
        metrics.RECEIVED.labels(self.name).inc(count)

    def sent(self) -> None:
        """Take down that something went out."""
        self.status.last_out = time.time()
        self.changed = True


async def supervise(channel: Channel, adapter: Adapter[Any], receive: Receive) -> None:
    """Run an adapter for ever: whatever ends it, it is started again, and no other channel notices.

    Returns when the adapter itself does: it has nothing more to hear.
    """
    pauses = delays(_FIRST_PAUSE, _LONGEST_PAUSE)
    with log.labels({"channel": channel.name}):
        while True:
            channel.report(ChannelState.STARTING)
            started = time.monotonic()
            try:
                await unless_cancelled(adapter.run(receive))
            except AuthError as exc:
                channel.report(ChannelState.AUTH_FAILED, str(exc))
                pause = _LOGIN_AGAIN
            except AdapterError as exc:
                channel.report(ChannelState.DOWN, str(exc))
                pauses, pause = _next_pause(pauses, started)
            except Exception as exc:
                logger.exception("unexpected")
                channel.report(ChannelState.DOWN, f"{type(exc).__name__}: {exc}")
                pauses, pause = _next_pause(pauses, started)
            else:
                channel.report(ChannelState.STOPPED)
                return
            await asyncio.sleep(pause)


def _next_pause(pauses: Iterator[float], started: float) -> tuple[Iterator[float], float]:
    if time.monotonic() - started > _WORKED:
        pauses = delays(_FIRST_PAUSE, _LONGEST_PAUSE)
    return pauses, next(pauses)


class Board:
    """All channels, and the picture of them in the database that `gateway status` reads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.channels: dict[str, Channel] = {}

    async def begin(self) -> None:
        """Take over what was known of the channels, and forget those that are no more."""
        names = list(self.channels)
        known = await self._database.run(lambda connection: table.begin(connection, names))
        for name, status in known.items():
            now = self.channels[name].status
            now.last_in, now.last_out, now.last_error = status.last_in, status.last_out, status.last_error

    async def run(self) -> None:
        """Write down what changed, until cancelled."""
        while True:
            await self.write()
            await asyncio.sleep(_WRITE_EVERY)

    async def write(self) -> None:
        """Write down what changed since the last time."""
        changed = [channel for channel in self.channels.values() if channel.changed]
        if not changed:
            return
        for channel in changed:
            channel.changed = False
        statuses = [channel.status for channel in changed]
        try:
            await self._database.run(lambda connection: table.save(connection, statuses))
        except StoreError as exc:
            # A picture out of date is no reason to stop talking.
            logger.debug("cannot write down how the channels are: %s", exc)
            for channel in changed:
                channel.changed = True

    def states(self) -> dict[str, str]:
        """The state of every channel by name."""
        return {name: str(channel.status.state) for name, channel in self.channels.items()}

    def stopped(self) -> None:
        """Take down that the process ends."""
        for channel in self.channels.values():
            channel.report(ChannelState.STOPPED)
