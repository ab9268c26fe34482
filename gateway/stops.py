"""Stopping the work on a chat's message from another task."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class Stopped(Exception):
    """The work was stopped because a person asked for it."""


class Overtaken(Stopped):
    """The work was stopped because its message was corrected or recalled."""


class _Scope:
    """Turns a cancellation that `stop` caused into `Stopped`; every other one passes through."""

    def __init__(self, scopes: dict[str, _Scope], key: str) -> None:
        self._scopes = scopes
        self._key = key
        self._stopped: type[Stopped] | None = None
        self._task: asyncio.Task[object]
        self._before = 0

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a scope is opened inside a task")
        self._task = task
        self._before = task.cancelling()
        self._scopes[self._key] = self
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._scopes.get(self._key) is self:
            del self._scopes[self._key]
        if self._stopped is None:
            return
        # Ours alone? Then take it back; a shutdown's cancellation beside it goes on (as in asyncio.timeout).
        alone = self._task.uncancel() <= self._before
        if alone and (exc_type is None or issubclass(exc_type, asyncio.CancelledError)):
            raise self._stopped from exc

    def stop(self, why: type[Stopped]) -> None:
        if self._stopped is None:
            self._task.cancel()
        self._stopped = why


class Stops:
    """What may be stopped now, by chat key."""

    def __init__(self) -> None:
        self._scopes: dict[str, _Scope] = {}

    def open(self, key: str) -> _Scope:
        """``with stops.open(key): …``: what runs inside ends with `Stopped` when somebody stops *key*."""
        return _Scope(self._scopes, key)

    def stop(self, key: str, why: type[Stopped] = Stopped) -> bool:
        """Stop what runs under *key*, with *why*; false where nothing does."""
        scope = self._scopes.get(key)
        if scope is not None:
            scope.stop(why)
        return scope is not None
