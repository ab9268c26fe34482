"""People talk to the gateway through Telegram's protocol."""

from __future__ import annotations

import asyncio
import re

from tests.flows.conftest import Configure
from tests.servers.model import ModelServer
from tests.servers.telegram import TelegramServer


def asked(model: ModelServer, number: int = -1) -> list[str]:
    """What a model was sent, turn by turn."""
    return [str(turn["content"]) for turn in model.requests[number].body["messages"]]


async def test_a_private_talk_has_context(
    telegram: TelegramServer, model: ModelServer, gateway: Configure
) -> None:
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    async with gateway(system_prompt="Be brief."):
        telegram.say(chat, ann, "my name is Ann")
        await telegram.answers(chat, 1, timeout=20)
        telegram.say(chat, ann, "what is my name?")
        sent = await telegram.answers(chat, 2)
    assert [message.text for message in sent] == ["my name is Ann (2 turns)", "what is my name? (4 turns)"]
    assert asked(model) == ["Be brief.", "my name is Ann", "my name is Ann (2 turns)", "what is my name?"]


async def test_a_group_is_answered_only_when_it_speaks_to_us(
    telegram: TelegramServer, model: ModelServer, gateway: Configure
) -> None:
    ann, bob = telegram.user("Ann"), telegram.user("Bob")
    group = telegram.group("Friends", ann, bob)
    async with gateway(reply_prefix="Bot:"):
        telegram.say(group, ann, "hello everybody")
        question = telegram.say(group, bob, "@gateway_bot how are you?")
        sent = await telegram.answers(group, 1, timeout=20)
        telegram.say(group, ann, "and you?", reply_to=sent[0].id)
        sent = await telegram.answers(group, 2)
    quoting = "> Bob: how are you? (1 turns)\nAnn: and you?"
    assert asked(model) == ["Bob: how are you?", "Bob: how are you? (1 turns)", quoting]
    assert sent[0].text == "Bob: how are you? (1 turns)"
    assert sent[0].reply_to == question
    assert len(model.requests) == 2


async def test_the_clear_token_and_reset_end_the_context(
    telegram: TelegramServer, model: ModelServer, gateway: Configure
) -> None:
    ann = telegram.user("Ann", language_code="zh-hans")
    chat = telegram.private(ann)
    async with gateway(session_clear_token="清空会话"):
        for number, text in enumerate(["一", "清空会话", "二", "/reset", "三"], 1):
            telegram.say(chat, ann, text)
            await telegram.answers(chat, number, timeout=20)
    texts = [message.text for message in telegram.sent(chat)]
    cleared = "上下文已经清空，请问下一个问题。"
    assert texts == ["一 (1 turns)", cleared, "二 (1 turns)", cleared, "三 (1 turns)"]


async def test_a_pause_ends_the_context(
    telegram: TelegramServer, model: ModelServer, gateway: Configure
) -> None:
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    async with gateway(session_timeout=1):
        telegram.say(chat, ann, "one")
        await telegram.answers(chat, 1, timeout=20)
        await asyncio.sleep(1.2)  # the pause is what is tested
        telegram.say(chat, ann, "two")
        sent = await telegram.answers(chat, 2)
    assert sent[1].text == "two (1 turns)"


async def test_stop_ends_an_answer_within_a_second_and_the_next_question_works(
    telegram: TelegramServer, model: ModelServer, gateway: Configure
) -> None:
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    model.answer = lambda body: "word " * 300 if "long" in str(body["messages"][-1]["content"]) else "short"
    model.chunks, model.delay = 300, 0.2
    async with gateway():
        telegram.say(chat, ann, "a long one")
        await telegram.until(lambda: telegram.drafts(chat), timeout=20)
        loop = asyncio.get_running_loop()
        before = loop.time()
        telegram.say(chat, ann, "/stop")
        await telegram.until(lambda: "Stopped." in [message.text for message in telegram.sent(chat)])
        assert loop.time() - before < 1
        await telegram.answers(chat, 2)
        model.delay = 0
        telegram.say(chat, ann, "again")
        sent = await telegram.answers(chat, 3)
    assert sent[-1].text == "short"
    partial = next(message.text for message in sent if message.text.startswith("word"))
    assert set(partial.split()) == {"word"}
    assert asked(model) == ["a long one", partial, "again"]


async def test_twenty_thousand_characters_arrive_whole_and_in_order(
    telegram: TelegramServer, model: ModelServer, gateway: Configure
) -> None:
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    lines = [f"{number}. 这是第 {number} 行 with some words 🙂" for number in range(800)]
    model.answer = "\n\n".join(lines)
    assert len(model.answer) > 20_000
    model.chunks = 50
    async with gateway():
        telegram.say(chat, ann, "tell me everything")
        await telegram.until(
            lambda: any("799" in message.text for message in telegram.sent(chat)), timeout=30
        )
    whole = "\n".join(message.text for message in telegram.sent(chat))
    assert [int(number) for number in re.findall("第 (\\d+) 行", whole)] == list(range(800))
    assert len(re.findall("🙂", whole)) == 800
