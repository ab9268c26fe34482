"""What goes to the open pages of each visitor, in order."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from adapters.webchat.live import Event

# Open pages of one visitor, and of all.
_STREAMS, _ALL_STREAMS = 24, 2000
# Events that a slow page may be behind; then it must begin anew.
_BEHIND = 1000


class Full(Exception):
    """There are as many open pages as there may be."""


class Stream:
    """One open page: an iterator in all but name, so that waiting can be bounded."""

    def __init__(self) -> None:
        self._events: asyncio.Queue[Event | None] = asyncio.Queue(_BEHIND + 1)
        self._ended = False

    def put(self, event: Event) -> None:
        """Have *event* shown; a page that is too far behind is ended instead, and will come again."""
        if self._events.qsize() >= _BEHIND:
            self.end()
        if not self._ended:
            self._events.put_nowait(event)

    def end(self) -> None:
        """Nothing more comes."""
        if not self._ended:
            self._ended = True
            self._events.put_nowait(None)

    async def get(self, within: float) -> Event | None:
        """The next event, None at the end. Raises `TimeoutError` after *within* seconds."""
        async with asyncio.timeout(within):
            return await self._events.get()


class Feed:
    """Sends events to whoever of a visitor's pages is open.

    Each event has a number, `seq`, that grows over restarts as well: a page that loads the state of a
    conversation learns which events that state has in it.
    """

    def __init__(self) -> None:
        self.seq = time.time_ns() // 1000
        self._streams: defaultdict[str, set[Stream]] = defaultdict(set)
        self._closed = False

    def publish(self, visitor: str, event: Event) -> None:
        """Send *event* to every open page of *visitor*."""
        self.seq += 1
        for stream in self._streams.get(visitor, ()):
            stream.put({"seq": self.seq, **event})

    @contextmanager
    def open(self, visitor: str) -> Iterator[Stream]:
        """A page is open inside the ``with``. Raises `Full`."""
        mine = self._streams[visitor]
        if self._closed or len(mine) >= _STREAMS or sum(map(len, self._streams.values())) >= _ALL_STREAMS:
            raise Full
        stream = Stream()
        mine.add(stream)
        try:
            yield stream
        finally:
            mine.discard(stream)
            if not mine:
                self._streams.pop(visitor, None)

    def close(self) -> None:
        """End every stream; none can be opened any more."""
        self._closed = True
        for streams in self._streams.values():
            for stream in streams:
                stream.end()
