"""aiogram and python-telegram-bot, which we did not write, judge the Telegram simulator.

aiogram's types are the strictest ready reading of the Bot API: every object must fit them and hold no
field that they do not know. Both libraries' own clients must be able to work with the server.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import orjson
import pytest

from tests.servers.telegram import TelegramServer

aiogram = pytest.importorskip("aiogram", reason="aiogram is not installed: nobody judges the simulator")
ptb = pytest.importorskip("telegram", reason="python-telegram-bot is not installed")

from aiogram import Bot, exceptions, types  # noqa: E402 - after the check that it is there
from aiogram.client.session.aiohttp import AiohttpSession  # noqa: E402
from aiogram.client.telegram import TelegramAPIServer  # noqa: E402
from aiogram.methods import Response  # noqa: E402
from pydantic import BaseModel, TypeAdapter  # noqa: E402

pytestmark = pytest.mark.judge

Json = dict[str, Any]


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


@pytest.fixture
async def bot(telegram: TelegramServer) -> AsyncIterator[Bot]:
    session = AiohttpSession(api=TelegramAPIServer.from_base(telegram.root))
    async with Bot(telegram.token, session=session) as client:
        yield client


def unknown(value: Any, where: str = "") -> Iterator[str]:
    """The fields in *value* that aiogram has no name for."""
    if isinstance(value, BaseModel):
        yield from (f"{where}.{name}" for name in value.model_extra or ())
        for name in type(value).model_fields:
            yield from unknown(getattr(value, name), f"{where}.{name}")
    elif isinstance(value, list):
        for item in value:
            yield from unknown(item, f"{where}[]")


def everything(telegram: TelegramServer) -> Json:
    """Make every kind of update that the simulator has; the private chat."""
    ann = telegram.user("Ann", username="ann")
    chat, group = telegram.private(ann), telegram.group("Friends", ann)
    forum, small = telegram.group("Forum", ann, forum=True), telegram.group("Small", ann, supergroup=False)
    asked = telegram.say(chat, ann, "😀 /start @gateway_bot https://example.org #tag a@b.org")
    telegram.edit(chat, asked, "/help")
    telegram.photo(chat, ann, caption="look @gateway_bot", media_group="7")
    telegram.voice(chat, ann)
    telegram.document(group, ann)
    telegram.sticker(group, ann)
    mention = {"type": "text_mention", "offset": 0, "length": 2, "user": telegram.world.bot}
    telegram.say(group, ann, "hi", reply_to=telegram.say(group, None, "as the group"), entities=[mention])
    telegram.say(group, None, "as a channel", sender_chat={"id": -1009, "type": "channel", "title": "News"})
    telegram.say(forum, ann, "in a topic", thread=telegram.topic(forum, "News"))
    telegram.migrate(small)
    telegram.block(group)
    telegram.unblock(group)
    return chat


async def raw(telegram: TelegramServer, method: str, **params: Any) -> bytes:
    """The body of the answer to a call."""
    url = f"{telegram.root}/bot{telegram.token}/{method}"
    async with aiohttp.ClientSession() as session, session.post(url, json=params) as answer:
        return await answer.read()


async def test_every_update_fits_aiograms_types(telegram: TelegramServer) -> None:
    everything(telegram)
    answer = Response[list[types.Update]].model_validate_json(await raw(telegram, "getUpdates"))
    assert answer.ok
    assert answer.result
    assert {update.event_type for update in answer.result} == {
        "message",
        "edited_message",
        "my_chat_member",
    }
    assert len(answer.result) == 15
    assert list(unknown(answer.result)) == []


async def test_every_result_fits_aiograms_types(telegram: TelegramServer) -> None:
    chat = everything(telegram)["id"]
    [photo] = [message for message in telegram.world.rooms[chat].messages.values() if "photo" in message]
    file_id = photo["photo"][0]["file_id"]
    calls: list[tuple[Any, str, Json]] = [
        (types.User, "getMe", {}),
        (types.WebhookInfo, "getWebhookInfo", {}),
        (types.File, "getFile", {"file_id": file_id}),
        (bool, "sendChatAction", {"chat_id": chat, "action": "typing"}),
        (bool, "sendMessageDraft", {"chat_id": chat, "draft_id": 1, "text": "x"}),
        (types.Message, "sendPhoto", {"chat_id": chat, "photo": file_id, "caption": "c"}),
        (types.Message, "sendMessage", {"chat_id": chat, "text": "x"}),
        (bool, "setMyCommands", {"commands": [{"command": "help", "description": "x"}]}),
        (list[types.BotCommand], "getMyCommands", {}),
    ]
    for kind, method, params in calls:
        answer = Response[Any].model_validate_json(await raw(telegram, method, **params))
        assert answer.ok, method
        assert list(unknown(TypeAdapter(kind).validate_python(answer.result), method)) == []
    number = telegram.sent({"id": chat})[-1].id
    edited = await raw(telegram, "editMessageText", chat_id=chat, message_id=number, text="y")
    assert list(unknown(Response[types.Message].model_validate_json(edited).result)) == []


async def test_aiograms_own_client_polls_sends_edits_drafts_and_downloads(
    telegram: TelegramServer, bot: Bot
) -> None:
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    telegram.document(chat, ann, content=b"data", name="a.txt")
    assert (await bot.get_me()).username == "gateway_bot"
    [update] = await bot.get_updates(timeout=1, allowed_updates=["message"])
    assert update.message
    assert update.message.document
    down = await bot.download(update.message.document, io.BytesIO())
    assert down
    assert down.read() == b"data"
    await bot.send_chat_action(chat["id"], "typing")
    await bot.send_message_draft(chat["id"], 1, text="hel")
    assert telegram.draft_now(chat) == "hel"
    bold = types.MessageEntity(type="bold", offset=0, length=5)
    reply = types.ReplyParameters(message_id=update.message.message_id)
    message = await bot.send_message(chat["id"], "hello", entities=[bold], reply_parameters=reply)
    await bot.edit_message_text("hello!", chat_id=chat["id"], message_id=message.message_id)
    await bot.send_document(chat["id"], types.BufferedInputFile(b"up", "b.txt"), caption="c")
    first, second = telegram.sent(chat)
    assert (first.text, first.edits, first.reply_to) == ("hello!", 1, update.message.message_id)
    assert (second.kind, second.text) == ("document", "c")
    assert await bot.get_updates(offset=update.update_id + 1) == []


async def test_aiogram_knows_every_refusal(telegram: TelegramServer, bot: Bot) -> None:
    ann = telegram.user("Ann")
    chat, small = telegram.private(ann), telegram.group("Small", ann, supergroup=False)
    with pytest.raises(exceptions.TelegramBadRequest, match="message is too long"):
        await bot.send_message(chat["id"], "x" * 4097)
    new = telegram.migrate(small)
    with pytest.raises(exceptions.TelegramMigrateToChat) as moved:
        await bot.send_message(small["id"], "x")
    assert moved.value.migrate_to_chat_id == new["id"]
    telegram.limits(per_chat=0.5)
    await bot.send_message(chat["id"], "x")
    with pytest.raises(exceptions.TelegramRetryAfter) as late:
        await bot.send_message(chat["id"], "y")
    assert late.value.retry_after == 2
    telegram.block(chat)
    with pytest.raises(exceptions.TelegramForbiddenError):
        await bot.send_message(chat["id"], "x")
    telegram.fail("getMe", status=500)
    with pytest.raises(exceptions.TelegramServerError):
        await bot.get_me()
    poll = asyncio.create_task(bot.get_updates(offset=telegram.queue.next_id, timeout=30))
    await telegram.until(lambda: telegram.queue.polled)
    telegram.queue.end_poll("other getUpdates request")
    with pytest.raises(exceptions.TelegramConflictError):
        await poll
    telegram.token = "12345:OTHER"
    with pytest.raises(exceptions.TelegramUnauthorizedError):
        await bot.get_me()


async def test_python_telegram_bot_reads_every_update_and_works_with_the_server(
    telegram: TelegramServer,
) -> None:
    chat = everything(telegram)["id"]
    root = f"{telegram.root}/bot"
    async with ptb.Bot(telegram.token, base_url=root, base_file_url=f"{telegram.root}/file/bot") as client:
        updates = await client.get_updates(timeout=1)
        assert len(updates) == 15
        wire = orjson.loads(await raw(telegram, "getUpdates"))["result"]
        for update, sent in zip(updates, wire, strict=True):
            assert not update.api_kwargs
            assert ptb.Update.de_json(sent, client) == update
            message = update.effective_message
            assert message is None or not message.api_kwargs
        photo = next(update.message.photo for update in updates if update.message and update.message.photo)
        file = await photo[0].get_file()
        assert await file.download_as_bytearray()
        sent = await client.send_message(chat, "hello", entities=[ptb.MessageEntity("bold", 0, 5)])
        await sent.edit_text("hello!")
        await client.send_message_draft(chat, 3, "dr")
        await client.send_document(chat, b"up", filename="b.txt")
        await client.set_my_commands([("help", "What I do")])
        await client.delete_message(chat, sent.message_id)
        with pytest.raises(ptb.error.ChatMigrated):
            await client.send_message(
                next(number for number in telegram.world.rooms if -2000 < number < 0), "x"
            )
    assert [message.kind for message in telegram.sent({"id": chat})] == ["document"]
