"""The conversations of each visitor: what there is to choose from, kept durably."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import asdict, dataclass

from pydantic import TypeAdapter

from gateway import Host
from gateway.newest import Newest
from gateway.text import shortened

log = logging.getLogger(__name__)

# A visitor's conversations, at most; the one that was silent for longest goes first.
MOST = 200
# Visitors whose list is kept in memory.
_CACHED = 1000
_LONGEST_TITLE = 80  # characters
_LOCKS = 64  # so few for all visitors: two may wait for each other without need


@dataclass(slots=True)
class Entry:
    """One conversation: `title` is its first question, `time` that of its last (seconds since 1970)."""

    id: str
    title: str
    time: float


Entries = dict[str, Entry]
_ENTRIES = TypeAdapter(list[Entry])


class Book:
    """The lists of all visitors, each saved as a whole under the visitor's id."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._lists: Newest[str, Entries] = Newest(_CACHED)
        # A visitor's changes one after the other: each saves the whole list.
        self._changing = [asyncio.Lock() for _ in range(_LOCKS)]

    async def entries(self, visitor: str) -> Entries:
        """The conversations of *visitor* by their ids. Raises `StoreError`."""
        known = self._lists.get(visitor)
        if known is not None:
            self._lists.move_to_end(visitor)
            return known
        saved = _read(await self._host.load(_key(visitor)))
        if visitor in self._lists:  # changed while we read
            return self._lists[visitor]
        entries = self._lists[visitor] = {entry.id: entry for entry in saved}
        return entries

    async def touch(self, visitor: str, id: str, text: str, time: float) -> Entry:
        """Something is said in a conversation; *text* names a new one. Raises `StoreError`."""
        async with self._lock(visitor):
            entries = dict(await self.entries(visitor))
            known = entries.get(id)
            entry = Entry(id, known.title if known and known.title else _title(text), time)
            entries[id] = entry
            while len(entries) > MOST:
                del entries[min(entries.values(), key=lambda entry: entry.time).id]
            await self._save(visitor, entries)
            return entry

    async def remove(self, visitor: str, id: str) -> bool:
        """Forget a conversation; false where there is none. Raises `StoreError`."""
        async with self._lock(visitor):
            entries = dict(await self.entries(visitor))
            if entries.pop(id, None) is None:
                return False
            await self._save(visitor, entries)
            return True

    async def _save(self, visitor: str, entries: Entries) -> None:
        saved = json.dumps([asdict(entry) for entry in entries.values()], ensure_ascii=False)
        await self._host.save(_key(visitor), saved)
        self._lists[visitor] = entries

    def _lock(self, visitor: str) -> asyncio.Lock:
        return self._changing[hash(visitor) % _LOCKS]


def _key(visitor: str) -> str:
    return f"visitor:{visitor}"


def _read(saved: str | None) -> list[Entry]:
    try:
        return _ENTRIES.validate_json(saved or "[]")
    except ValueError:
        log.warning("a saved list of conversations is unreadable: going without")
        return []


def _title(text: str) -> str:
    return shortened(" ".join(text.split()), _LONGEST_TITLE)
