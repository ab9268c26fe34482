"""What an adapter under test runs in: a host, an inbox and a web server, all small and open to the test."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from gateway import Adapter, ChannelState, Chat, Event, Message, Said
from gateway.adapter import Menu
from gateway.errors import InboxError
from gateway.login import Login

T = TypeVar("T")
PATIENCE = 10.0
log = logging.getLogger(__name__)


class FakeHost:
    """A host that keeps values in a dict and every report in a list.

    `settled`: the messages, by chat's key and id, that get no more of an answer.
    """

    def __init__(self, folder: Path, name: str = "channel") -> None:
        self.name = name
        self.folder = folder
        self.menu: Menu = {"en": [("help", "show this help")], "zh": [("help", "显示帮助")]}
        self.login = Login()
        self.values: dict[str, str] = {}
        self.reports: list[tuple[ChannelState, str]] = []
        self.said: dict[str, list[Said]] = {}
        self.settled: set[tuple[str, str]] = set()

    async def load(self, key: str) -> str | None:
        await asyncio.sleep(0)
        return self.values.get(key)

    async def save(self, key: str, value: str) -> None:
        await asyncio.sleep(0)
        self.values[key] = value

    async def transcript(self, chat: Chat) -> Sequence[Said]:
        await asyncio.sleep(0)
        return self.said.get(chat.key, [])

    async def awaited(self, chat: Chat, ids: Collection[str]) -> Collection[str]:
        await asyncio.sleep(0)
        return [id for id in ids if (chat.key, id) not in self.settled]

    def report(self, state: ChannelState, detail: str = "") -> None:
        if not self.reports or self.reports[-1][0] is not state:  # as the real one logs
            log.log(logging.INFO if state is ChannelState.UP else logging.WARNING, "%s: %s", state, detail)
        self.reports.append((state, detail))

    @property
    def states(self) -> list[ChannelState]:
        """The states so far, each once where it is reported again and again."""
        states = [state for state, _ in self.reports]
        return [state for at, state in enumerate(states) if at == 0 or states[at - 1] != state]


class FakeInbox:
    """An inbox that drops repeats as the real one does, and can be closed or made to fail.

    `calls` counts what was handed over, `events` is what was kept.
    """

    def __init__(self, host: FakeHost) -> None:
        self._host = host
        self.events: list[Event] = []
        self.calls = 0
        self.failures = 0
        self.opened = asyncio.Event()
        self.opened.set()

    async def receive(self, events: Sequence[Event], cursor: str | None = None) -> None:
        self.calls += 1
        await self.opened.wait()
        if self.failures:
            self.failures -= 1
            raise InboxError("the disk is full")
        known = {(event.chat.key, event.id) for event in self.messages}
        self.events += [
            event
            for event in events
            if not isinstance(event, Message) or (event.chat.key, event.id) not in known
        ]
        if cursor is not None:
            self._host.values["cursor"] = cursor

    @property
    def messages(self) -> list[Message]:
        return [event for event in self.events if isinstance(event, Message)]

    async def get(self, count: int = 1) -> list[Message]:
        """The messages kept, once there are *count*."""
        await until(lambda: len(self.messages) >= count, lambda: f"only {self.messages}")
        return self.messages


async def until(condition: Callable[[], T], seen: Callable[[], object] = str, within: float = PATIENCE) -> T:
    """What *condition* gave when it was true. Raises `AssertionError` with what was *seen* instead."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            while not (found := condition()):  # noqa: ASYNC110 - the thing watched has no event of its own
                await asyncio.sleep(0.005)
            return found
    raise AssertionError(f"not within {within} s: {seen()}")


@asynccontextmanager
async def running(adapter: Adapter[Any], inbox: FakeInbox) -> AsyncIterator[asyncio.Task[None]]:
    """Run *adapter*; stopped, promptly, and closed at the end. An error that ended it is raised."""
    task = asyncio.create_task(adapter.run(inbox.receive))
    try:
        yield task
    finally:
        async with asyncio.timeout(2):
            await stop(task)
            await adapter.close()


async def stop(task: asyncio.Task[None]) -> None:
    """Cancel *task* and wait for its end."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def free_socket() -> socket.socket:
    """A socket that is bound on loopback, for a server whose address must be known before it starts."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    return bound


@asynccontextmanager
async def serving(bound: socket.socket, routes: Iterable[web.RouteDef]) -> AsyncIterator[None]:
    """The gateway's web server with an adapter's routes."""
    app = web.Application()
    app.add_routes(list(routes))
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.SockSite(runner, bound).start()
        yield
    finally:
        await runner.cleanup()
        bound.close()
