"""Answers that wait for a person to fetch them: durable, and a bounded number of each person's.

Who cannot be written to is told, in the answer to a question, to send any text; with that the next piece is
fetched, and it is no question.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from typing import TypeVar

import orjson
from pydantic import TypeAdapter

from adapters.wechat_official.bells import Bells
from adapters.wechat_official.wording import Language, Words, language_of
from gateway import Host
from gateway.errors import WindowClosed

log = logging.getLogger(__name__)

T = TypeVar("T")

Awaited = Callable[[str, Collection[str]], Awaitable[Collection[str]]]

# Pieces of one person's, and how long they are kept (seconds).
_MOST_PIECES = 50
_KEPT = 7 * 86_400.0
# For how long what was told holds (seconds): an answer comes within some minutes or never; what is there can
# be fetched for a day without a question being asked.
_PROMISED, _TOLD = 900.0, 86_400.0
# WeChat asks for the last time ten seconds after the first.
_ASKED_AGAIN = 60.0
# What was said in responses is kept for longer (seconds) than a clock may be wrong by, see `signing.OLDEST`,
# and of that so many of the newest.
_SAID, _MOST_SAID = 360.0, 8
_MOST_SHELVES = 10_000


@dataclass(slots=True)
class Kept:
    """What waits for one person. Times in seconds since 1970.

    `promised`: the questions whose answers are to be fetched, and since when. `given`: the message that
    fetched last, what it got, and whether there was more. `told`: when the person was told to fetch. `said`:
    what was just said in responses, to which messages, and when: WeChat may not have heard it.
    """

    pieces: list[str] = field(default_factory=list)
    since: float = 0.0
    promised: dict[str, float] = field(default_factory=dict)
    given: tuple[str, str, bool] | None = None
    told: float = 0.0
    language: Language = "zh"
    said: dict[str, tuple[str, float]] = field(default_factory=dict)

    def prune(self, now: float) -> None:
        """Forget what is too old."""
        self.promised = {id: at for id, at in self.promised.items() if now - at < _PROMISED}
        if now - self.told >= _ASKED_AGAIN:
            self.given = None
        self.said = {id: said for id, said in self.said.items() if now - said[1] < _SAID}
        if self.pieces and now - self.since >= _KEPT:
            log.info("%d pieces of an answer were not fetched", len(self.pieces))
            self.pieces = []

    def remember(self, message: str, text: str) -> None:
        """*text* is about to be the response to *message*."""
        self.said[message] = (text, time.time())
        for oldest in list(self.said)[:-_MOST_SAID]:
            del self.said[oldest]

    @property
    def fetchable(self) -> bool:
        """True where the person knows that any text fetches."""
        return bool(self.pieces or self.promised) and time.time() - self.told < _TOLD

    def text_for(self, message: str) -> str | None:
        """What *message* was answered already: when it fetched, or in a response."""
        if message in self.said:
            return self.said[message][0]
        if self.given is None or self.given[0] != message:
            return None
        _, piece, more = self.given
        return piece + Words.MORE.say(language_of(piece)) if more else piece


_SAVED = TypeAdapter(Kept)


class _Place:
    """`dropped`: when nothing of what waited was wanted any more, on the loop's clock."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        self.lock = asyncio.Lock()
        self.dropped = 0.0


class Shelf:
    """What waits for everybody; a change rings the person's bell. Every method raises `StoreError`.

    `awaited` tells which of a person's questions are still to be answered: nothing comes for any other.
    """

    def __init__(self, host: Host, bells: Bells, awaited: Awaited) -> None:
        self._host = host
        self._bells = bells
        self._awaited = awaited
        self._places: OrderedDict[str, _Place] = OrderedDict()

    async def look(self, person: str) -> Kept:
        """What waits for *person*; to be looked at only."""
        return (await self._place(person)).kept

    async def promise(self, person: str, question: str, language: Language) -> bool:
        """*person* is about to be told that the answer to *question* can be fetched with any text.

        False where none comes any more.
        """
        if not await self._awaited(person, [question]):
            return False

        def change(kept: Kept) -> None:
            kept.promised[question] = kept.told = time.time()
            kept.language = language

        await self._change(person, change)
        return True

    async def settle(self, person: str, question: str) -> None:
        """No more pieces of the answer to *question* will come."""
        await self._change(person, lambda kept: kept.promised.pop(question, None))

    async def forget_promises(self, person: str) -> None:
        """What *person* says next is a question, unless there is something to fetch."""
        await self._change(person, lambda kept: kept.promised.clear())

    async def add(self, person: str, question: str, piece: str, *, more: bool, since: float) -> None:
        """Keep *piece* of the answer to *question* behind what waits already; *more* of it will come, or not.

        Not where all was dropped *since* then, on the loop's clock. Raises `WindowClosed`: there is no room.
        """
        place = await self._place(person)

        def change(kept: Kept) -> None:
            if place.dropped > since:
                return
            if len(kept.pieces) >= _MOST_PIECES:
                raise WindowClosed("too many answers wait for this person to fetch them")
            kept.pieces.append(piece)
            kept.since = time.time()
            if not more:
                kept.promised.pop(question, None)

        await self._change(person, change)

    async def take(self, person: str, message: str) -> str | None:
        """The first piece, handed to *message*: the same whenever it asks again. None: there is nothing.

        "" where what *message* got was dropped since.
        """

        def change(kept: Kept) -> str | None:
            if kept.text_for(message) is None and kept.pieces:
                piece = kept.pieces.pop(0)
                kept.given = (message, piece, bool(kept.pieces or kept.promised))
                kept.told = time.time()
                kept.remember(message, kept.text_for(message) or piece)
            return kept.text_for(message)

        return await self._change(person, change)

    async def note(self, person: str, message: str, text: str) -> None:
        """*text* is about to be the response to *message*: another process may be asked for it again."""
        await self._change(person, lambda kept: kept.remember(message, text))

    async def put_back(self, person: str, message: str) -> None:
        """What *message* got has not arrived: the next one gets it."""

        def change(kept: Kept) -> None:
            if kept.given is not None and kept.given[0] == message:
                kept.pieces.insert(0, kept.given[1])
                kept.given = None
                kept.said.pop(message, None)

        await self._change(person, change)

    async def drop(self, person: str) -> bool:
        """Nothing waits for *person* any more; true where something did.

        What was said stays known by the messages that it was said to, without the words. What is being sent
        now is not kept either; what is sent from now on is.
        """
        now = asyncio.get_running_loop().time()
        place = await self._place(person)
        place.dropped = now

        def change(kept: Kept) -> bool:
            waited = bool(kept.pieces)
            kept.pieces.clear()
            kept.promised.clear()
            kept.said = {id: ("", at) for id, (_, at) in kept.said.items()}
            kept.given = None
            return waited

        return await self._change(person, change)

    async def _place(self, person: str) -> _Place:
        place = self._places.get(person)
        if place is None:
            saved = await self._host.load(_key(person))
            # Whoever asked first has made it meanwhile.
            place = self._places.setdefault(person, _Place(_read(saved)))
        self._places.move_to_end(person)
        if len(self._places) > _MOST_SHELVES:
            self._places.popitem(last=False)
        place.kept.prune(time.time())
        await self._prune_promises(person, place)
        return place

    async def _prune_promises(self, person: str, place: _Place) -> None:
        """Forget the questions that became part of another, were stopped or given up."""
        promised = list(place.kept.promised)
        if promised:
            awaited = await self._awaited(person, promised)
            for question in set(promised).difference(awaited):
                place.kept.promised.pop(question, None)

    async def _change(self, person: str, change: Callable[[Kept], T]) -> T:
        """Do *change* and make it durable; where that cannot be, nothing has changed."""
        place = await self._place(person)
        async with place.lock:
            kept = deepcopy(place.kept)
            result = change(kept)
            if kept != place.kept:
                await self._host.save(_key(person), orjson.dumps(asdict(kept)).decode())
                place.kept = kept
                self._bells.ring(person)
            return result


def _key(person: str) -> str:
    return f"kept:{person}"


def _read(saved: str | None) -> Kept:
    try:
        return _SAVED.validate_json(saved) if saved else Kept()
    except ValueError:
        log.warning("the answers that somebody has to fetch are unreadable: going without")
        return Kept()
