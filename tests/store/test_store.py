"""What is kept: history, answers, usage, small values; and what is forgotten."""

from __future__ import annotations

import sqlite3
import time
from itertools import pairwise

import pytest

from gateway.adapter import ChannelState
from gateway.message import Chat
from gateway.session import Session, Turn
from gateway.store import channels, history
from gateway.store.answers import Answer
from gateway.store.archive import Archive
from gateway.store.channels import Status
from gateway.store.database import Database
from gateway.store.history import Exchange
from gateway.store.store import Store
from gateway.store.usage import Spent
from tests.words import BOB, PRIVATE, chat, said

KEY = PRIVATE.key
ANOTHER = chat("8")


@pytest.fixture
def store(database: Database) -> Store:
    return Store(database)


@pytest.fixture
def archive(database: Database) -> Archive:
    return Archive(database)


def exchange(number: int, session: str = KEY) -> Exchange:
    return Exchange(session, f"q{number}", f"a{number}", float(number), number + 0.5)


async def talk(store: Store, count: int, where: Chat = PRIVATE) -> None:
    for number in range(count):
        message = said("hello", str(number), where)
        await store.commit(message, Answer("hello"), exchange(number, where.key))


async def turns(store: Store, where: Chat = PRIVATE) -> list[str]:
    return [turn.text for turn in (await store.open(said("?", "unknown", where))).turns()]


# --- history


async def test_a_context_is_what_was_said_in_it_oldest_first(store: Store) -> None:
    await talk(store, 2)
    await talk(store, 1, ANOTHER)
    record = await store.open(said("?", "unknown"))
    assert record.turns() == [
        Turn("user", "q0", 0.0),
        Turn("assistant", "a0", 0.5),
        Turn("user", "q1", 1.0),
        Turn("assistant", "a1", 1.5),
    ]


async def test_a_cleared_context_begins_anew_and_no_other_does(store: Store, archive: Archive) -> None:
    await talk(store, 2)
    await talk(store, 1, ANOTHER)
    await archive.clear(KEY, KEY)
    assert await turns(store) == []
    assert await turns(store, ANOTHER) == ["q0", "a0"]
    await store.commit(said("hello", "later"), Answer("hello"), exchange(7))
    assert await turns(store) == ["q7", "a7"]
    await archive.clear(KEY, KEY)
    assert await turns(store) == []


async def test_a_context_that_never_was_can_be_cleared(store: Store, archive: Archive) -> None:
    await archive.clear(KEY, KEY)
    await talk(store, 1)
    assert await turns(store) == ["q0", "a0"]


async def test_only_the_newest_of_a_long_history_is_loaded(database: Database, store: Store) -> None:
    def write(connection: sqlite3.Connection) -> None:
        for number in range(300):
            history.add(connection, said("hello", str(number)), exchange(number))

    await database.run(write)
    found = await turns(store)
    assert (len(found), found[0], found[-1]) == (400, "q100", "a299")


@pytest.mark.parametrize("ages", [[], [9], [61], [500, 50], [500, 100, 70, 5], [500, 450, 61, 30]])
async def test_of_a_conversation_that_ended_one_exchange_is_loaded(store: Store, ages: list[float]) -> None:
    now = time.time()
    for number, age in enumerate(ages):
        once = Exchange(KEY, f"q{number}", f"a{number}", now - age - 1, now - age)
        await store.commit(said("hello", str(number)), Answer("hello"), once)
    everything, found = [await store.open(said("?", "unknown"), silence=seconds) for seconds in (0, 60)]
    # Those of the conversation that goes on, and the one before it.
    times = [*(now - age for age in ages), now]
    ended = [number for number, (last, next) in enumerate(pairwise(times)) if next - last > 60]
    assert len(found.exchanges) == len(ages) - (ended[-1] if ended else 0)
    assert Session(found.turns(), 60).current(now) == Session(everything.turns(), 60).current(now)


# --- answers


async def test_nothing_is_known_of_a_new_message(store: Store) -> None:
    record = await store.open(said("hello"))
    assert (record.answer, record.receipts, record.turns()) == (None, (), [])


async def test_a_decided_answer_and_how_far_it_got_are_known_again(store: Store) -> None:
    message = said("hello")
    await store.commit(message, Answer("long", "bot\n", receipts=("77",)))
    await store.keep_sent(message, 3, ["77", "78", "79"])
    record = await store.open(message)
    assert record.answer == Answer("long", "bot\n", 3, ("77", "78", "79"))
    other = await store.open(said("hello", "1", ANOTHER))
    assert other.answer is None


async def test_the_message_that_grew_is_known_before_there_is_an_answer(store: Store) -> None:
    message = said("hello")
    await store.keep_receipt(message, "77")
    record = await store.open(message)
    assert (record.answer, record.receipts) == (None, ("77",))
    await store.keep_receipt(message, "78")
    await store.commit(message, Answer("whole", receipts=("78",)))
    record = await store.open(message)
    assert record.answer == Answer("whole", "", 0, ("78",))


async def test_an_answer_and_its_exchange_are_kept_together_or_not(database: Database, store: Store) -> None:
    await database.run(lambda connection: connection.execute("DROP TABLE usage"))
    message = said("hello")
    with pytest.raises(Exception, match="usage"):
        await store.commit(message, Answer("hello"), exchange(0), Spent("default", 1, 1))
    record = await store.open(message)
    assert (record.answer, record.turns()) == (None, [])


# --- usage and values


async def test_usage_adds_up_by_person_and_model(database: Database, store: Store) -> None:
    for number, message in enumerate([said("a", "1"), said("b", "2"), said("c", "3", who=BOB)]):
        await store.commit(message, Answer("hello"), spent=Spent("default", 10, number))
    await store.commit(said("d", "4"), Answer("hello"), spent=Spent("other", 1, 1))
    found = await database.run(
        lambda connection: connection.execute(
            "SELECT sender, model, answers, prompt_tokens, completion_tokens, day FROM usage ORDER BY 1, 2"
        ).fetchall()
    )
    assert [tuple(row)[:5] for row in found] == [
        ("ann", "default", 2, 20, 1),
        ("ann", "other", 1, 1, 1),
        ("bob", "default", 1, 10, 2),
    ]
    assert {row["day"] for row in found} <= {
        time.strftime("%Y-%m-%d"),
        time.strftime("%Y-%m-%d", time.localtime(time.time() - 60)),
    }


async def test_small_values_are_kept_by_channel(archive: Archive) -> None:
    assert await archive.load_state("shop", "cursor") is None
    await archive.save_state("shop", "cursor", "1")
    await archive.save_state("shop", "cursor", "2")
    await archive.save_state("other", "cursor", "9")
    assert await archive.load_state("shop", "cursor") == "2"


async def test_how_channels_are_is_known_to_other_processes(database: Database) -> None:
    shop = Status("shop", ChannelState.DOWN, 1.0, 2.0, None, "no network")
    await database.run(lambda connection: channels.save(connection, [shop]))
    assert await database.run(channels.load) == {"shop": shop}
