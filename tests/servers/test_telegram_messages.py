"""The Telegram simulator takes and refuses messages as Telegram does."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from tests.servers.conftest import BotClient
from tests.servers.telegram import TelegramServer

Json = dict[str, Any]


# -- sending


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"text": ""}, "message text is empty"),
        ({}, "message text is empty"),
        ({"text": " \n "}, "text must be non-empty"),
        ({"text": "x" * 4097}, "message is too long"),
        ({"text": "😀" * 2049}, "message is too long"),
        ({"text": "x", "chat_id": ""}, "chat_id is empty"),
        ({"text": "x", "chat_id": 1}, "chat not found"),
        ({"text": "x", "reply_parameters": {"message_id": 999}}, "message to be replied not found"),
        ({"text": "x", "message_thread_id": 77}, "message thread not found"),
        ({"text": "x", "parse_mode": "Rich"}, "unsupported parse_mode"),
    ],
)
async def test_a_message_is_refused(bot: BotClient, chat: Json, params: Json, reason: str) -> None:
    asked = {"chat_id": chat["id"], **params}
    assert await bot.refused("sendMessage", **asked) == (400, f"Bad Request: {reason}")


def entity(offset: int, length: int, kind: str = "bold", **more: Any) -> Json:
    return {"type": kind, "offset": offset, "length": length, **more}


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (
            entity(0, 5),
            "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 5",
        ),
        (entity(2, 1), "entity begins in a middle of a UTF-16 symbol at UTF-16 offset 2"),
        (
            entity(0, 2),
            "entity beginning at UTF-16 offset 0 ends in a middle of a UTF-16 symbol at UTF-16 offset 2",
        ),
        (entity(-1, 1), "receive an entity with incorrect offset -1"),
        (entity(0, 1, "loud"), "can't parse MessageEntity: Unsupported type specified"),
        (entity(0, 1, ""), "can't parse MessageEntity: Type is not specified"),
        (entity(0, 1, "text_link"), 'can\'t parse MessageEntity: field "url" must be specified'),
        ({"type": "bold"}, 'can\'t parse MessageEntity: field "offset" must be of type Number'),
        ("bold", "can't parse MessageEntity: expected an Object"),
    ],
)
async def test_a_wrong_entity_is_refused(bot: BotClient, chat: Json, wrong: Any, reason: str) -> None:
    got = await bot.refused("sendMessage", chat_id=chat["id"], text="a😀b", entities=[wrong])
    assert got == (400, f"Bad Request: {reason}")


async def test_good_entities_are_kept_and_automatic_ones_left_to_the_server(
    telegram: TelegramServer, bot: BotClient, chat: Json
) -> None:
    given = [entity(4, 1, "code"), entity(1, 2), entity(0, 5, "mention"), entity(0, 0)]
    result = await bot.ok("sendMessage", chat_id=chat["id"], text="a😀bc", entities=given)
    assert result["entities"] == [entity(1, 2), entity(4, 1, "code")]


async def test_white_space_around_a_text_goes_and_entities_move(
    telegram: TelegramServer, bot: BotClient, chat: Json
) -> None:
    await bot.ok("sendMessage", chat_id=chat["id"], text="\n hello \n", entities=[entity(2, 7)])
    await bot.ok("sendMessage", chat_id=chat["id"], text="  \n x", entities=[entity(1, 4, "pre")])
    first, second = telegram.sent(chat)
    assert (first.text, first.entities) == ("hello", [entity(0, 5)])
    assert (second.text, second.entities) == (" \n x", [entity(0, 4, "pre")])


async def test_the_longest_message_is_taken(telegram: TelegramServer, bot: BotClient, chat: Json) -> None:
    await bot.ok("sendMessage", chat_id=chat["id"], text="😀" * 2048)
    assert len(telegram.sent(chat)[0].text) == 2048


async def test_a_reply_shows_what_it_replies_to_and_may_be_loose(
    telegram: TelegramServer, bot: BotClient, chat: Json, ann: Json
) -> None:
    asked = telegram.say(chat, ann, "?")
    result = await bot.ok("sendMessage", chat_id=chat["id"], text="!", reply_parameters={"message_id": asked})
    assert result["reply_to_message"]["text"] == "?"
    loose = {"message_id": 999, "allow_sending_without_reply": True}
    await bot.ok("sendMessage", chat_id=chat["id"], text="!!", reply_parameters=loose)
    assert [message.reply_to for message in telegram.sent(chat)] == [asked, None]


async def test_the_bots_own_messages_are_not_updates(
    telegram: TelegramServer, bot: BotClient, chat: Json, group: Json
) -> None:
    await bot.ok("sendMessage", chat_id=chat["id"], text="x")
    telegram.say(group, telegram.user("Robot", is_bot=True), "bots do not hear bots")
    assert await bot.ok("getUpdates") == []


async def test_message_ids_are_never_used_again(
    telegram: TelegramServer, bot: BotClient, chat: Json, ann: Json
) -> None:
    first = await bot.ok("sendMessage", chat_id=chat["id"], text="x")
    assert await bot.ok("deleteMessage", chat_id=chat["id"], message_id=first["message_id"])
    second = await bot.ok("sendMessage", chat_id=chat["id"], text="x")
    assert second["message_id"] > first["message_id"]
    assert [message.id for message in telegram.sent(chat)] == [second["message_id"]]
    asked = telegram.say(chat, ann, "mine")
    _, reason = await bot.refused("deleteMessage", chat_id=chat["id"], message_id=asked)
    assert reason == "Bad Request: message can't be deleted"


async def test_a_user_who_blocks_is_403_and_an_update(
    telegram: TelegramServer, bot: BotClient, chat: Json, group: Json
) -> None:
    telegram.block(chat)
    telegram.block(group)
    got = await bot.refused("sendMessage", chat_id=chat["id"], text="x")
    assert got == (403, "Forbidden: bot was blocked by the user")
    got = await bot.refused("sendMessage", chat_id=group["id"], text="x")
    assert got == (403, "Forbidden: bot was kicked from the supergroup chat")
    updates = await bot.ok("getUpdates")
    assert [update["my_chat_member"]["new_chat_member"]["status"] for update in updates] == ["kicked"] * 2
    telegram.unblock(chat)
    await bot.ok("sendMessage", chat_id=chat["id"], text="x")


# -- editing, drafts, actions


async def test_an_edit_changes_the_message_and_counts(
    telegram: TelegramServer, bot: BotClient, chat: Json
) -> None:
    number = (await bot.ok("sendMessage", chat_id=chat["id"], text="a"))["message_id"]
    edited = await bot.ok("editMessageText", chat_id=chat["id"], message_id=number, text="b")
    assert edited["text"] == "b"
    await bot.ok("editMessageText", chat_id=chat["id"], message_id=number, text="b", entities=[entity(0, 1)])
    [message] = telegram.sent(chat)
    assert (message.id, message.edits, message.history) == (number, 2, ("a", "b", "b"))
    assert message.entities == [entity(0, 1)]


async def test_an_edit_is_refused(telegram: TelegramServer, bot: BotClient, chat: Json, ann: Json) -> None:
    number = (await bot.ok("sendMessage", chat_id=chat["id"], text="a"))["message_id"]
    asked = telegram.say(chat, ann, "mine")

    async def why(message_id: int, text: str) -> str:
        got = await bot.refused("editMessageText", chat_id=chat["id"], message_id=message_id, text=text)
        return got[1].removeprefix("Bad Request: ")

    assert (await why(number, "a")).startswith("message is not modified: specified new message content")
    assert (await why(number, " a\n")).startswith("message is not modified")
    assert await why(number, "") == "message text is empty"
    assert await why(number, "x" * 4097) == "MESSAGE_TOO_LONG"
    assert await why(999, "b") == "message to edit not found"
    assert await why(asked, "b") == "message can't be edited"


async def test_a_draft_shows_until_the_next_message(
    telegram: TelegramServer, bot: BotClient, chat: Json
) -> None:
    await bot.ok("sendMessageDraft", chat_id=chat["id"], draft_id=7, text="")
    await bot.ok("sendMessageDraft", chat_id=chat["id"], draft_id=7, text="hel")
    assert (telegram.drafts(chat), telegram.draft_now(chat)) == (["", "hel"], "hel")
    await bot.ok("sendMessage", chat_id=chat["id"], text="hello")
    assert telegram.draft_now(chat) is None


async def test_a_draft_is_refused(bot: BotClient, chat: Json, group: Json) -> None:
    got = await bot.refused("sendMessageDraft", chat_id=group["id"], draft_id=7, text="x")
    assert got == (400, "Bad Request: TEXTDRAFT_PEER_INVALID")
    assert (await bot.refused("sendMessageDraft", chat_id=chat["id"], draft_id=0, text="x"))[0] == 400
    got = await bot.refused("sendMessageDraft", chat_id=chat["id"], draft_id=1, text="x" * 4097)
    assert got == (400, "Bad Request: message is too long")


async def test_chat_actions_and_commands(telegram: TelegramServer, bot: BotClient, chat: Json) -> None:
    await bot.ok("sendChatAction", chat_id=chat["id"], action="typing")
    assert telegram.actions(chat) == ["typing"]
    got = await bot.refused("sendChatAction", chat_id=chat["id"], action="dancing")
    assert got == (400, "Bad Request: wrong parameter action in request")
    menu = [{"command": "help", "description": "What I do"}]
    await bot.ok("setMyCommands", commands=menu)
    assert await bot.ok("getMyCommands") == menu
    _, reason = await bot.refused("setMyCommands", commands=[{"command": "Hi!", "description": "x"}])
    assert reason == "Bad Request: BOT_COMMAND_INVALID"


# -- groups


async def test_privacy_mode_lets_only_commands_replies_and_service_messages_through() -> None:
    async with TelegramServer(reads_all=False) as telegram, aiohttp.ClientSession() as session:
        bot = BotClient(telegram, session)
        ann = telegram.user("Ann")
        group = telegram.group("Friends", ann, forum=True)
        mine = (await bot.ok("sendMessage", chat_id=group["id"], text="hi"))["message_id"]
        for text in ("plain", "@gateway_bot hello", "/ask@other_bot no", "then /ask"):
            telegram.say(group, ann, text)
        telegram.say(group, ann, "/ask yes")
        telegram.say(group, ann, "/ask@Gateway_Bot yes")
        telegram.say(group, ann, "to you", reply_to=mine)
        telegram.topic(group, "News")
        updates = [update["message"] for update in await bot.ok("getUpdates")]
        assert [update.get("text") for update in updates] == [
            "/ask yes",
            "/ask@Gateway_Bot yes",
            "to you",
            None,
        ]
        assert not (await bot.ok("getMe"))["can_read_all_group_messages"]


async def test_mentions_commands_and_links_get_entities_in_utf16(
    telegram: TelegramServer, bot: BotClient, group: Json, ann: Json
) -> None:
    telegram.say(group, ann, "😀 @gateway_bot see https://a.b/c, /ask@gateway_bot a@nick.com #tag 1/2")
    [update] = await bot.ok("getUpdates")
    text = update["message"]["text"].encode("utf-16-le")
    found = [
        (mark["type"], text[2 * mark["offset"] : 2 * (mark["offset"] + mark["length"])].decode("utf-16-le"))
        for mark in update["message"]["entities"]
    ]
    assert found == [
        ("mention", "@gateway_bot"),
        ("url", "https://a.b/c"),
        ("bot_command", "/ask@gateway_bot"),
        ("email", "a@nick.com"),
        ("hashtag", "#tag"),
    ]


async def test_topics_are_named_in_both_directions(
    telegram: TelegramServer, bot: BotClient, ann: Json
) -> None:
    forum = telegram.group("Forum", ann, forum=True)
    news = telegram.topic(forum, "News")
    telegram.say(forum, ann, "in news", thread=news)
    telegram.say(forum, ann, "in general")
    _, topic, general = [update["message"] for update in await bot.ok("getUpdates")]
    assert (topic["message_thread_id"], topic["is_topic_message"]) == (news, True)
    assert topic["reply_to_message"]["forum_topic_created"]["name"] == "News"
    assert "message_thread_id" not in general
    result = await bot.ok("sendMessage", chat_id=forum["id"], text="x", message_thread_id=news)
    assert result["message_thread_id"] == telegram.sent(forum)[0].thread == news
    for thread in (1, news + 100):
        got = await bot.refused("sendMessage", chat_id=forum["id"], text="x", message_thread_id=thread)
        assert got == (400, "Bad Request: message thread not found")
    telegram.drop_topic(forum, news)
    assert (await bot.refused("sendMessage", chat_id=forum["id"], text="x", message_thread_id=news))[0] == 400


async def test_a_reply_in_a_plain_supergroup_has_a_thread_but_no_topic(
    telegram: TelegramServer, bot: BotClient, group: Json, ann: Json
) -> None:
    root = telegram.say(group, ann, "root")
    telegram.say(group, ann, "leaf", reply_to=telegram.say(group, ann, "reply", reply_to=root))
    leaf = (await bot.ok("getUpdates"))[-1]["message"]
    assert leaf["message_thread_id"] == root
    assert "is_topic_message" not in leaf
    await bot.ok("sendMessage", chat_id=group["id"], text="x", message_thread_id=root)
    assert telegram.sent(group)[0].thread is None


async def test_a_group_that_migrates_tells_both_sides(
    telegram: TelegramServer, bot: BotClient, ann: Json
) -> None:
    old = telegram.group("Small", ann, supergroup=False)
    new = telegram.migrate(old)
    left, came = [update["message"] for update in await bot.ok("getUpdates")]
    assert (left["chat"]["id"], left["migrate_to_chat_id"]) == (old["id"], new["id"])
    assert (came["chat"]["id"], came["migrate_from_chat_id"]) == (new["id"], old["id"])
    answer = await bot.call("sendMessage", chat_id=old["id"], text="x")
    assert answer["description"] == "Bad Request: group chat was upgraded to a supergroup chat"
    assert answer["parameters"] == {"migrate_to_chat_id": new["id"]}
    await bot.ok("sendMessage", chat_id=new["id"], text="x")


async def test_a_group_speaks_as_itself(telegram: TelegramServer, bot: BotClient, group: Json) -> None:
    telegram.say(group, None, "I am an anonymous admin")
    [update] = await bot.ok("getUpdates")
    assert update["message"]["sender_chat"]["id"] == group["id"]
    assert update["message"]["from"]["username"] == "GroupAnonymousBot"


@pytest.mark.parametrize(
    ("mode", "text", "kinds"),
    [
        ("HTML", "<b>a</b> <code>c</code>", ["bold", "code"]),
        ("MarkdownV2", "*a* [b](http://c.d/)", ["bold", "text_link"]),
    ],
)
async def test_parse_mode_is_read_by_the_official_library(
    bot: BotClient, chat: Json, mode: str, text: str, kinds: list[str]
) -> None:
    pytest.importorskip("tdjson", reason="parse_mode is refused where tdjson is not installed")
    result = await bot.ok("sendMessage", chat_id=chat["id"], text=text, parse_mode=mode)
    assert [mark["type"] for mark in result["entities"]] == kinds
    _, reason = await bot.refused("sendMessage", chat_id=chat["id"], text="<b>*", parse_mode=mode)
    assert reason.startswith("Bad Request: can't")
