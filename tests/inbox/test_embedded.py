"""The inbox in our own database: the contract, and what is its own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from gateway import commands
from gateway.errors import InboxError, StoreError
from gateway.inbox import EmbeddedInbox, deadletters
from gateway.message import Message, Moved
from gateway.store import answers, history, state
from gateway.store.database import Database, Work
from gateway.store.history import Exchange
from tests.adapters.host import until
from tests.unheard import complaints
from tests.words import GROUP, PRIVATE, chat, said

from .contract import InboxContract, Start
from .reading import Reader, reading

T = TypeVar("T")
A, B, C = chat("a"), chat("b"), chat("c")


class HookedDatabase(Database):
    """A database in which a test acts at the worst moment: between a commit and whoever waits for it.

    `then` is awaited once, after the next job; `refuse` is raised once instead of it.
    """

    then: Callable[[], Awaitable[None]] | None = None
    refuse: Exception | None = None

    async def run(self, work: Work[T]) -> T:
        refuse, self.refuse = self.refuse, None
        if refuse is not None:
            raise refuse
        result = await super().run(work)
        then, self.then = self.then, None
        if then is not None:
            await then()
        return result


@asynccontextmanager
async def opened(path: Path, window: int = 2000, per_lane: int = 16) -> AsyncIterator[EmbeddedInbox]:
    async with Database(path) as database:
        yield EmbeddedInbox(database, commands.lane, window, per_lane)


@asynccontextmanager
async def resting(inbox: EmbeddedInbox) -> AsyncIterator[Reader]:
    """A reader that has read what there was, so that what is read next is what the test brings."""
    async with reading(inbox) as reader:
        async with asyncio.timeout(5):
            await inbox.idle()
        yield reader


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gateway.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[HookedDatabase]:
    async with HookedDatabase(path) as database:
        yield database


@pytest.fixture
def inbox(database: HookedDatabase) -> EmbeddedInbox:
    return EmbeddedInbox(database, commands.lane)


class TestEmbeddedInbox(InboxContract):
    @pytest.fixture
    def start(self, path: Path) -> Start:
        return lambda: opened(path)


class TestEmbeddedInboxWithASmallWindow(InboxContract):
    @pytest.fixture
    def start(self, path: Path) -> Start:
        return lambda: opened(path, window=8, per_lane=2)


# --- putting


async def test_a_cursor_is_kept_with_its_messages(database: Database, inbox: EmbeddedInbox) -> None:
    await inbox.put("shop", [said("hello")], cursor="17")
    await inbox.put("shop", [], cursor="18")
    await inbox.put("shop", [said("again", "2")])
    assert await database.run(lambda connection: state.load(connection, "shop", "cursor")) == "18"


async def test_a_put_that_fails_keeps_neither_message_nor_cursor(
    database: Database, inbox: EmbeddedInbox
) -> None:
    await inbox.put("shop", [said("before", "0")], cursor="1")
    # the messages fit, the cursor does not
    await database.run(
        lambda connection: connection.execute(
            """CREATE TRIGGER full BEFORE INSERT ON state WHEN new.value = 'no'
               BEGIN SELECT raise(ABORT, 'disk is full'); END"""
        )
    )
    with pytest.raises(InboxError, match="shop: disk is full"):
        await inbox.put("shop", [said("lost", "1")], cursor="no")
    assert await database.run(lambda connection: state.load(connection, "shop", "cursor")) == "1"
    async with reading(inbox) as reader:
        await inbox.put("shop", [said("found again", "1")], cursor="2")
        assert await reader.work_off(2) == ["before", "found again"]


async def test_a_full_disk_loses_nothing_and_is_got_over(database: Database, inbox: EmbeddedInbox) -> None:
    async with reading(inbox) as reader:
        (pages,) = await database.run(lambda connection: connection.execute("PRAGMA page_count").fetchone())
        await database.run(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages}"))
        with pytest.raises(InboxError, match="full"):
            await inbox.put("shop", [said("long " * 10_000)], cursor="1")
        await database.run(lambda connection: connection.execute("PRAGMA max_page_count = 100000"))
        await inbox.put("shop", [said("short")], cursor="1")
        assert await reader.work_off(1) == ["short"]


async def test_a_closed_database_takes_nothing(path: Path) -> None:
    async with opened(path) as inbox:
        pass
    with pytest.raises(InboxError, match="closed"):
        await inbox.put("shop", [said("hello")])


async def test_a_cancelled_put_that_became_durable_is_worked(inbox: EmbeddedInbox) -> None:
    async with reading(inbox) as reader:
        putting = asyncio.create_task(inbox.put("shop", [said("hello")]))
        await asyncio.sleep(0)  # it is on its way to the disk
        putting.cancel()
        assert await reader.work_off(1) == ["hello"]


async def test_a_put_that_fails_after_its_caller_is_gone_complains_to_nobody(
    database: Database, inbox: EmbeddedInbox
) -> None:
    await database.run(lambda connection: connection.execute("DROP TABLE inbox"))
    assert await complaints(inbox.put("shop", [said("hello")]), database) == []


# --- lanes


async def test_what_is_urgent_overtakes(inbox: EmbeddedInbox) -> None:
    async with reading(inbox) as reader:
        await inbox.put("shop", [said("long", "1", A), said("waiting", "2", A)])
        assert await reader.texts(1) == ["long"]
        await inbox.put("shop", [said("/stop", "3", A)])
        assert await reader.texts(1) == ["/stop"]


async def test_nothing_is_held_for_what_is_done_or_waits_for_later(inbox: EmbeddedInbox) -> None:
    async with reading(inbox) as reader:
        await inbox.put("shop", [said(str(number), str(number), A) for number in range(10)])
        assert inbox.held <= 10
        await (await reader.next()).retry(3600, "not now")
        await inbox.put("shop", [said("other", "1", B)])
        await reader.work_off(1)
        async with asyncio.timeout(5):
            await inbox.idle()
        assert (inbox.held, inbox.lanes) == (0, 0)


async def test_a_flood_of_thousands_is_not_held_in_memory(path: Path) -> None:
    async with opened(path, window=100, per_lane=16) as inbox, reading(inbox) as reader:
        await inbox.put("shop", [said(str(number), str(number), A) for number in range(5000)])
        first = await reader.next()
        most = 0
        for number in range(50):
            await inbox.put("shop", [said("other", str(number), chat(f"other {number}"))])
            assert await reader.work_off(1) == ["other"]
            most = max(most, inbox.held)
        assert most <= 20
        await first.done()
        assert await reader.work_off(300) == [str(number) for number in range(1, 301)]
        assert inbox.held <= 16


async def test_a_backlog_does_not_fill_the_memory(path: Path) -> None:
    async with opened(path) as inbox:
        everybody = [chat(str(number)) for number in range(60)]
        await inbox.put("shop", [said(str(n), str(n), at) for n in range(30) for at in everybody])
    most = 0
    async with opened(path, window=50, per_lane=4) as inbox, reading(inbox) as reader:
        for _ in range(30 * 60):
            await (await reader.next()).done()
            most = max(most, inbox.held)
        async with asyncio.timeout(5):
            await inbox.idle()
    assert most <= 2 * 50


async def test_idle_waits_for_what_is_worked_on(inbox: EmbeddedInbox) -> None:
    async with reading(inbox) as reader:
        async with asyncio.timeout(5):
            await inbox.idle()
        await inbox.put("shop", [said("hello")])
        idle = asyncio.create_task(inbox.idle())
        claim = await reader.next()
        assert not idle.done()
        await claim.done()
        async with asyncio.timeout(5):
            await idle


# --- dead letters


async def test_a_dead_letter_says_what_died_of_what(database: Database, inbox: EmbeddedInbox) -> None:
    async with reading(inbox) as reader:
        await inbox.put("shop", [said("poison", "1", A), said("fine", "2", B)])
        await (await reader.next()).dead("Rejected: no")
        await reader.work_off(1)
    (letter,) = await database.run(deadletters.find)
    assert (letter.message, letter.error, letter.attempts) == (said("poison", "1", A), "Rejected: no", 0)
    assert await database.run(lambda connection: deadletters.find(connection, letter.seq)) == [letter]
    assert await database.run(lambda connection: deadletters.find(connection, letter.seq + 1)) == []
    assert await database.run(deadletters.count_by_channel) == {"shop": (0, 1)}


async def test_the_operator_has_a_dead_letter_tried_again_while_we_run(
    database: Database, inbox: EmbeddedInbox
) -> None:
    async with reading(inbox) as reader:
        await inbox.put("shop", [said("poison", "1", A), said("later", "2", A)])
        await (await reader.next()).dead("Rejected: no")
        busy = await reader.next()
        assert await database.run(deadletters.retry) == 1
        # its chat is busy: it waits for that, and what came after it waits behind it
        await inbox.put("shop", [said("last", "3", A), said("other", "1", B)])
        assert await reader.work_off(1) == ["other"]
        await busy.done()
        await inbox.put("shop", [said("other", "2", B)])
        claims = [await reader.next(), await reader.next()]
        again = next(claim for claim in claims if claim.message.chat == A)
        assert (again.message.text, again.attempts) == ("poison", 0)
        assert reader.waiting == 0
        await again.done()
        assert await reader.work_off(1) == ["last"]


async def test_a_dropped_dead_letter_is_gone_but_known(database: Database, inbox: EmbeddedInbox) -> None:
    async with reading(inbox) as reader:
        await inbox.put("shop", [said("poison", "1", A)])
        await (await reader.next()).dead("Rejected: no")
        assert await database.run(deadletters.drop) == 1
        assert await database.run(deadletters.find) == []
        await inbox.put("shop", [said("poison", "1", A), said("next", "2", A)])
        assert await reader.texts(1) == ["next"]


# --- what nobody can read

GARBAGE = [b"\xff\xfe", b"{", b"[]", b"null", b'{"id": "1"}', '{"id": "1", "chat": {}}', 7]


async def spoil(database: Database, id: str, body: object = b"{broken") -> None:
    """Make the body of a message something that we did not write."""
    work = "UPDATE inbox SET body = ? WHERE message = ?"
    await database.run(lambda connection: connection.execute(work, (body, id)))


@pytest.mark.parametrize("garbage", GARBAGE, ids=repr)
async def test_what_nobody_can_read_is_a_dead_letter_and_stops_no_other(
    database: Database, inbox: EmbeddedInbox, garbage: object
) -> None:
    await inbox.put("shop", [said("one", "1", A), said("two", "2", A), said("other", "3", B)])
    await spoil(database, "1", garbage)
    async with reading(inbox) as reader:
        assert sorted(await reader.work_off(2)) == ["other", "two"]
        async with asyncio.timeout(5):
            await inbox.idle()
        assert (inbox.held, inbox.lanes) == (0, 0)
        (letter,) = await database.run(deadletters.find)
        assert (letter.chat, letter.id, letter.message) == (A.key, "1", None)
        assert letter.error.startswith("unreadable: ")
        await database.run(deadletters.retry)
        await inbox.put("shop", [said("three", "4", A)])
        assert await reader.work_off(1) == ["three"]


async def test_while_the_disk_is_full_what_nobody_can_read_waits(
    database: HookedDatabase, inbox: EmbeddedInbox
) -> None:
    await inbox.put("shop", [said("one", "1", A), said("two", "2", A)])
    await spoil(database, "1")

    async def fill_the_disk() -> None:
        database.refuse = StoreError("the disk is full")

    database.then = fill_the_disk  # after the reading
    async with reading(inbox) as reader:
        assert await reader.work_off(1) == ["two"]
    assert database.refuse is None
    (letter,) = await database.run(deadletters.find)
    assert letter.id == "1"


async def test_a_correction_makes_readable_what_nobody_could_read(
    database: Database, inbox: EmbeddedInbox
) -> None:
    await inbox.put("shop", [said("helo", "1", A)])
    await spoil(database, "1")
    await inbox.put("shop", [said("hello", "2", A, edit_of="1")])
    async with reading(inbox) as reader:
        claim = await reader.next()
        assert claim.message == said("hello", "1", A)


async def test_what_nobody_can_read_is_no_part_of_another_message(
    database: Database, inbox: EmbeddedInbox
) -> None:
    await inbox.put("shop", [said(text, id, A) for id, text in (("1", "one"), ("2", "two"), ("3", "three"))])
    await spoil(database, "2")
    async with reading(inbox) as reader:
        claim = await reader.next()
        assert not await claim.merge(lambda message: True)
        await claim.done()
        assert await reader.work_off(1) == ["three"]


async def test_what_nobody_can_read_is_left_out_of_what_was_said(
    database: Database, inbox: EmbeddedInbox
) -> None:
    await inbox.put("shop", [said("one", "1", A), said("two", "2", A)])
    await spoil(database, "1")
    found = await database.run(lambda connection: history.transcript(connection, A.key))
    assert [entry.text for entry in found] == ["two"]


async def test_what_is_settled_in_any_way_is_not_awaited(database: Database, inbox: EmbeddedInbox) -> None:
    ids = ("answered", "question", "part", "dead", "later")
    await inbox.put("shop", [said(id, id, A) for id in ids])
    await inbox.put("shop", [said("elsewhere", "elsewhere", B)])

    async def awaited() -> list[str]:
        wanted = [*ids, "elsewhere", "never heard of"]
        return await database.run(lambda connection: answers.awaited(connection, A.key, wanted))

    assert await awaited() == [*ids]
    async with reading(inbox) as reader:
        claims = {claim.message.id: claim for claim in [await reader.next(), await reader.next()]}
        await claims["answered"].done()
        claim = await reader.next()
        assert await claim.merge(lambda message: message.id == "part")
        assert await awaited() == ["question", "dead", "later"]
        await claim.done()
        await (await reader.next()).dead("no use")
        await (await reader.next()).retry(3600, "write to us first", wakes=True)
        assert await awaited() == ["later"]
        assert await inbox.drop(A.key)
        assert await awaited() == []


# --- a chat that moves


async def test_the_context_moves_with_the_chat(database: Database, inbox: EmbeddedInbox) -> None:
    old, new = said("hello", "5", GROUP), GROUP.moved("-100")
    await database.run(
        lambda connection: history.add(connection, old, Exchange(GROUP.key, "q", "a", 1.0, 2.0))
    )
    member = f"{GROUP.key}:ann"
    await database.run(lambda connection: history.add(connection, old, Exchange(member, "m", "b", 1.0, 2.0)))
    await inbox.put("shop", [Moved(GROUP, "-100")])
    turns = await database.run(lambda connection: history.load(connection, new.key))
    assert [turn.text for turn in turns] == ["q", "a"]
    turns = await database.run(lambda connection: history.load(connection, f"{new.key}:ann"))
    assert [turn.text for turn in turns] == ["m", "b"]
    assert await database.run(lambda connection: history.load(connection, GROUP.key)) == []


async def test_what_waits_in_a_chat_that_moves_is_not_lost_or_taken_for_another(path: Path) -> None:
    """The new chat counts its messages anew, and more waits than memory holds."""
    async with opened(path, window=8, per_lane=2) as inbox, reading(inbox) as reader:
        await inbox.put("shop", [said(f"old {n}", str(n), GROUP) for n in range(8)])
        first = await reader.next()
        new = GROUP.moved("-100")
        await inbox.put("shop", [Moved(GROUP, "-100")])
        await inbox.put("shop", [said(f"new {n}", str(n), new) for n in range(8)])
        await first.done()
        came = await reader.work_off(15)
        assert [text for text in came if "old" in text] == [f"old {n}" for n in range(1, 8)]
        assert [text for text in came if "new" in text] == [f"new {n}" for n in range(8)]


# --- the moments that matter


async def test_a_message_that_arrives_while_its_lane_closes_is_worked(
    database: HookedDatabase, inbox: EmbeddedInbox
) -> None:
    """The settling is on the disk, and before the lane knows, the reader has found more of it."""
    async with resting(inbox) as reader:
        await inbox.put("shop", [said("first", "1", A)])
        claim = await reader.next()

        async def deliver() -> None:
            await inbox.put("shop", [said("second", "2", A), said("other", "1", B)])
            assert await reader.texts(1) == ["other"]

        database.then = deliver
        await claim.done()
        assert await reader.work_off(1) == ["second"]


@pytest.mark.parametrize("outcome", ["done", "dead", "retry"])
async def test_a_claim_that_is_settled_during_a_reading_is_not_handed_out_twice(
    database: HookedDatabase, inbox: EmbeddedInbox, outcome: str
) -> None:
    """The reader has read, and before it has placed what it found, the lane is settled and more comes."""
    async with resting(inbox) as reader:
        await inbox.put("shop", [said("first", "1", A)])
        claim = await reader.next()

        async def settle() -> None:
            await inbox.put("shop", [said("third", "3", A)])
            if outcome == "retry":
                await claim.retry(0.01, "not now")
            else:
                await (claim.done() if outcome == "done" else claim.dead("no"))

        database.then = settle
        await inbox.put("shop", [said("second", "2", A)])  # makes the reader read
        expected = ["first"] if outcome == "retry" else []
        assert await reader.work_off(2 + len(expected)) == [*expected, "second", "third"]
        async with asyncio.timeout(5):
            await inbox.idle()
        assert reader.waiting == 0
        assert (inbox.held, inbox.lanes) == (0, 0)


async def test_a_retry_settled_during_the_reading_that_passes_it_is_not_handed_out_twice(path: Path) -> None:
    """It was read ahead of the others because it was due, and the reading in order comes to it only now."""
    async with HookedDatabase(path) as database:
        inbox = EmbeddedInbox(database, commands.lane, window=8, per_lane=2)
        others = [chat(str(number)) for number in range(8)]
        await inbox.put("shop", [*(said("other", "1", at) for at in others), said("due", "1", A)])
        await database.run(
            lambda connection: connection.execute("UPDATE inbox SET not_before = 1 WHERE chat = ?", (A.key,))
        )
        async with reading(inbox) as reader:
            due, first, second, *_ = [await reader.next() for _ in range(8)]
            assert due.message.chat == A
            await first.done()
            await reader.next()

            async def settle_in_the_next_reading() -> None:
                database.then = due.done

            database.then = settle_in_the_next_reading
            await second.done()
            await until(lambda: database.then is None)
            await inbox.put("shop", [said("last", "1", B)])
            assert await reader.texts(1) == ["last"]


@pytest.mark.parametrize("settled_first", [True, False])
async def test_a_message_in_the_same_transaction_as_the_end_of_its_lane_is_worked(
    database: Database, inbox: EmbeddedInbox, settled_first: bool
) -> None:
    async with resting(inbox) as reader:
        await inbox.put("shop", [said("first", "1", A)])
        claim = await reader.next()
        gate = threading.Event()
        held = database.submit(lambda connection: gate.wait(5))
        works: list[Callable[[], Awaitable[None]]] = [
            claim.done,
            lambda: inbox.put("shop", [said("second", "2", A)]),
        ]
        async with asyncio.TaskGroup() as group:
            for work in works if settled_first else reversed(works):
                group.create_task(_call(work))
                await asyncio.sleep(0)
            gate.set()
        await held
        assert await reader.work_off(1) == ["second"]


async def _call(work: Callable[[], Awaitable[None]]) -> None:
    await work()


async def test_a_lane_of_which_memory_holds_a_part_goes_on_when_that_is_worked_off(path: Path) -> None:
    async with HookedDatabase(path) as database:
        inbox = EmbeddedInbox(database, commands.lane, window=8, per_lane=2)
        async with resting(inbox) as reader:
            await inbox.put("shop", [said(str(number), str(number), A) for number in range(6)])
            assert await reader.work_off(1) == ["0"]
            claim = await reader.next()

            async def deliver() -> None:
                await inbox.put("shop", [said("6", "6", A), said("other", "1", B)])
                assert await reader.texts(1) == ["other"]

            database.then = deliver
            await claim.done()
            assert await reader.work_off(5) == ["2", "3", "4", "5", "6"]


async def test_a_reading_that_fails_is_done_again(database: HookedDatabase, inbox: EmbeddedInbox) -> None:
    async with resting(inbox) as reader:
        database.refuse = StoreError("database is locked")
        await inbox.put("shop", [said("first", "1", A)])
        await until(lambda: database.refuse is None)
        await inbox.put("shop", [said("second", "1", B)])
        assert await reader.work_off(2) == ["first", "second"]


async def test_a_lane_that_wants_more_survives_a_reading_that_fails(path: Path) -> None:
    async with HookedDatabase(path) as database:
        inbox = EmbeddedInbox(database, commands.lane, window=8, per_lane=2)
        async with resting(inbox) as reader:
            await inbox.put("shop", [said(str(number), str(number), A) for number in range(4)])
            await reader.work_off(1)
            claim = await reader.next()

            async def fail_next() -> None:
                database.refuse = StoreError("disk I/O error")

            database.then = fail_next
            await claim.done()
            await until(lambda: database.refuse is None)
            await inbox.put("shop", [said("other", "1", B)])
            assert sorted(await reader.work_off(3)) == ["2", "3", "other"]


async def test_a_claim_whose_settling_fails_can_be_settled_again(
    database: HookedDatabase, inbox: EmbeddedInbox
) -> None:
    async with resting(inbox) as reader:
        await inbox.put("shop", [said("first", "1", A), said("second", "2", A)])
        claim = await reader.next()
        database.refuse = StoreError("disk I/O error")
        with pytest.raises(StoreError):
            await claim.done()
        await inbox.put("shop", [said("other", "1", B)])
        assert await reader.work_off(1) == ["other"]
        await claim.done()
        assert await reader.work_off(1) == ["second"]


async def test_a_correction_in_the_moment_of_the_reading_is_heard(
    database: HookedDatabase, inbox: EmbeddedInbox
) -> None:
    async with resting(inbox) as reader:
        await inbox.put("shop", [said("busy", "1", A)])
        claim = await reader.next()
        corrected: list[asyncio.Task[None]] = []

        async def correct() -> None:
            edit = said("right", "2:edited", A, edit_of="2")
            corrected.append(asyncio.create_task(inbox.put("shop", [edit])))
            await database.run(lambda connection: None)

        database.then = correct
        await inbox.put("shop", [said("wrnog", "2", A)])
        await until(lambda: corrected)
        await corrected[0]
        await inbox.put("shop", [said("other", "1", B)])
        await reader.work_off(1)
        await claim.done()
        assert await reader.work_off(1) == ["right"]


async def test_messages_of_many_put_at_once_share_transactions(
    database: Database, inbox: EmbeddedInbox
) -> None:
    statements: list[str] = []
    await database.run(lambda connection: connection.set_trace_callback(statements.append))
    gate = threading.Event()
    held = database.submit(lambda connection: gate.wait(5))
    async with asyncio.TaskGroup() as group:
        for number in range(100):
            group.create_task(inbox.put("shop", [said("hello", str(number), chat(str(number)))]))
        await asyncio.sleep(0)
        gate.set()
    await held
    assert statements.count("COMMIT") <= 3


def test_the_lane_of_a_message_is_its_chat_s_or_its_own() -> None:
    message: Message = said("hello")
    assert commands.lane(message) == PRIVATE.key
    assert commands.lane(said("/STOP")) == commands.lane(said("停止")) != PRIVATE.key


async def test_a_correction_that_would_overtake_finds_what_it_corrects(database: Database) -> None:
    """Regression: it was looked for in the lane of the correction, and lost."""
    overtaken: list[Message] = []
    inbox = EmbeddedInbox(database, commands.lane, overtaken=overtaken.append)
    async with reading(inbox) as reader:
        await inbox.put("shop", [said("working", "1", A), said("waiting", "2", A)])
        claim = await reader.next()
        await inbox.put("shop", [said("/stop", "2:edited", A, edit_of="2")])
        await inbox.put("shop", [said("/stop", "1:edited", A, edit_of="1")])
        assert [message.id for message in overtaken] == ["1"]
        await claim.done()
        assert await reader.work_off(2) == ["/stop", "/stop"]


# --- a clock that is set back


async def test_what_is_parked_does_not_wait_for_a_clock_that_was_set_back(
    inbox: EmbeddedInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regression: it waited, and with it its chat, for as long as the clock was set back."""
    async with reading(inbox) as reader:
        await inbox.put("shop", [said("first", "1", A)])
        await (await reader.next()).retry(60, "not now")
        await inbox.put("shop", [said("other", "1", B)])
        assert await reader.work_off(1) == ["other"]
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() - 24 * 3600)
        await inbox.put("shop", [said("another", "2", B)])
        assert sorted(await reader.work_off(2)) == ["another", "first"]


async def test_nor_after_a_restart(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(path) as inbox, reading(inbox) as reader:
        await inbox.put("shop", [said("first", "1", A)])
        await (await reader.next()).retry(60, "not now")
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 24 * 3600)
    async with opened(path) as inbox, reading(inbox) as reader:
        assert await reader.work_off(1) == ["first"]
