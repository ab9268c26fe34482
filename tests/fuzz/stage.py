"""What parsers run in: a host in memory, answers that are there already, and coroutines without a loop."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from gateway import Chat, Event, Message, Said
from gateway.adapter import Menu
from gateway.http import Answer, loads
from gateway.login import Login

T = TypeVar("T")
STATUSES = (200, 200, 200, 400, 401, 403, 404, 429, 500, 502, 504)


def drive(coroutine: Coroutine[Any, Any, T]) -> T:
    """What *coroutine* returns, which waits for nothing that takes time."""
    try:
        for _ in range(1000):
            coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise AssertionError("it waits for something")


class _Clock(asyncio.SelectorEventLoop):
    """A loop on which waiting takes no time."""

    _skipped = 0.0

    def time(self) -> float:
        return super().time() + self._skipped

    def _run_once(self) -> None:
        waiting: Any = self._scheduled  # type: ignore[attr-defined]
        if waiting and not self._ready:  # type: ignore[attr-defined]
            self._skipped += max(0.0, waiting[0].when() - self.time())
        super()._run_once()  # type: ignore[misc]


def settle(coroutine: Coroutine[Any, Any, T]) -> T:
    """What *coroutine* returns, however long it waits."""
    if not _LOOP:
        _LOOP.append(_Clock())
    return _LOOP[0].run_until_complete(coroutine)


def close() -> None:
    """Close the loop, where there is one."""
    while _LOOP:
        _LOOP.pop().close()


_LOOP: list[_Clock] = []


class Host:
    """A host whose saved values are all *saved*."""

    name = "channel"
    folder = Path("nowhere")

    def __init__(self, saved: str | None = None) -> None:
        self.menu: Menu = {}
        self.saved = saved
        self.login = Login()

    async def load(self, key: str) -> str | None:
        return self.saved

    async def save(self, key: str, value: str) -> None:
        value.encode()

    async def transcript(self, chat: Chat) -> Sequence[Said]:
        return ()

    async def awaited(self, chat: Chat, ids: Collection[str]) -> Collection[str]:
        return ids

    def report(self, *_: object) -> None:
        pass


class Transport:
    """Calls are answered with *data*, and once they were *calls*, with *last*."""

    def __init__(self, data: bytes, calls: int = 1000, last: Any = None) -> None:
        self._answer = answer(data)
        self._calls = calls
        self._last = Answer(200, last)

    async def call(self, *_: object, **__: object) -> Answer:
        self._calls -= 1
        return self._answer if self._calls >= 0 else self._last

    async def download(self, *_: object, **__: object) -> bytes:
        return self._answer.content


def answer(data: bytes) -> Answer:
    """*data* as a platform's answer."""
    try:
        body = loads(data)
    except ValueError:
        body = None
    return Answer(STATUSES[sum(data[:64]) % len(STATUSES)], body, None, data)


async def receive(events: Sequence[Event], cursor: str | None = None) -> None:
    """Take what an adapter hands over, as the inbox does: it must be possible to store it."""
    for event in events:
        if isinstance(event, Message):
            storable(event)
    if cursor is not None:
        cursor.encode()


def storable(message: Message) -> None:
    """What the gateway does with every message: keep it, and read it again."""
    again = Message.from_json(message.to_json())
    assert again.id == message.id
    assert again.text == message.text
    again.chat.key.encode()
