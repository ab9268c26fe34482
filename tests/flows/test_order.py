"""Order in each chat, and fairness between chats."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from tests.flows.conftest import House, in_house
from tests.servers.model import Body
from tests.servers.telegram import TelegramServer

pytestmark = in_house
CONFIG = {"limits": {"per_minute": 0}}


def question(body: Body) -> str:
    """What a person asked."""
    return str(body["messages"][-1]["content"])


def texts(telegram: TelegramServer, chat: dict[str, Any]) -> list[str]:
    """What the bot said in *chat*."""
    return [message.text for message in telegram.sent(chat)]


async def test_a_hundred_chats_are_each_answered_in_order(house: House) -> None:
    telegram, model, process = house.telegram, house.model, house.process
    chance = random.Random(4)
    model.keep_requests = False
    model.latency = lambda body: chance.uniform(0.0, 0.3)
    people = [telegram.user(f"P{number}") for number in range(100)]
    chats = [telegram.private(person) for person in people]
    for turn in range(5):
        for person, chat in zip(people, chats, strict=True):
            telegram.say(chat, person, f"question {turn}")
    await telegram.until(lambda: all(len(telegram.sent(chat)) >= 5 for chat in chats), timeout=40)
    await process.idle()
    expected = [f"question {turn} ({2 * turn + 1} turns)" for turn in range(5)]
    assert [texts(telegram, chat) for chat in chats] == [expected] * 100
    assert model.served == 500
    assert model.most_open > 50, "the chats wait for each other"


async def test_a_chat_that_floods_keeps_nobody_waiting(house: House) -> None:
    telegram, model, process = house.telegram, house.model, house.process
    model.keep_requests = False
    model.latency = 0.005
    flooder, ann = telegram.user("Flooder"), telegram.user("Ann")
    flooded, chat = telegram.private(flooder), telegram.private(ann)
    for number in range(200):
        telegram.say(flooded, flooder, f"{number}")
    telegram.say(chat, ann, "may I?")
    assert (await telegram.answers(chat, 1, timeout=20))[0].text == "may I? (1 turns)"
    assert len(telegram.sent(flooded)) < 100
    await telegram.answers(flooded, 200, timeout=40)
    await process.idle()
    assert [text.split(" (")[0] for text in texts(telegram, flooded)] == [
        f"{number}" for number in range(200)
    ]


async def test_stop_overtakes_a_long_queue_and_what_does_not_overtake_keeps_its_place(house: House) -> None:
    telegram, model, process = house.telegram, house.model, house.process
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    model.latency = lambda body: 30.0 if "stuck" in question(body) else 0.05
    telegram.say(chat, ann, "stuck")
    for number in range(10):
        telegram.say(chat, ann, f"{number}")
    telegram.say(chat, ann, "/status")
    telegram.say(chat, ann, "last")
    await model.until(lambda: len(model.requests) == 1, seconds=20)
    loop = asyncio.get_running_loop()
    before = loop.time()
    telegram.say(chat, ann, "/stop")
    sent = await telegram.answers(chat, 1)
    assert loop.time() - before < 1
    assert "Stopped." in [message.text for message in sent]
    sent = await telegram.answers(chat, 13)
    await process.idle()
    rest = [message.text for message in sent if message.text != "Stopped."]
    assert rest[:10] == [f"{number} ({2 * number + 1} turns)" for number in range(10)]
    assert rest[10].startswith("Model: ")
    assert "20 messages" in rest[10]
    assert rest[11] == "last (21 turns)"
    assert len(telegram.sent(chat)) == 13
