"""Twenty people talk at once in one group: who knows what."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.message import Chat, Message, Sender, Text
from gateway.store.answers import Answer
from gateway.store.archive import Archive
from gateway.store.database import Database
from gateway.store.history import Exchange
from gateway.store.store import Store
from tests.flows.conftest import House, in_house
from tests.flows.test_groups import question

MEMBERS, ROUNDS = 20, 3
CONFIG = {
    "limits": {"chat_per_minute": 0},
    "channels": {"telegram": {"group": {"context": "member"}}, "chat": {"group": {"context": "chat"}}},
}


async def babble(house: House, channel: str) -> list[tuple[str, list[str]]]:
    """Twenty members say their own word in mixed turns; who asked, and everything the model was sent."""
    telegram, model = house.telegrams[channel], house.model
    people = [telegram.user(f"M{number}") for number in range(MEMBERS)]
    group: dict[str, Any] = telegram.group("Crowd", *people)
    model.answer = lambda body: f"heard {question(body).rpartition(' ')[2]}"
    turns = [number for number in range(MEMBERS) for _ in range(ROUNDS)]
    random.Random(7).shuffle(turns)
    for number in turns:
        telegram.say(group, people[number], f"@gateway_bot my word is word{number}!")
    sent = await telegram.answers(group, len(turns), timeout=30)
    assert [message.text for message in sent] == [f"heard word{number}!" for number in turns]
    bodies = [request.body for request in model.requests]
    return [
        (f"word{number}!", [str(turn["content"]) for turn in body["messages"]])
        for number, body in zip(turns, bodies, strict=True)
    ]


@in_house
async def test_members_with_contexts_of_their_own_see_nothing_of_each_other(house: House) -> None:
    seen: dict[str, int] = {}
    for word, sent in await babble(house, "telegram"):
        assert all(word in turn for turn in sent), f"somebody else's words in {sent}"
        assert len(sent) == 2 * seen.get(word, 0) + 1
        seen[word] = seen.get(word, 0) + 1


@in_house
async def test_members_who_share_a_context_see_everything_and_who_said_it(house: House) -> None:
    told = await babble(house, "chat")
    everything = [turn for word, _ in told for turn in (f"M{word[4:-1]}: my word is {word}", f"heard {word}")]
    for count, (_, sent) in enumerate(told):
        assert sent == everything[: 2 * count + 1]


Step = tuple[int, Literal["ask", "clear"]]
STEPS = st.lists(st.tuples(st.integers(0, 4), st.sampled_from(("ask", "ask", "ask", "clear"))), max_size=30)


@settings(max_examples=25)
@pytest.mark.parametrize("context", ["member", "chat"])
@given(steps=STEPS)
def test_in_any_order_of_turns_everybody_has_exactly_their_context(context: str, steps: list[Step]) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(_interleave(Path(folder), context, steps))


async def _interleave(folder: Path, context: str, steps: list[Step]) -> None:
    """Play *steps* on a store and on the simplest thing that could be one."""
    group = Chat("shop", "g", "group", account="me")
    expected: dict[str, list[str]] = {}
    async with Database(folder / "gateway.db") as database:
        store, archive = Store(database), Archive(database)
        for number, (member, step) in enumerate(steps):
            message = Message(str(number), group, Sender(str(member)), (Text(f"q{number}"),), float(number))
            known = expected.setdefault(str(member) if context == "member" else "", [])
            record = await store.open(message, context)
            assert [turn.text for turn in record.turns()] == known
            if step == "clear":
                known.clear()
                await archive.clear(record.session, group.key)
                continue
            exchange = Exchange(record.session, f"q{number}", f"a{number}", number, number)
            await store.commit(message, Answer(f"a{number}"), exchange)
            known += [f"q{number}", f"a{number}"]
