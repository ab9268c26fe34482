"""Groups: who is answered there, where, and how."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.flows.conftest import House, in_house
from tests.flows.test_talk import asked
from tests.servers.model import Body, echo
from tests.servers.telegram import TelegramServer

IDS = {"Ann": 501, "Bob": 502, "Eve": 503, "Zhou": 504}
OURS = -1_000_000_001_001  # the first group of a simulated Telegram
STRICT = {
    "allow": ["strict:501", "strict:502"],
    "deny": ["strict:502", "strict:503"],
    "admins": ["strict:503"],
    "groups": [f"strict:{OURS}"],
}
CONFIG = {
    "channels": {
        "telegram": {},
        "triggers": {"group": {"triggers": ["Bot,", "小明"]}},
        "strict": {"access": STRICT},
        "member": {"group": {"context": "member", "reply": "mention"}},
        "plain": {"group": {"reply": "plain"}},
        "paced": {"pacing": {}},
    },
}


def question(body: Body) -> str:
    """What a person asked."""
    return str(body["messages"][-1]["content"])


def texts(telegram: TelegramServer, chat: dict[str, Any]) -> list[str]:
    """What the bot said in *chat*."""
    return [message.text for message in telegram.sent(chat)]


@in_house
async def test_a_topic_is_a_chat_of_its_own_and_everything_stays_in_it(house: House) -> None:
    telegram, model = house.telegram, house.model
    ann = telegram.user("Ann")
    forum = telegram.group("Forum", ann, forum=True)
    news, talk = telegram.topic(forum, "News"), telegram.topic(forum, "Talk")
    model.answer = lambda body: "word " * 400 if "long" in question(body) else echo(body)
    model.chunks = 10
    # long enough before its first word to be shown typing, then slow enough to be shown growing
    model.latency = lambda body: 1.2 if "long" in question(body) else 0.0
    model.delay = 0.06
    telegram.say(forum, ann, "@gateway_bot one", thread=news)
    await telegram.answers(forum, 1, timeout=20)
    telegram.say(forum, ann, "@gateway_bot two", thread=talk)
    await telegram.answers(forum, 2)
    telegram.say(forum, ann, "@gateway_bot three", thread=news)
    await telegram.answers(forum, 3)
    telegram.say(forum, ann, "@gateway_bot general", thread=1, is_topic_message=True)
    await telegram.answers(forum, 4)
    telegram.say(forum, ann, "@gateway_bot a long one", thread=talk)
    await telegram.until(lambda: any(len(text) > 1900 for text in texts(telegram, forum)))
    sent = telegram.sent(forum)
    assert [message.thread for message in sent] == [news, talk, news, None, talk]
    assert [message.text for message in sent[:4]] == [
        *("Ann: one (1 turns)", "Ann: two (1 turns)", "Ann: three (3 turns)", "Ann: general (1 turns)")
    ]
    assert len(sent[4].history) > 1
    threads = [call.params.get("message_thread_id") for call in telegram.called("sendChatAction")]
    assert set(threads) == {talk}


@in_house
async def test_errors_and_a_deleted_topic_stay_in_the_group(house: House) -> None:
    telegram, model = house.telegram, house.model
    ann = telegram.user("Ann")
    private, forum = telegram.private(ann), telegram.group("Forum", ann, forum=True)
    news = telegram.topic(forum, "News")
    model.rules.api_key = "sk-another"
    telegram.say(forum, ann, "@gateway_bot one", thread=news)
    (excuse,) = await telegram.answers(forum, 1, timeout=20)
    assert "cannot answer right now" in excuse.text
    assert excuse.thread == news
    model.rules.api_key = None
    model.latency = 0.3
    telegram.say(forum, ann, "@gateway_bot two", thread=news)
    await model.until(lambda: len(model.requests) == 2)
    telegram.drop_topic(forum, news)
    sent = await telegram.answers(forum, 2)
    assert (sent[1].text, sent[1].thread) == ("Ann: two (1 turns)", None)
    assert telegram.sent(private) == []


@in_house
async def test_a_group_that_becomes_a_supergroup_keeps_its_context_and_its_queue(house: House) -> None:
    telegram, model, process = house.telegram, house.model, house.process
    ann = telegram.user("Ann")
    small = telegram.group("Small", ann, supergroup=False)
    model.latency = lambda body: 0.8 if "slow" in question(body) else 0.0
    telegram.say(small, ann, "@gateway_bot one")
    await telegram.answers(small, 1, timeout=20)
    telegram.say(small, ann, "@gateway_bot a slow one")
    telegram.say(small, ann, "@gateway_bot waiting")
    await model.until(lambda: len(model.requests) == 2)
    new = telegram.migrate(small)
    await telegram.answers(new, 2)
    telegram.say(new, ann, "@gateway_bot last")
    await telegram.answers(new, 3)
    await process.idle()
    assert process.tells("dead", "list").count("\n") == 1
    assert texts(telegram, small) == ["Ann: one (1 turns)"]
    assert texts(telegram, new) == [
        *("Ann: a slow one (3 turns)", "Ann: waiting (5 turns)", "Ann: last (7 turns)")
    ]
    assert asked(model)[0::2] == ["Ann: one", "Ann: a slow one", "Ann: waiting", "Ann: last"]
    assert len(model.requests) == 4


@in_house
async def test_a_group_that_moves_unheard_is_found_again_by_sending(house: House) -> None:
    telegram, model, process = house.telegram, house.model, house.process
    ann = telegram.user("Ann")
    small = telegram.group("Small", ann, supergroup=False)
    model.answer = lambda body: "word " * 2000 if "long" in question(body) else echo(body)
    first = telegram.say(small, ann, "@gateway_bot one")
    await telegram.answers(small, 1, timeout=20)
    telegram.world.queue.allowed = frozenset({"poll"})  # the service messages get lost
    new = telegram.migrate(small)
    telegram.world.queue.allowed = frozenset({"message"})
    old = {**telegram.world.rooms[small["id"]].messages[first], "message_id": 900, "text": "/help"}
    telegram.push({"message": old | {"entities": []}})
    telegram.push({"message": old | {"message_id": 901, "text": "@gateway_bot a long one"}})
    sent = await telegram.answers(new, 4)
    telegram.say(new, ann, "@gateway_bot two")
    sent = await telegram.answers(new, 5)
    await process.idle()
    assert sent[0].text.startswith("Ask me anything")
    assert " ".join(message.text for message in sent[1:4]).split() == ["word"] * 2000
    assert sent[4].text == "Ann: two (5 turns)"


@in_house
async def test_what_is_not_meant_for_us_is_left_alone(house: House) -> None:
    telegram, process = house.telegrams["triggers"], house.process
    ann, other = telegram.user("Ann"), telegram.user("Other", is_bot=True, username="other_bot")
    group = telegram.group("Friends", ann)
    mine = {"chat": group, "date": 1, "from": telegram.world.bot, "message_id": 900}
    telegram.say(group, ann, "/reset@other_bot")
    telegram.say(group, ann, "/help@other_bot")
    telegram.say(group, ann, "@other_bot what do you think?")
    telegram.say(group, other, "@gateway_bot hello colleague", sender_chat=None)
    telegram.push({"message": {**mine, "from": other, "text": "/help@gateway_bot"}})
    telegram.push({"message": {**mine, "message_id": 901, "text": "@gateway_bot me myself"}})
    telegram.say(group, ann, "nothing in particular")
    telegram.say(group, ann, "Robot, this is not you")
    telegram.say(group, ann, "Bot, what is it?")
    telegram.say(group, ann, "小明你好")
    telegram.say(group, None, "@gateway_bot from an anonymous administrator")
    telegram.say(group, ann, "/help@gateway_bot")
    sent = await telegram.answers(group, 4, timeout=20)
    await process.idle()
    assert [message.text for message in sent[:3]] == [
        "Ann: what is it? (1 turns)",
        "Ann: 你好 (3 turns)",
        "Friends: from an anonymous administrator (5 turns)",
    ]
    assert sent[3].text.startswith("Ask me anything")
    assert len(telegram.sent(group)) == 4


@in_house
async def test_albums_captions_and_corrections_are_one_question_each(house: House) -> None:
    telegram, model, process = house.telegram, house.model, house.process
    ann = telegram.user("Ann")
    chat, group = telegram.private(ann), telegram.group("Friends", ann)
    model.latency = lambda body: 0.6 if "slow" in question(body) else 0.0
    telegram.photo(group, ann, caption="@gateway_bot which is best?", media_group="7")
    telegram.photo(group, ann, media_group="7")
    telegram.photo(group, ann, media_group="7")
    telegram.photo(group, ann, caption="not for the bot")
    telegram.document(chat, ann, caption="what is this?")
    await telegram.answers(group, 1, timeout=20)
    await telegram.answers(chat, 1)
    assert sorted(asked(model, 0) + asked(model, 1)) == sorted(
        ["[image]\n[image]\n[image]\nAnn: which is best?", "[file]\nwhat is this?"]
    )
    telegram.say(chat, ann, "a slow one")
    wrong = telegram.say(chat, ann, "what is an appel?")
    await model.until(lambda: len(model.requests) == 3)
    telegram.edit(chat, wrong, "what is an apple?")
    await telegram.answers(chat, 3)
    telegram.say(chat, ann, "and now?")
    sent = await telegram.answers(chat, 4)
    await process.idle()
    assert [message.text.split(" (")[0] for message in sent[1:]] == [
        *("a slow one", "what is an apple?", "and now?")
    ]
    assert not [request for request in model.requests if "appel" in str(request.body)]


@in_house
async def test_who_may_speak_and_where(house: House) -> None:
    telegram, model, process = house.telegrams["strict"], house.model, house.process
    people = [telegram.user(name, id=id) for name, id in IDS.items()]
    people[3]["language_code"] = "zh-hans"
    ann, bob, eve, zhou = people
    chats = [telegram.private(person) for person in people]
    ours, foreign = telegram.group("Ours", ann, eve), telegram.group("Foreign", ann)
    assert ours["id"] == OURS
    for chat, person in zip(chats, people, strict=True):
        telegram.say(chat, person, "hello")
    telegram.say(foreign, ann, "@gateway_bot hello")
    telegram.say(foreign, ann, "/help")
    telegram.say(ours, ann, "@gateway_bot hello")
    telegram.say(ours, bob, "@gateway_bot hello")
    telegram.say(ours, bob, "just talking")
    for chat in chats:
        await telegram.answers(chat, 1, timeout=20)
    await telegram.answers(ours, 2)
    await process.idle()
    refusal = f"Sorry, you may not use this bot. Your id is {bob['id']}."
    assert [texts(telegram, chat) for chat in chats] == [
        ["hello (1 turns)"],
        [refusal],
        ["hello (1 turns)"],
        [f"抱歉，您没有使用权限。您的 ID 是 {zhou['id']}。"],
    ]
    assert texts(telegram, foreign) == []
    assert texts(telegram, ours) == ["Ann: hello (1 turns)", refusal]
    assert len(model.requests) == 3


@in_house
async def test_each_channel_has_its_own_context_and_reply_style(house: House) -> None:
    telegram, plain = house.telegrams["member"], house.telegrams["plain"]
    ann, bob = telegram.user("Ann"), telegram.user("Bob")
    group, other = telegram.group("Friends", ann, bob), plain.group("Others", ann, bob)
    for count, person in enumerate((ann, bob, ann), 1):
        telegram.say(group, person, f"@gateway_bot {count}")
        plain.say(other, person, f"@gateway_bot {count}")
        await telegram.answers(group, count, timeout=20)
        await plain.answers(other, count)
    assert texts(telegram, group) == ["Ann 1 (1 turns)", "Bob 2 (1 turns)", "Ann 3 (3 turns)"]
    assert texts(plain, other) == ["Ann: 1 (1 turns)", "Bob: 2 (3 turns)", "Ann: 3 (5 turns)"]
    for message in telegram.sent(group):
        (mention,) = message.entities
        assert (mention["type"], mention["offset"], mention["length"]) == ("text_mention", 0, 3)
        assert message.reply_to is None
    assert {message.reply_to for message in plain.sent(other)} == {None}


@in_house
async def test_a_growing_answer_is_shown_within_the_limits_and_its_end_arrives_once(house: House) -> None:
    telegram, model = house.telegrams["paced"], house.model
    ann = telegram.user("Ann")
    chat, group = telegram.private(ann), telegram.group("Friends", ann)
    model.answer = " ".join(f"word{number}" for number in range(300))
    model.chunks, model.delay = 100, 0.08
    # Two at once, since what is sent a second apart may arrive a little closer.
    telegram.limits(burst=2)
    edits = telegram.fail("editMessageText", status=429, parameters={"retry_after": 2})
    edits.when = lambda params: len(telegram.called("editMessageText")) == 2
    telegram.say(group, ann, "@gateway_bot tell me")
    telegram.say(chat, ann, "tell me")
    loop = asyncio.get_running_loop()
    before = loop.time()
    await telegram.until(lambda: model.answer in texts(telegram, group), timeout=40)
    assert loop.time() - before < 20
    await telegram.answers(chat, 1)
    (grown,) = telegram.sent(group)
    assert len(grown.history) == 3
    assert len(set(grown.history)) == len(grown.history), "the same text was shown twice"
    assert all(
        later.startswith(earlier) for earlier, later in zip(grown.history, grown.history[1:], strict=False)
    )
    statuses = [call.status for call in telegram.called("editMessageText")]
    assert statuses.count(429) == 1
    assert statuses.count(400) == 0
    assert texts(telegram, chat) == [model.answer]
    drafts = telegram.drafts(chat)
    assert len(drafts) >= 4
    assert len(set(drafts)) == len(drafts)
    assert [call.status for call in telegram.called("sendMessageDraft") if call.status != 200] == []
    assert telegram.draft_now(chat) is None
