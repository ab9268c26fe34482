"""What makes it good company: it lets people finish, knows what was talked of, and minds its tongue."""

from __future__ import annotations

from pathlib import Path

from gateway.texts import Sentence
from tests.flows.conftest import Configure, House, in_house
from tests.flows.test_groups import question, texts
from tests.flows.test_talk import asked
from tests.servers.model import ModelServer, echo
from tests.servers.telegram import TelegramServer

CONFIG = {
    "channels": {
        "telegram": {"merge_seconds": 0.4},
        "recent": {"group": {"recent": 4}},
        "keyword": {"group": {"keywords": ["机器人"], "triggers": ["bot,"]}},
    },
}


@in_house
async def test_three_quick_messages_are_one_question_with_one_answer(house: House) -> None:
    telegram, model = house.telegram, house.model
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    for text in ("hello", "I wonder", "what is the weather like?"):
        telegram.say(chat, ann, text)
    await telegram.answers(chat, 1, timeout=20)
    telegram.say(chat, ann, "thanks")
    telegram.say(chat, ann, "/status")
    await telegram.answers(chat, 3)
    await house.process.idle()
    together = "hello\nI wonder\nwhat is the weather like?"
    assert texts(telegram, chat)[:2] == [f"{together} (1 turns)", "thanks (3 turns)"]
    assert asked(model) == [together, f"{together} (1 turns)", "thanks"]
    assert len(model.requests) == 2


@in_house
async def test_in_a_group_each_person_is_let_finish(house: House) -> None:
    telegram, model = house.telegram, house.model
    ann, bob = telegram.user("Ann"), telegram.user("Bob")
    group = telegram.group("Friends", ann, bob)
    first = telegram.say(group, ann, "@gateway_bot one")
    telegram.say(group, ann, "and one more")
    telegram.say(group, bob, "@gateway_bot two")
    sent = await telegram.answers(group, 2, timeout=20)
    await house.process.idle()
    assert [message.text for message in sent] == [
        "Ann: one\nand one more (1 turns)",
        "Bob: two (3 turns)",
    ]
    assert sent[0].reply_to == first
    assert len(model.requests) == 2


@in_house
async def test_an_album_with_a_text_after_it_is_one_question(house: House) -> None:
    telegram, model = house.telegram, house.model
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    telegram.photo(chat, ann, caption="these", media_group="7")
    telegram.photo(chat, ann, media_group="7")
    telegram.photo(chat, ann, media_group="7")
    await telegram.answers(chat, 1, timeout=20)
    await house.process.idle()
    assert asked(model) == ["[image]\n[image]\n[image]\nthese"]
    assert len(texts(telegram, chat)) == 1


@in_house
async def test_a_part_of_what_was_said_together_may_be_corrected(house: House) -> None:
    telegram, model = house.telegram, house.model
    ann = telegram.user("Ann")
    chats = [telegram.private(telegram.user(name)) for name in ("Ann", "Bob")]
    model.latency = 0.4
    parts = [[telegram.say(chat, ann, text) for text in ("an appel", "and a paer")] for chat in chats]
    await model.until(lambda: len(model.requests) == 2, seconds=20)
    telegram.edit(chats[0], parts[0][0], "an apple")
    telegram.edit(chats[1], parts[1][1], "and a pear")
    for chat in chats:
        await telegram.answers(chat, 1)
    await house.process.idle()
    assert texts(telegram, chats[0]) == ["an apple\nand a paer (1 turns)"]
    assert texts(telegram, chats[1]) == ["an appel\nand a pear (1 turns)"]


@in_house
async def test_the_model_is_told_what_was_said_in_the_group(house: House) -> None:
    telegram, model = house.telegrams["recent"], house.model
    ann, bob = telegram.user("Ann"), telegram.user("Bob")
    group, other = telegram.group("Friends", ann, bob), telegram.group("Others", ann)
    telegram.say(other, ann, "a secret of the others")
    telegram.say(group, ann, "too long ago")
    for person, text in ((ann, "who brings cake?"), (bob, "I do"), (ann, "and coffee?"), (bob, "Cid")):
        telegram.say(group, person, text)
    telegram.say(group, ann, "@gateway_bot summarise the last messages")
    await telegram.answers(group, 1, timeout=20)
    system, said = asked(model)
    assert system.splitlines()[1:] == [
        "Ann: who brings cake?",
        "Bob: I do",
        "Ann: and coffee?",
        "Bob: Cid",
    ]
    assert said == "Ann: summarise the last messages"
    assert len(model.requests) == 1


@in_house
async def test_a_keyword_anywhere_and_a_trigger_in_front_address_the_bot(house: House) -> None:
    telegram = house.telegrams["keyword"]
    ann = telegram.user("Ann")
    group = telegram.group("Friends", ann)
    telegram.say(group, ann, "nothing for you")
    telegram.say(group, ann, "那个机器人在吗")
    telegram.say(group, ann, "bot, are you there?")
    telegram.say(group, ann, "robot, not you")
    await telegram.answers(group, 2, timeout=20)
    await house.process.idle()
    assert texts(telegram, group) == ["Ann: 那个机器人在吗 (1 turns)", "Ann: are you there? (3 turns)"]


async def test_what_is_forbidden_is_never_shown_nor_remembered(
    tmp_path: Path, telegram: TelegramServer, model: ModelServer, gateway: Configure
) -> None:
    (tmp_path / "words.txt").write_text("# not here\ndragonfruit\n火龙果\n")
    ann, zhou = telegram.user("Ann"), telegram.user("Zhou", language_code="zh-hans")
    chat, group, other = telegram.private(ann), telegram.group("Friends", ann), telegram.private(zhou)
    around = "harmless " * 60
    model.answer = lambda body: f"{around}dragonfruit {around}" if "fruit?" in question(body) else echo(body)
    model.cut = lambda text: [text[start : start + 7] for start in range(0, len(text), 7)]
    model.delay = 0.01
    words = str(tmp_path / "words.txt")
    async with gateway(moderation={"words": words}):
        telegram.say(chat, ann, "which fruit?")
        telegram.say(group, ann, "@gateway_bot which fruit?")
        refusal = Sentence.FORBIDDEN_ANSWER.say("en")
        for place in (chat, group):
            await telegram.until(lambda place=place: refusal in texts(telegram, place), timeout=20)
        telegram.say(other, zhou, "说说火龙果")
        (answer,) = await telegram.answers(other, 1)
        assert answer.text == Sentence.FORBIDDEN_QUESTION.say("zh")
        telegram.say(chat, ann, "DRAGON\u200bFRUIT!")
        await telegram.answers(chat, 2)
        telegram.say(chat, ann, "and now?")
        await telegram.answers(chat, 3)
        assert asked(model) == ["and now?"], "nothing of it is history"
    assert texts(telegram, group) == [refusal]
    assert texts(telegram, chat)[:2] == [refusal, Sentence.FORBIDDEN_QUESTION.say("en")]
    grown = telegram.sent(group)[0].history
    assert len(grown) > 1, "it was shown growing up to there"
    assert telegram.drafts(chat)
    everything = [*telegram.drafts(chat), *grown, *(str(call.params) for call in telegram.calls)]
    assert not [shown for shown in everything if "dragon" in shown.lower()]
    assert len(model.requests) == 3
