"""An album is sent as one message and comes as many: here it becomes one again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import replace
from typing import Any

from adapters.telegram.parse import Account, album, parse
from gateway import Event, Message, Quote

WAIT = 0.4
"""Seconds after which an album counts as complete."""


def split(updates: Sequence[Any], waited: Set[str]) -> tuple[Sequence[Any], Sequence[Any]]:
    """What can be handed over now, and what waits: all from the first album that is not in *waited*."""
    for at, update in enumerate(updates):
        group = album(update)
        if group is not None and group not in waited:
            return updates[:at], updates[at:]
    return updates, ()


def events(updates: Iterable[Any], me: Account) -> list[Event]:
    """The events of *updates*, in order; an album's parts are one message in the place of its first."""
    found: list[Event] = []
    places: dict[tuple[str, str], int] = {}
    for update in updates:
        event = parse(update, me)
        if event is None:
            continue
        group = album(update)
        if group is None or not isinstance(event, Message):
            found.append(event)
            continue
        place = places.setdefault((event.chat.key, group), len(found))
        first = found[place] if place < len(found) else None
        if isinstance(first, Message):
            found[place] = _merge(first, event)
        else:
            found.append(event)
    return found


def _merge(first: Message, more: Message) -> Message:
    parts = (part for part in more.parts if not isinstance(part, Quote))
    return replace(first, parts=(*first.parts, *parts), mentioned=first.mentioned or more.mentioned)
