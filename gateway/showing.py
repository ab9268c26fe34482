"""Shows the logins of all channels while they last: in files, and on a screen or with a line in the log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from gateway.channels import Channel, folder_of
from gateway.login import Login, Scan, Step
from gateway.scans import ScanFiles
from gateway.tasks import cancel

logger = logging.getLogger(__name__)

# How often to look for digits that were typed elsewhere, in seconds, while somebody is asked for them.
_LOOK_EVERY = 0.5


@dataclass(frozen=True, slots=True)
class Place:
    """Where else the login of *channel* is seen: in files, and on a page, "" where there is no web server."""

    channel: str
    files: ScanFiles
    page: str = ""


class Screen(Protocol):
    """Where a person looks."""

    async def show(self, place: Place, scan: Scan | None) -> None:
        """Show what is asked now, None for nothing. Raises `OSError`."""
        ...


class LogLine:
    """For who reads nothing but the log: one line a login, and not what the code says."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    async def show(self, place: Place, scan: Scan | None) -> None:
        """Say what to run."""
        name = place.channel
        if scan is None:
            self._told.discard(name)
        elif name not in self._told:
            self._told.add(name)
            page = f", or open {place.page}" if place.page else ""
            logger.warning("channel %s wants a scan: run `gateway login %s`%s", name, name, page)


class Showing:
    """Watches the logins of *channels*, from the start of its context to the end.

    *pages* is the address below which each channel has a page, "" where there is no web server.
    """

    def __init__(self, channels: Iterable[Channel], data_dir: Path, pages: str, screen: Screen) -> None:
        self._channels = list(channels)
        self._data_dir = data_dir
        self._pages = pages
        self._screen = screen
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        for channel in self._channels:
            page = f"{self._pages}/{channel.name}" if self._pages else ""
            place = Place(channel.name, ScanFiles(folder_of(self._data_dir, channel.name)), page)
            with _forgiven(channel.name):
                await asyncio.to_thread(place.files.clear)
            following = self._follow(channel.login, place)
            self._tasks.append(asyncio.create_task(following, name=f"login of {channel.name}"))
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await cancel(*self._tasks)

    async def _follow(self, login: Login, place: Place) -> None:
        """Show every change of *login*, or the newest of several; hand on what is typed elsewhere."""
        changed = asyncio.Event()
        login.watch(lambda scan: changed.set())
        try:
            while True:
                if await _is_set(changed, _LOOK_EVERY if _asks_digits(login) else None):
                    changed.clear()
                    await self._show(place, login.scan)
                    continue
                with _forgiven(place.channel):
                    if digits := await asyncio.to_thread(place.files.take_digits):
                        login.answer(digits)
        finally:
            with _forgiven(place.channel):
                place.files.clear()

    async def _show(self, place: Place, scan: Scan | None) -> None:
        with _forgiven(place.channel):
            await _finished(asyncio.to_thread(place.files.write, scan))
        with _forgiven(place.channel):
            await self._screen.show(place, scan)


def _asks_digits(login: Login) -> bool:
    return login.scan is not None and login.scan.step is Step.DIGITS


async def _is_set(event: asyncio.Event, seconds: float | None) -> bool:
    """Wait for *event*, so long at most."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


async def _finished(work: Coroutine[Any, Any, None]) -> None:
    """Do *work* to its end, also where we are cancelled meanwhile: a thread goes on in any case."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


@contextmanager
def _forgiven(channel: str) -> Iterator[None]:
    """A login that cannot be shown at one place is shown at the others."""
    try:
        yield
    except OSError as exc:
        logger.warning("the login of channel %s cannot be shown: %s", channel, exc)
