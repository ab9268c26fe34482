"""What goes out to Telegram: where it is shown, how, and what happens when it is refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.telegram.options import TelegramOptions
from gateway import Attachment, Chat, Entity, File, Receipt, Reply, Sender
from gateway.errors import ChatGone, ChatMoved, NetworkError, OutcomeUnknown, RateLimited, Rejected

from .host import FakeHost
from .telegram_platform import chat_of, telegram

BOLD = Entity("bold", 0, 5)
PNG = b"\x89PNG\r\n and what follows"


async def test_entities_are_shown_as_sent(host: FakeHost) -> None:
    entities = (
        Entity("bold", 3, 5),
        Entity("text_link", 9, 4, url="https://example.org/"),
        Entity("pre", 14, 4, language="python"),
    )
    async with telegram(host) as (server, stage):
        chat = server.private(server.user())
        await stage.adapter.send(chat_of(chat), Reply("🙂 hello link code", entities))
        (message,) = server.sent(chat)
        assert [(entity["type"], entity["offset"], entity["length"]) for entity in message.entities] == [
            ("bold", 3, 5),
            ("text_link", 9, 4),
            ("pre", 14, 4),
        ]
        assert message.entities[1]["url"] == "https://example.org/"
        assert message.entities[2]["language"] == "python"


async def test_links_have_no_preview(host: FakeHost) -> None:
    async with telegram(host) as (server, stage):
        await stage.adapter.send(chat_of(server.private(server.user())), Reply("https://example.org"))
        assert server.called("sendMessage")[0].params["link_preview_options"] == {"is_disabled": True}


async def test_an_answer_quotes_the_question_even_when_that_was_edited(host: FakeHost) -> None:
    async with telegram(host) as (server, stage):
        ann = server.user()
        chat = server.private(ann)
        asked = server.say(chat, ann, "why?")
        await stage.adapter.send(chat_of(chat), Reply("because", reply_to=str(asked)))
        await stage.adapter.send(chat_of(chat), Reply("because", reply_to=f"{asked}~1700000000"))
        assert [message.reply_to for message in server.sent(chat)] == [asked, asked]


async def test_an_answer_to_a_deleted_message_is_sent_all_the_same(host: FakeHost) -> None:
    async with telegram(host) as (server, stage):
        chat = server.private(server.user())
        await stage.adapter.send(chat_of(chat), Reply("because", reply_to="4711"))
        assert [message.reply_to for message in server.sent(chat)] == [None]


async def test_a_topic_is_kept_in_every_call(host: FakeHost) -> None:
    async with telegram(host) as (server, stage):
        group = server.group("Forum", server.user(), forum=True)
        thread = server.topic(group, "News")
        await stage.adapter.typing(chat_of(group, thread))
        await stage.adapter.send(chat_of(group, thread), Reply("here"))
        assert server.sent(group)[0].thread == thread
        assert server.called("sendChatAction")[0].params["message_thread_id"] == thread


async def test_a_topic_that_is_gone_is_left_out_once_in_the_same_chat(host: FakeHost) -> None:
    async with telegram(host) as (server, stage):
        group = server.group("Forum", server.user(), forum=True)
        thread = server.topic(group, "News")
        server.drop_topic(group, thread)
        await stage.adapter.send(chat_of(group, thread), Reply("here"))
        assert [(message.text, message.thread) for message in server.sent(group)] == [("here", None)]
        assert {call.params["chat_id"] for call in server.called("sendMessage")} == {group["id"]}


async def test_refused_entities_are_left_out_once(host: FakeHost) -> None:
    async with telegram(host) as (server, stage):
        chat = server.private(server.user())
        await stage.adapter.send(chat_of(chat), Reply("hello", (Entity("bold", 3, 99),)))
        (message,) = server.sent(chat)
        assert (message.text, message.entities) == ("hello", [])
        assert len(server.called("sendMessage")) == 2


async def test_an_answer_that_was_lost_is_not_sent_again_as_plain_text(host: FakeHost) -> None:
    async with telegram(host) as (server, stage):
        chat = server.private(server.user())
        server.fail("sendMessage", status=200, body=b'{"ok": tr', cut=True, after_acting=True)
        with pytest.raises(OutcomeUnknown):
            await stage.adapter.send(chat_of(chat), Reply("hello", (BOLD,)))
        assert len(server.called("sendMessage")) == 1


async def test_the_person_is_named_in_a_group_where_asked(host: FakeHost) -> None:
    reply = Reply("hello you", (BOLD,), mention=Sender("42", "Ann 🙂"))
    async with telegram(host) as (server, stage):
        group = server.group("Friends", server.user("Ann", id=42))
        receipt = await stage.adapter.send(chat_of(group), reply)
        await stage.adapter.edit(chat_of(group), receipt, Reply("hello all", (BOLD,), mention=reply.mention))
        (message,) = server.sent(group)
        assert message.history == ("Ann 🙂 hello you", "Ann 🙂 hello all")
        named, bold = message.entities
        assert (named["type"], named["offset"], named["length"], named["user"]["id"]) == (
            "text_mention",
            0,
            6,
            42,
        )
        assert (bold["type"], bold["offset"], bold["length"]) == ("bold", 7, 5)


async def test_nobody_is_named_in_private(host: FakeHost) -> None:
    async with telegram(host) as (server, stage):
        chat = server.private(server.user("Ann", id=42))
        await stage.adapter.send(chat_of(chat), Reply("hello", mention=Sender("42", "Ann")))
        assert server.sent(chat)[0].text == "hello"


async def test_a_name_that_does_not_fit_is_left_out(host: FakeHost) -> None:
    async with telegram(host) as (server, stage):
        group = server.group("Friends", server.user("Ann", id=42))
        await stage.adapter.send(chat_of(group), Reply("x" * 4094, mention=Sender("42", "Ann")))
        assert server.sent(group)[0].text == "x" * 4094


async def test_a_channel_is_named_without_a_link(host: FakeHost) -> None:
    async with telegram(host) as (server, stage):
        group = server.group("Friends", server.user())
        await stage.adapter.send(chat_of(group), Reply("hello", mention=Sender("-1009", "News")))
        assert [(message.text, message.entities) for message in server.sent(group)] == [("News hello", [])]


async def test_a_group_that_moved_is_told_with_its_new_id(host: FakeHost) -> None:
    async with telegram(host) as (server, stage):
        group = server.group("Friends", server.user(), supergroup=False)
        new = server.migrate(group)
        with pytest.raises(ChatMoved) as caught:
            await stage.adapter.send(chat_of(group), Reply("hello"))
        assert caught.value.to == str(new["id"])


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"status": 500}, NetworkError),
        ({"status": 502, "body": b"<html>bad gateway</html>"}, NetworkError),
        ({"status": 400, "description": "Bad Request: chat not found"}, ChatGone),
        ({"status": 400, "description": "Bad Request: message is too long"}, Rejected),
        ({"status": 404, "description": "Not Found: method not found"}, Rejected),
        ({"status": 200, "body": b'{"ok": true, "result": {}}'}, OutcomeUnknown),
        ({"status": 200, "body": b'{"ok": true}'}, OutcomeUnknown),
        ({"status": 400, "body": b'{"parameters": 5}'}, OutcomeUnknown),
        ({"status": 429, "body": b"slow down"}, NetworkError),
        ({"status": 429, "body": b"{}"}, RateLimited),
    ],
)
async def test_answers_become_our_errors(
    host: FakeHost, fault: dict[str, Any], error: type[Exception]
) -> None:
    async with telegram(host) as (server, stage):
        server.fail("sendMessage", **fault)
        with pytest.raises(error) as caught:
            await stage.adapter.send(chat_of(server.private(server.user())), Reply("hello"))
        assert type(caught.value) is error


async def test_what_a_504_leaves_open_is_an_unknown_outcome(host: FakeHost) -> None:
    """It was a failure, and so what had arrived was sent once more."""
    async with telegram(host) as (server, stage):
        chat = server.private(server.user())
        server.fail("sendMessage", status=504, body=b"<html>gateway time-out</html>", after_acting=True)
        with pytest.raises(OutcomeUnknown):
            await stage.adapter.send(chat_of(chat), Reply("hello"))
        assert [message.text for message in server.sent(chat)] == ["hello"]


async def test_a_message_that_cannot_be_edited_any_more_is_refused(host: FakeHost) -> None:
    async with telegram(host) as (server, stage):
        with pytest.raises(Rejected):
            await stage.adapter.edit(chat_of(server.private(server.user())), Receipt("4711"), Reply("x"))


async def test_half_an_emoji_does_not_stop_an_answer(host: FakeHost) -> None:
    async with telegram(host) as (server, stage):
        chat = server.private(server.user())
        await stage.adapter.send(chat_of(chat), Reply("half \ud83d of one"))
        assert server.sent(chat)[0].text == "half � of one"


# --- how fast


async def test_a_flood_wait_is_kept_without_asking_again(host: FakeHost) -> None:
    async with telegram(host) as (server, stage):
        slow, other = server.private(server.user()), server.private(server.user())
        server.fail("sendMessage", status=429, parameters={"retry_after": 13938})
        for _ in range(2):
            with pytest.raises(RateLimited) as caught:
                await stage.adapter.send(chat_of(slow), Reply("hello"))
            assert caught.value.retry_after == pytest.approx(13938, abs=2)
        assert len(server.called("sendMessage")) == 1
        await stage.adapter.send(chat_of(other), Reply("hello"))
        assert len(server.sent(other)) == 1


async def test_pauses_keep_below_the_limits(host: FakeHost) -> None:
    async with telegram(host, pacing={"per_chat": 10}) as (server, stage):
        server.limits(per_chat=10, burst=4, group_per_minute=None, overall=None)
        chat = server.private(server.user())
        for number in range(8):
            await stage.adapter.send(chat_of(chat), Reply(str(number)))
        assert [call.status for call in server.called("sendMessage")] == [200] * 8


async def test_a_group_never_gets_more_than_its_share_of_a_minute(host: FakeHost) -> None:
    async with telegram(host, pacing={"per_chat": 1000, "group_per_minute": 20}) as (server, stage):
        group = server.group("Friends", server.user())
        for number in range(5):
            await stage.adapter.send(chat_of(group), Reply(str(number)))
        with pytest.raises(RateLimited):
            await stage.adapter.edit(chat_of(group), Receipt("1"), Reply("view"), final=False)


async def test_no_pacing_never_waits(host: FakeHost) -> None:
    async with telegram(host, pacing=None) as (server, stage):
        group = server.group("Friends", server.user())
        async with asyncio.timeout(5):
            for number in range(100):
                await stage.adapter.send(chat_of(group), Reply(str(number)))
        assert [message.text for message in server.sent(group)] == [str(n) for n in range(100)]


# --- files


async def test_a_file_is_fetched(host: FakeHost) -> None:
    async with telegram(host) as (server, stage):
        ann = server.user()
        server.document(server.private(ann), ann, content=b"%PDF-1.4 and more")
        (message,) = await stage.inbox.get()
        assert await stage.adapter.fetch(message.media[0]) == b"%PDF-1.4 and more"


async def test_a_file_that_is_gone_or_too_big_is_refused_and_the_token_is_not_blamed(host: FakeHost) -> None:
    async with telegram(host) as (server, stage):
        ann = server.user()
        server.document(server.private(ann), ann)
        (message,) = await stage.inbox.get()
        with pytest.raises(Rejected):
            await stage.adapter.fetch(File("no such file"))
        server.fail("download", status=404, body=b"{}")
        with pytest.raises(Rejected):
            await stage.adapter.fetch(message.media[0])
        server.fail("download", status=200, body=b"x" * (20 * 2**20 + 1))
        with pytest.raises(Rejected):
            await stage.adapter.fetch(message.media[0])


async def test_a_file_goes_with_its_topic_and_its_question(host: FakeHost) -> None:
    async with telegram(host) as (server, stage):
        chat = server.group("Friends", server.user(), forum=True)
        topic = server.topic(chat, "News")
        asked = server.say(chat, server.user(), "/export", thread=topic)
        reply = Reply("", reply_to=str(asked), file=Attachment("chat.md", b"# chat"))
        receipt = await stage.adapter.send(chat_of(chat, topic), reply)
        (sent,) = server.sent(chat)
        assert (sent.kind, str(sent.id), sent.thread, sent.reply_to) == ("document", receipt.id, topic, asked)


async def test_a_file_is_sent_without_what_is_refused(host: FakeHost) -> None:
    async with telegram(host) as (server, stage):
        chat = server.group("Friends", server.user(), forum=True)
        await stage.adapter.send(chat_of(chat, 4711), Reply("", file=Attachment("chat.md", b"# chat")))
        assert [message.kind for message in server.sent(chat)] == ["document"]
        assert len(server.called("sendDocument")) == 2


async def test_a_picture_is_shown_with_its_text(host: FakeHost) -> None:
    picture = Attachment("login.png", PNG, "image/png")
    async with telegram(host) as (server, stage):
        chat = server.private(server.user())
        receipt = await stage.adapter.send(chat_of(chat), Reply("hello you", (BOLD,), file=picture))
        (sent,) = server.sent(chat)
        assert (sent.kind, sent.file, sent.text, str(sent.id)) == ("photo", PNG, "hello you", receipt.id)
        assert [(entity["type"], entity["length"]) for entity in sent.entities] == [("bold", 5)]
        await stage.adapter.delete(chat_of(chat), receipt)
        assert server.sent(chat) == []


async def test_a_picture_that_telegram_cannot_show_is_a_file(host: FakeHost) -> None:
    async with telegram(host) as (server, stage):
        chat = server.private(server.user())
        drawing = Attachment("code.svg", b"<svg/>", "image/svg+xml")
        await stage.adapter.send(chat_of(chat), Reply("hello", file=drawing))
        assert [(sent.kind, sent.file, sent.text) for sent in server.sent(chat)] == [
            ("document", b"<svg/>", "hello")
        ]


async def test_entities_of_a_caption_that_are_refused_are_left_out(host: FakeHost) -> None:
    async with telegram(host) as (server, stage):
        chat = server.private(server.user())
        reply = Reply("hello", (Entity("bold", 3, 99),), file=Attachment("a.png", PNG, "image/png"))
        await stage.adapter.send(chat_of(chat), reply)
        assert [(sent.kind, sent.text, sent.entities) for sent in server.sent(chat)] == [
            ("photo", "hello", [])
        ]


async def test_a_text_that_is_no_caption_comes_before_the_file(host: FakeHost) -> None:
    async with telegram(host) as (server, stage):
        chat = server.private(server.user())
        reply = Reply("x" * 1025, file=Attachment("chat.md", b"# chat"))
        await stage.adapter.send(chat_of(chat), reply)
        assert [(sent.kind, len(sent.text)) for sent in server.sent(chat)] == [
            ("text", 1025),
            ("document", 0),
        ]


# --- whom to write to unasked


def test_an_id_says_which_kind_of_chat_it_is() -> None:
    options = TelegramOptions(token=SecretStr("1:x"))
    assert options.chat("channel", "42") == Chat("channel", "42")
    assert options.chat("channel", "-100123") == Chat("channel", "-100123", "group")
    for id in ("@ann", "", "0", "4 2", "٤٢", "12345678901234567890"):
        with pytest.raises(ValueError, match="numbers"):
            options.chat("channel", id)


async def test_a_message_that_is_too_old_stays(host: FakeHost) -> None:
    async with telegram(host) as (server, stage):
        chat = server.private(server.user())
        receipt = await stage.adapter.send(chat_of(chat), Reply("hello"))
        server.fail(
            "deleteMessage", status=400, description="Bad Request: message can't be deleted for everyone"
        )
        with pytest.raises(Rejected):
            await stage.adapter.delete(chat_of(chat), receipt)
        assert [message.text for message in server.sent(chat)] == ["hello"]
