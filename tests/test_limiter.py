"""Who is told to wait, in which words, and who is not."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.access import Rules
from gateway.conversation import Conversation
from gateway.errors import TooManyAnswers
from gateway.limiter import Limiter
from gateway.limits import Limits
from gateway.statement import statement
from gateway.store.answers import Answer
from gateway.store.archive import Archive
from gateway.store.database import Database
from gateway.store.store import Store
from gateway.store.usage import Spent
from tests.clock import Clock
from tests.noon import NOON
from tests.words import BOB, GROUP, chat, said

ADMINS = Rules(admins=frozenset({"shop:bob"}))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(tmp_path / "gateway.db") as database:
        yield database


@pytest.fixture
def store(database: Database) -> Store:
    return Store(database, NOON)


@pytest.fixture
def archive(database: Database) -> Archive:
    return Archive(database, NOON)


def limiter(store: Store, clock: Clock, **limits: int) -> Limiter:
    return Limiter({"shop": Conversation(rules=ADMINS, limits=Limits(**limits))}, store, clock)


async def test_whoever_is_too_fast_is_told_how_long_to_wait(store: Store) -> None:
    clock = Clock()
    limits = limiter(store, clock, per_minute=2)
    said_so = [await limits.refuse(said("?", str(number), chat(str(number))), "en") for number in range(3)]
    assert said_so == [None, None, "That is faster than I may answer. Please ask again in 60 s."]
    clock.now += 59.5
    assert await limits.refuse(said("?", "4"), "zh") == "您提问太快了，请在 1 秒后再试。"
    clock.now += 0.5
    assert await limits.refuse(said("?", "4"), "en") is None


async def test_whoever_used_up_his_day_is_told_when_it_ends(store: Store) -> None:
    limits = limiter(store, Clock(), messages_per_day=1)
    assert await limits.refuse(said("?", "1"), "en") is None
    assert await limits.refuse(said("?", "1"), "en") is None  # again, after a crash
    refusal = await limits.refuse(said("?", "2"), "en")
    assert refusal is not None
    assert re.fullmatch(r".* You can ask again from [0-9-]{10} 00:00 \(UTC[+-]\d\d:00\)\.", refusal)
    assert "起可以继续提问" in str(await limits.refuse(said("?", "3", GROUP), "zh"))


async def test_a_question_that_is_too_fast_does_not_count_for_the_day(store: Store, archive: Archive) -> None:
    limits = limiter(store, Clock(), per_minute=1, messages_per_day=9)
    for id in "12":
        await limits.refuse(said("?", id), "en")
    assert (await archive.account(said("?"))).counted.messages == 1


async def test_admins_may_always(store: Store) -> None:
    limits = limiter(store, Clock(), per_minute=1, messages_per_day=1, tokens_per_day=1)
    for number in range(5):
        message = said("?", str(number), who=BOB)
        assert await limits.refuse(message, "en") is None
        await store.commit(message, Answer("!"), spent=Spent("default", 5, 5))


def test_two_bots_in_a_group_talk_slowly(store: Store) -> None:
    clock = Clock()
    limits = limiter(store, clock, chat_per_minute=3)
    for _ in range(3):
        limits.slow_down(said("?", where=GROUP, who=BOB))  # who is an admin
    with pytest.raises(TooManyAnswers) as caught:
        limits.slow_down(said("?", where=GROUP))
    assert caught.value.retryable
    assert caught.value.retry_after == 60
    limits.slow_down(said("?", where=replace(GROUP, id="-10")))
    clock.now += 60
    limits.slow_down(said("?", where=GROUP))


def test_a_private_chat_is_as_fast_as_its_person(store: Store) -> None:
    limits = limiter(store, Clock(), chat_per_minute=1)
    for _ in range(5):
        limits.slow_down(said("?"))


async def test_without_limits_nobody_waits(store: Store) -> None:
    limits = limiter(store, Clock(), chat_per_minute=0)
    for number in range(200):
        limits.slow_down(said("?", where=GROUP))
        assert await limits.refuse(said("?", str(number)), "en") is None


async def test_usage_is_told_in_words(store: Store, archive: Archive) -> None:
    talk = Conversation(rules=ADMINS, limits=Limits(messages_per_day=3, tokens_per_day=100))
    assert await statement(said("/usage"), Conversation(), archive, "en") == (
        "You, today: answers 0, tokens 0\n"
        "You, this month: answers 0, tokens 0\n"
        "This chat: answers 0, tokens 0"
    )
    assert await store.admit(said("?"), talk.limits) is None
    await store.commit(said("?"), Answer("!"), spent=Spent("default", 100, 20, 0.01234))
    lines = (await statement(said("/usage"), talk, archive, "en")).splitlines()
    assert lines[0] == "You, today: answers 1, tokens 120, cost 0.0123 USD"
    assert re.fullmatch(r"Questions left until .* 00:00 \(UTC[+-]\d\d:00\): 2 of 3", lines[3])
    assert re.fullmatch(r"Tokens left until .* 00:00 \(UTC[+-]\d\d:00\): 0 of 100", lines[4])
    assert "还可提问：2/3 次" in await statement(said("/usage"), talk, archive, "zh")


async def test_an_admins_usage_says_nothing_of_limits(archive: Archive) -> None:
    talk = Conversation(rules=ADMINS, limits=Limits(messages_per_day=3))
    assert "left" not in await statement(said("/usage", who=BOB), talk, archive, "en")
