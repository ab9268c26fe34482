"""A question that is corrected: one answer, in place, and a history that knows only what was meant."""

from __future__ import annotations

from typing import Any

from tests.flows.conftest import Configure, House, in_house
from tests.flows.test_groups import question, texts
from tests.flows.test_talk import asked
from tests.servers.model import Body, ModelServer
from tests.servers.telegram import TelegramServer

LONG = " ".join(f"word{number}" for number in range(1200))  # three messages of Telegram's


def answer(body: Body) -> str:
    """Many words to a question for many, else one sentence; both tell how much came with it."""
    said = question(body)
    return f"{LONG} {said}" if "long" in said else f"re: {said} ({len(body['messages'])})"


def newest(telegram: TelegramServer, chat: dict[str, Any]) -> str:
    """The bot's last message in a chat as it is now, or nothing."""
    return (texts(telegram, chat) or [""])[-1]


@in_house
async def test_an_edit_while_the_question_waits_is_what_is_asked(house: House) -> None:
    telegram, model = house.telegram, house.model
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    model.answer, model.latency = answer, lambda body: 0.5 if "slow" in question(body) else 0.0
    telegram.say(chat, ann, "a slow one")
    wrong = telegram.say(chat, ann, "an appel?")
    await model.until(lambda: model.requests, seconds=20)
    telegram.edit(chat, wrong, "an apple?")
    await telegram.answers(chat, 2)
    telegram.say(chat, ann, "and now?")
    await telegram.answers(chat, 3)
    assert texts(telegram, chat) == ["re: a slow one (1)", "re: an apple? (3)", "re: and now? (5)"]
    assert asked(model)[0::2] == ["a slow one", "an apple?", "and now?"]
    assert not telegram.called("editMessageText")


@in_house
async def test_an_edit_while_a_private_answer_is_drafted_replaces_it(house: House) -> None:
    telegram, model = house.telegram, house.model
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    model.answer, model.chunks = answer, 100
    model.delay = 0.05
    wrong = telegram.say(chat, ann, "a long appel?")
    await telegram.until(lambda: telegram.drafts(chat), timeout=20)
    telegram.edit(chat, wrong, "an apple?")
    await telegram.until(lambda: "re: an apple? (1)" in texts(telegram, chat))
    telegram.say(chat, ann, "and now?")
    await telegram.answers(chat, 2)
    assert texts(telegram, chat) == ["re: an apple? (1)", "re: and now? (3)"]
    assert asked(model) == ["an apple?", "re: an apple? (1)", "and now?"]
    assert model.aborted == 1


@in_house
async def test_an_edit_while_a_group_answer_grows_goes_on_in_the_same_message(house: House) -> None:
    telegram, model = house.telegram, house.model
    ann = telegram.user("Ann")
    group = telegram.group("Friends", ann)
    model.answer, model.chunks = answer, 100
    model.delay = 0.05
    wrong = telegram.say(group, ann, "@gateway_bot a long appel?")
    await telegram.answers(group, 1, timeout=20)
    telegram.edit(group, wrong, "@gateway_bot an apple?")
    await telegram.until(lambda: newest(telegram, group) == "re: Ann: an apple? (1)")
    model.delay = 0.0
    telegram.say(group, ann, "@gateway_bot and now?")
    await telegram.answers(group, 2)
    assert texts(telegram, group) == ["re: Ann: an apple? (1)", "re: Ann: and now? (3)"]
    assert asked(model) == ["Ann: an apple?", "re: Ann: an apple? (1)", "Ann: and now?"]
    assert telegram.sent(group)[0].reply_to == wrong


@in_house
async def test_an_edit_after_the_answer_changes_it_in_place_and_the_history_with_it(house: House) -> None:
    telegram, model = house.telegram, house.model
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    model.answer = answer
    numbers = []
    for count, text in enumerate(("one", "two", "three"), 1):
        numbers.append(telegram.say(chat, ann, text))
        await telegram.answers(chat, count, timeout=20)
    telegram.edit(chat, numbers[1], "zwei")
    await telegram.until(lambda: "re: zwei (3)" in texts(telegram, chat))
    assert asked(model) == ["one", "re: one (1)", "zwei"], "it is asked as it was asked then"
    telegram.say(chat, ann, "four")
    await telegram.answers(chat, 4)
    assert texts(telegram, chat) == ["re: one (1)", "re: zwei (3)", "re: three (5)", "re: four (7)"]
    assert asked(model)[0::2] == ["one", "zwei", "three", "four"]
    assert asked(model)[3] == "re: zwei (3)"


@in_house
async def test_an_edited_answer_may_be_shorter_or_longer(house: House) -> None:
    telegram, model = house.telegram, house.model
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    model.answer = answer
    first = telegram.say(chat, ann, "a long one")
    await telegram.answers(chat, 3, timeout=20)
    telegram.edit(chat, first, "a short one")
    await telegram.until(lambda: texts(telegram, chat) == ["re: a short one (1)"])
    assert len(telegram.called("deleteMessage")) == 2
    telegram.edit(chat, first, "a longer one")
    await telegram.until(lambda: len(texts(telegram, chat)) == 3)
    await telegram.until(lambda: newest(telegram, chat).endswith("a longer one"))
    assert " ".join(texts(telegram, chat)).split() == f"{LONG} a longer one".split()
    telegram.say(chat, ann, "and now?")
    await telegram.answers(chat, 4)
    assert len(asked(model)) == 3


@in_house
async def test_two_edits_within_a_second_are_both_heard(house: House) -> None:
    telegram, model = house.telegram, house.model
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    model.answer = answer
    number = telegram.say(chat, ann, "one")
    await telegram.answers(chat, 1, timeout=20)
    model.latency = 0.2
    for text in ("two", "three", "four"):
        telegram.edit(chat, number, text)
    await telegram.until(lambda: texts(telegram, chat) == ["re: four (1)"])
    telegram.say(chat, ann, "and now?")
    await telegram.answers(chat, 2)
    assert asked(model) == ["four", "re: four (1)", "and now?"]


@in_house
async def test_a_message_that_mentions_us_only_after_an_edit_is_answered(house: House) -> None:
    telegram, model = house.telegram, house.model
    ann, bob = telegram.user("Ann"), telegram.user("Bob")
    group = telegram.group("Friends", ann, bob)
    model.answer = answer
    silent = telegram.say(group, ann, "how are you?")
    other = telegram.say(group, bob, "I am well")
    telegram.edit(group, other, "I am very well")
    telegram.edit(group, silent, "@gateway_bot how are you?")
    await telegram.answers(group, 1, timeout=20)
    await house.process.idle()
    assert texts(telegram, group) == ["re: Ann: how are you? (1)"]
    assert telegram.sent(group)[0].reply_to == silent
    telegram.edit(group, silent, "@gateway_bot how are you today?")
    await telegram.until(lambda: texts(telegram, group) == ["re: Ann: how are you today? (1)"])
    assert len(model.requests) == 2


@in_house
async def test_an_edit_that_changes_nothing_asks_nothing(house: House) -> None:
    """Telegram tells of an edit when it has found a preview for a link."""
    telegram, model = house.telegram, house.model
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    model.answer, model.latency = answer, 0.5
    link = "what is https://example.org ?"
    number = telegram.say(chat, ann, link)
    await model.until(lambda: model.requests, seconds=20)
    telegram.edit(chat, number, link)
    await telegram.answers(chat, 1)
    telegram.edit(chat, number, link)
    telegram.say(chat, ann, "and now?")
    await telegram.answers(chat, 2)
    await house.process.idle()
    assert texts(telegram, chat) == [f"re: {link} (1)", "re: and now? (3)"]
    assert len(model.requests) == 2
    assert model.aborted == 0


@in_house
async def test_an_edit_while_the_answer_is_being_sent_leaves_one_answer(house: House) -> None:
    telegram, model = house.telegram, house.model
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    model.answer = answer
    # the first send fails, so that the answer is decided and waits to be sent
    telegram.fail("sendMessage", status=429, parameters={"retry_after": 1})
    number = telegram.say(chat, ann, "one")
    await telegram.until(lambda: telegram.called("sendMessage"), timeout=20)
    telegram.edit(chat, number, "two")
    await telegram.until(lambda: "re: two (1)" in texts(telegram, chat))
    telegram.say(chat, ann, "and now?")
    await telegram.until(lambda: newest(telegram, chat).startswith("re: and now?"))
    assert texts(telegram, chat) == ["re: two (1)", "re: and now? (3)"]
    assert asked(model) == ["two", "re: two (1)", "and now?"]


@in_house
async def test_an_edit_may_make_a_question_of_a_command_and_the_other_way_round(house: House) -> None:
    telegram, model = house.telegram, house.model
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    model.answer = answer
    number = telegram.say(chat, ann, "/hlep")
    await telegram.answers(chat, 1, timeout=20)
    telegram.edit(chat, number, "/help")
    await telegram.until(lambda: newest(telegram, chat).startswith("Ask me anything"))
    telegram.edit(chat, number, "what can you do?")
    await telegram.until(lambda: newest(telegram, chat).startswith("re: what can you do?"))
    assert len(texts(telegram, chat)) == 1


async def test_the_answer_to_an_edit_survives_a_crash(
    telegram: TelegramServer, model: ModelServer, gateway: Configure
) -> None:
    ann = telegram.user("Ann")
    chat, group = telegram.private(ann), telegram.group("Friends", ann)
    model.answer = answer
    async with gateway() as process:
        first = telegram.say(chat, ann, "one")
        second = telegram.say(group, ann, "@gateway_bot one")
        await telegram.answers(chat, 1, timeout=20)
        await telegram.answers(group, 1)
        await process.idle()
        model.chunks, model.delay = 100, 0.05
        telegram.edit(chat, first, "a long one")
        telegram.edit(group, second, "@gateway_bot a long one")
        await telegram.until(lambda: "word0" in texts(telegram, group)[0])
        await process.kill()
        model.delay = 0.0
        telegram.edit(chat, first, "two")
        await process.start()
        await telegram.until(lambda: texts(telegram, chat) == ["re: two (1)"], timeout=20)
        await telegram.until(lambda: newest(telegram, group).endswith("a long one"))
        await process.idle()
        telegram.say(chat, ann, "and now?")
        await telegram.answers(chat, 2)
    assert " ".join(texts(telegram, group)).split() == f"{LONG} Ann: a long one".split()
    assert texts(telegram, chat) == ["re: two (1)", "re: and now? (3)"]
    assert asked(model) == ["two", "re: two (1)", "and now?"]
