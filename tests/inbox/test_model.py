"""The embedded inbox against a model of it: nothing lost, nothing twice, order kept, whatever happens."""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.inbox import Claim, EmbeddedInbox, deadletters
from gateway.store.database import Database
from tests.words import chat, said

from .reading import Reader, reading

CHATS = "abc"
# As small as it can be where every chat is to be offered beside the others.
PER_LANE = 2
WINDOW = len(CHATS) * (PER_LANE + 1)

operations = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.lists(st.sampled_from(CHATS), min_size=1, max_size=8)),
        st.tuples(st.just("repeat"), st.integers(0, 50)),
        st.tuples(
            st.sampled_from(["done", "done", "again", "later", "window", "dead", "drop"]),
            st.sampled_from(CHATS),
        ),
        st.tuples(st.sampled_from(["crash", "revive", "clock"]), st.none()),
    ),
    max_size=30,
)


@dataclass
class Model:
    """What an inbox must hold: the messages of every chat in the order of work, and what became of others."""

    waiting: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in CHATS})
    parked: set[str] = field(default_factory=set)
    wakes: set[str] = field(default_factory=set)  # parked until something new is said
    put: dict[int, str] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)
    dead: set[int] = field(default_factory=set)

    def heads(self) -> dict[str, int]:
        """What must be offered now."""
        return {name: rows[0] for name, rows in self.waiting.items() if rows and name not in self.parked}


class Trial:
    """The inbox and its model, side by side."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._process = AsyncExitStack()
        self._open: dict[str, Claim] = {}
        self.model = Model()
        self.database: Database
        self.inbox: EmbeddedInbox
        self.reader: Reader

    async def start(self) -> None:
        self._open.clear()
        self.database = await self._process.enter_async_context(Database(self._path))
        self.inbox = EmbeddedInbox(self.database, window=WINDOW, per_lane=PER_LANE)
        self.reader = await self._process.enter_async_context(reading(self.inbox))

    async def stop(self) -> None:
        await self._process.aclose()

    async def agree(self) -> None:
        """Take claims until all that must be offered is; nothing else may be."""
        expected = self.model.heads()
        while len(self._open) < len(expected):
            claim = await self.reader.next()
            name, number = claim.message.chat.id, int(claim.message.id)
            assert name not in self._open, f"two of {name} at once"
            assert expected.get(name) == number, f"{number} of {name} out of turn: {self.model}"
            self._open[name] = claim
        assert self.reader.waiting == 0

    async def put(self, names: list[str]) -> None:
        for name in names:
            number = len(self.model.put) + 1
            self.model.put[number] = name
            self.model.waiting[name].append(number)
            if name in self.model.wakes:
                self.model.wakes.discard(name)
                self.model.parked.discard(name)
        first = len(self.model.put) - len(names) + 1
        await self.inbox.put("shop", [said("x", str(first + at), chat(n)) for at, n in enumerate(names)])

    async def repeat(self, number: int) -> None:
        if name := self.model.put.get(number):
            await self.inbox.put("shop", [said("x", str(number), chat(name))])

    async def settle(self, outcome: str, name: str) -> None:
        if (claim := self._open.pop(name, None)) is None:
            return
        number = self.model.waiting[name][0]
        if outcome == "again":
            await claim.retry(0, "not now")
            return
        if outcome == "later":
            self.model.parked.add(name)
            await claim.retry(3600, "not now")
            return
        if outcome == "window":
            await claim.retry(3600, "write to us first", wakes=True)
            if await self._is_parked(number):
                self.model.parked.add(name)
                self.model.wakes.add(name)
            else:
                assert self.model.waiting[name][1:], "nothing can have been said since it was handed out"
            return
        self.model.waiting[name].pop(0)
        if outcome == "dead":
            self.model.dead.add(number)
            await claim.dead("no")
        else:
            self.model.done.add(number)
            await claim.done()

    async def drop(self, name: str) -> None:
        parked = name in self.model.parked
        assert await self.inbox.drop(chat(name).key) == parked
        if parked:
            self.model.done.add(self.model.waiting[name].pop(0))
            self.model.parked.discard(name)
            self.model.wakes.discard(name)

    async def _is_parked(self, number: int) -> bool:
        (due,) = await self.database.run(
            lambda connection: connection.execute(
                "SELECT not_before FROM inbox WHERE message = ?", (str(number),)
            ).fetchone()
        )
        return bool(due > time.time())

    async def revive(self) -> None:
        """The operator has all dead letters tried again, while nothing is worked on."""
        for number in self.model.dead:
            name = self.model.put[number]
            self.model.waiting[name] = sorted([*self.model.waiting[name], number])
            self.model.parked.discard(name)
            self.model.wakes.discard(name)
        self.model.dead.clear()
        await self._alone(deadletters.retry)

    async def clock(self) -> None:
        """All that waits for later is due."""
        self.model.parked.clear()
        self.model.wakes.clear()
        await self._alone(
            lambda connection: connection.execute("UPDATE inbox SET not_before = 1 WHERE not_before > 0")
        )

    async def _alone(self, work: object) -> None:
        """Do something to the database between two processes."""
        await self.stop()
        async with Database(self._path) as database:
            assert callable(work)
            await database.run(lambda connection: bool(work(connection)))
        await self.start()

    async def apply(self, name: str, argument: object) -> None:
        if name == "put":
            assert isinstance(argument, list)
            await self.put(argument)
        elif name == "repeat":
            assert isinstance(argument, int)
            await self.repeat(argument)
        elif name == "crash":
            await self.stop()
            await self.start()
        elif name == "revive":
            await self.revive()
        elif name == "clock":
            await self.clock()
        elif name == "drop":
            await self.drop(str(argument))
        else:
            await self.settle(name, str(argument))

    async def finish(self) -> None:
        """Work off what is left: then every message was dealt with once."""
        await self.revive()
        await self.clock()
        await self.agree()
        while self._open:
            for name in list(self._open):
                await self.settle("done", name)
            await self.agree()
        async with asyncio.timeout(5):
            await self.inbox.idle()
        assert self.model.done == set(self.model.put)
        assert (self.inbox.held, self.inbox.lanes, self.reader.waiting) == (0, 0, 0)
        await self.stop()


async def compare(steps: list[tuple[str, object]], path: Path) -> None:
    trial = Trial(path)
    await trial.start()
    try:
        for name, argument in steps:
            await trial.apply(name, argument)
            await trial.agree()
        await trial.finish()
    finally:
        await trial.stop()


@settings(max_examples=50)
@given(operations)
def test_nothing_is_lost_nothing_comes_twice_and_order_is_kept(steps: list[tuple[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(compare(steps, Path(folder) / "gateway.db"))


@settings(max_examples=40)
@given(operations)
def test_the_same_holds_without_a_look_in_between(steps: list[tuple[str, object]]) -> None:
    """The reader and the settling are left to race: claims are looked at only when one is settled."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(compare_late(steps, Path(folder) / "gateway.db"))


async def compare_late(steps: list[tuple[str, object]], path: Path) -> None:
    trial = Trial(path)
    await trial.start()
    try:
        for name, argument in steps:
            if name not in ("put", "repeat"):
                await trial.agree()
            await trial.apply(name, argument)
        await trial.finish()
    finally:
        await trial.stop()
