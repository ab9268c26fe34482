"""The Telegram simulator delivers, fails and waits as Telegram does."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web

from tests.servers.conftest import BotClient
from tests.servers.telegram import TelegramServer

Json = dict[str, Any]


# -- the door


async def test_wrong_token_is_401_and_unknown_method_404(telegram: TelegramServer, bot: BotClient) -> None:
    assert await bot.refused("sendTelepathy") == (404, "Not Found: method not found")
    telegram.token = "12345:OTHER"
    url = f"{telegram.root}/bot12345:TEST/getMe"
    async with bot.session.get(url) as answer:
        assert answer.status == 401
        assert await answer.json() == {"ok": False, "error_code": 401, "description": "Unauthorized"}


async def test_get_me_says_what_the_bot_may_read(telegram: TelegramServer, bot: BotClient) -> None:
    me = await bot.ok("getMe")
    assert (me["id"], me["username"], me["can_read_all_group_messages"]) == (12345, "gateway_bot", True)


@pytest.mark.parametrize("body", ["form", "multipart", "query"])
async def test_forms_are_read_like_json(
    telegram: TelegramServer, bot: BotClient, chat: Json, body: str
) -> None:
    entities = orjson.dumps([{"type": "bold", "offset": 0, "length": 2}]).decode()
    values = {"chat_id": str(chat["id"]), "text": "héé & =", "entities": entities}
    sent: Any = values
    if body == "multipart":
        sent = aiohttp.FormData(default_to_multipart=True)
        for key, value in values.items():
            sent.add_field(key, value)
    url = f"{telegram.root}/bot{telegram.token}/sendMessage"
    ask = {"params": values} if body == "query" else {"data": sent}
    async with bot.session.post(url, **ask) as answer:
        assert answer.status == 200
    [message] = telegram.sent(chat)
    assert message.text == "héé & ="
    assert message.entities == [{"type": "bold", "offset": 0, "length": 2}]


# -- getUpdates


async def test_updates_stay_until_a_greater_offset_confirms_them(
    telegram: TelegramServer, bot: BotClient, chat: Json, ann: Json
) -> None:
    for text in "abc":
        telegram.say(chat, ann, text)
    first = await bot.ok("getUpdates")
    assert [update["message"]["text"] for update in first] == ["a", "b", "c"]
    assert await bot.ok("getUpdates") == first
    assert await bot.ok("getUpdates", offset=first[1]["update_id"]) == first[1:]
    assert await bot.ok("getUpdates", offset=first[2]["update_id"] + 1) == []
    assert await bot.ok("getUpdates") == []


async def test_limit_is_clamped_and_negative_offset_counts_from_the_end(
    telegram: TelegramServer, bot: BotClient, chat: Json, ann: Json
) -> None:
    for number in range(120):
        telegram.say(chat, ann, str(number))
    assert len(await bot.ok("getUpdates", limit=1000)) == 100
    assert len(await bot.ok("getUpdates", limit=0)) == 1
    last = await bot.ok("getUpdates", offset=-2)
    assert [update["message"]["text"] for update in last] == ["118", "119"]
    assert len(await bot.ok("getUpdates")) == 2  # what came before is forgotten


async def test_an_offset_of_another_bot_is_not_believed(
    telegram: TelegramServer, bot: BotClient, chat: Json, ann: Json
) -> None:
    telegram.say(chat, ann, "hello")
    [update] = await bot.ok("getUpdates", offset=telegram.queue.next_id + 5000)
    assert update["message"]["text"] == "hello"


async def test_a_long_poll_ends_with_the_first_update(
    telegram: TelegramServer, bot: BotClient, chat: Json, ann: Json
) -> None:
    poll = asyncio.create_task(bot.ok("getUpdates", timeout=50))
    await telegram.until(lambda: telegram.queue.polled)
    telegram.say(chat, ann, "now")
    [update] = await poll
    assert update["message"]["text"] == "now"


async def test_an_empty_long_poll_lasts_its_timeout(telegram: TelegramServer, bot: BotClient) -> None:
    began = time.monotonic()
    assert await bot.ok("getUpdates", timeout=1) == []
    assert 0.9 < time.monotonic() - began < 3


async def test_a_second_poller_ends_the_first_with_409(telegram: TelegramServer, bot: BotClient) -> None:
    first = asyncio.create_task(bot.refused("getUpdates", timeout=50))
    await telegram.until(lambda: telegram.queue.polled)
    second = asyncio.create_task(bot.call("getUpdates", timeout=50))
    status, reason = await first
    assert status == 409
    assert reason == (
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )
    second.cancel()


async def test_a_poller_that_went_away_takes_nothing_with_it(
    telegram: TelegramServer, bot: BotClient, chat: Json, ann: Json
) -> None:
    poll = asyncio.create_task(bot.call("getUpdates", timeout=50))
    await telegram.until(lambda: telegram.queue.polled)
    poll.cancel()
    telegram.say(chat, ann, "still here")
    assert len(await bot.ok("getUpdates", timeout=1)) == 1


async def test_allowed_updates_are_remembered_and_applied_when_an_update_is_made(
    telegram: TelegramServer, bot: BotClient, chat: Json, ann: Json
) -> None:
    await bot.ok("getUpdates", allowed_updates=["edited_message"])
    number = telegram.say(chat, ann, "not wanted")
    telegram.edit(chat, number, "wanted")
    [update] = await bot.ok("getUpdates")
    assert update["edited_message"]["text"] == "wanted"
    assert update["edited_message"]["edit_date"]
    await bot.ok("getUpdates", allowed_updates=[])
    telegram.say(chat, ann, "by default")
    assert telegram.push({"message_reaction": {}}) == 0
    assert len(await bot.ok("getUpdates")) == 2


async def test_update_ids_grow_by_one_and_raw_updates_pass_as_they_are(
    telegram: TelegramServer, bot: BotClient
) -> None:
    first = telegram.push({"message": {"text": 5}})
    assert telegram.push({"nonsense": [None]}) == first + 1
    assert await bot.ok("getUpdates") == [
        {"update_id": first, "message": {"text": 5}},
        {"update_id": first + 1, "nonsense": [None]},
    ]


# -- webhooks


class Hook:
    """A bot's web server: takes updates, answering with *statuses* first."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.tries = 0
        self.texts: list[str] = []
        self.secrets: set[str | None] = set()

    async def take(self, request: web.Request) -> web.Response:
        self.tries += 1
        self.secrets.add(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            self.texts.append((await request.json())["message"]["text"])
        return web.Response(status=status)


async def listen(hook: Callable[[web.Request], Awaitable[web.Response]]) -> tuple[web.AppRunner, str]:
    app = web.Application()
    app.router.add_post("/hook", hook)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}/hook"


async def test_webhook_gets_updates_in_order_with_the_secret_and_again_after_an_error(
    telegram: TelegramServer, bot: BotClient, chat: Json, ann: Json
) -> None:
    hook = Hook(500, 403)
    runner, url = await listen(hook.take)
    telegram.say(chat, ann, "early")
    assert await bot.ok("setWebhook", url=url, secret_token="s-1_")
    assert (await bot.refused("getUpdates"))[0] == 409
    telegram.say(chat, ann, "late")
    await telegram.until(lambda: not telegram.queue.pending)
    assert hook.texts == ["early", "late"]
    assert hook.tries == 4
    assert hook.secrets == {"s-1_"}
    info = await bot.ok("getWebhookInfo")
    assert (info["url"], info["pending_update_count"]) == (url, 0)
    assert info["last_error_message"] == "Wrong response from the webhook: 403 Forbidden"
    assert await bot.ok("deleteWebhook")
    assert await bot.ok("getUpdates") == []
    await runner.cleanup()


async def test_bad_webhooks_are_refused(bot: BotClient) -> None:
    assert "HTTPS" in (await bot.refused("setWebhook", url="http://example.org/"))[1]
    _, reason = await bot.refused("setWebhook", url="https://example.org/", secret_token="a b")
    assert reason == "Bad Request: secret token contains unallowed characters"
    _, reason = await bot.refused("setWebhook", url="https://example.org/", secret_token="a" * 257)
    assert reason == "Bad Request: secret token is too long"


async def test_setting_a_webhook_ends_the_poll(telegram: TelegramServer, bot: BotClient) -> None:
    poll = asyncio.create_task(bot.refused("getUpdates", timeout=50))
    await telegram.until(lambda: telegram.queue.polled)
    await bot.ok("setWebhook", url="http://127.0.0.1:9/hook")
    assert await poll == (409, "Conflict: terminated by setWebhook request")


async def test_drop_pending_updates_drops_them(
    telegram: TelegramServer, bot: BotClient, chat: Json, ann: Json
) -> None:
    telegram.say(chat, ann, "lost")
    await bot.ok("deleteWebhook", drop_pending_updates=True)
    assert await bot.ok("getUpdates") == []


# -- files


async def test_files_come_down_as_they_went_up(
    telegram: TelegramServer, bot: BotClient, chat: Json, ann: Json
) -> None:
    telegram.document(chat, ann, content=b"data", name="a.txt", caption="read", media_group="7")
    telegram.voice(chat, ann)
    telegram.sticker(chat, ann)
    telegram.photo(chat, ann)
    document, voice, sticker, photo = [update["message"] for update in await bot.ok("getUpdates")]
    assert (document["caption"], document["media_group_id"]) == ("read", "7")
    assert voice["voice"]["duration"] == 2
    assert sticker["sticker"]["emoji"]
    assert [size["width"] for size in photo["photo"]] == [90, 1280]
    file = await bot.ok("getFile", file_id=document["document"]["file_id"])
    async with bot.session.get(f"{telegram.root}/file/bot{telegram.token}/{file['file_path']}") as answer:
        assert await answer.read() == b"data"
    async with bot.session.get(f"{telegram.root}/file/bot{telegram.token}/no") as answer:
        assert answer.status == 404
    assert await bot.refused("getFile", file_id="no") == (400, "Bad Request: invalid file_id")


async def test_a_file_over_twenty_megabytes_cannot_be_fetched(
    telegram: TelegramServer, bot: BotClient, chat: Json, ann: Json
) -> None:
    telegram.document(chat, ann, content=bytes((20 << 20) + 1))
    [update] = await bot.ok("getUpdates")
    got = await bot.refused("getFile", file_id=update["message"]["document"]["file_id"])
    assert got == (400, "Bad Request: file is too big")


# -- faults and limits


async def test_a_fault_comes_as_often_as_asked_and_only_when(
    telegram: TelegramServer, bot: BotClient, chat: Json
) -> None:
    telegram.fail("sendMessage", status=429, parameters={"retry_after": 3}, when=lambda p: p["text"] == "b")
    await bot.ok("sendMessage", chat_id=chat["id"], text="a")
    answer = await bot.call("sendMessage", chat_id=chat["id"], text="b")
    assert (answer["error_code"], answer["parameters"]) == (429, {"retry_after": 3})
    await bot.ok("sendMessage", chat_id=chat["id"], text="b")
    assert [call.status for call in telegram.called("sendMessage")] == [200, 429, 200]


async def test_answers_can_be_garbage_cut_or_missing(
    telegram: TelegramServer, bot: BotClient, chat: Json
) -> None:
    url = f"{telegram.root}/bot{telegram.token}/sendMessage"
    body = {"chat_id": chat["id"], "text": "x"}
    telegram.fail("sendMessage", status=502, body=b"<html>")
    async with bot.session.post(url, json=body) as answer:
        assert (answer.status, await answer.read()) == (502, b"<html>")
    telegram.fail("sendMessage", status=200, cut=True)
    async with bot.session.post(url, json=body) as answer:
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()
    assert telegram.sent(chat) == []
    telegram.hang("sendMessage", after_acting=True)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2), bot.session.post(url, json=body):
            pass
    assert [message.text for message in telegram.sent(chat)] == ["x"]
    assert telegram.calls[-1].status is None


async def test_faults_wait_behind_the_token_and_before_the_method(
    telegram: TelegramServer, bot: BotClient
) -> None:
    telegram.fail("*", status=500, times=2)
    async with bot.session.get(f"{telegram.root}/bot1:NO/getMe") as answer:
        assert answer.status == 401
    assert (await bot.refused("noSuchMethod"))[0] == 500
    assert (await bot.refused("getMe"))[0] == 500
    await bot.ok("getMe")


async def test_limits_name_the_seconds_to_wait(telegram: TelegramServer, bot: BotClient, chat: Json) -> None:
    telegram.limits(per_chat=0.5, overall=None, burst=2)
    for text in "ab":
        await bot.ok("sendMessage", chat_id=chat["id"], text=text)
    answer = await bot.call("sendMessage", chat_id=chat["id"], text="c")
    assert answer["description"] == "Too Many Requests: retry after 2"
    assert answer["parameters"] == {"retry_after": 2}
    assert len(telegram.sent(chat)) == 2


async def test_waiting_as_long_as_told_is_enough(
    telegram: TelegramServer, bot: BotClient, chat: Json
) -> None:
    telegram.limits(per_chat=1, overall=None)
    await bot.ok("sendMessage", chat_id=chat["id"], text="a")
    answer = await bot.call("sendMessage", chat_id=chat["id"], text="b")
    await asyncio.sleep(answer["parameters"]["retry_after"])
    await bot.ok("sendMessage", chat_id=chat["id"], text="b")


async def test_groups_have_a_limit_by_the_minute_and_all_share_one(
    telegram: TelegramServer, bot: BotClient, chat: Json, group: Json
) -> None:
    telegram.limits(per_chat=None, group_per_minute=2, overall=None)
    for text in "ab":
        await bot.ok("sendMessage", chat_id=group["id"], text=text)
    answer = await bot.call("sendMessage", chat_id=group["id"], text="c")
    assert 58 <= answer["parameters"]["retry_after"] <= 60
    await bot.ok("sendMessage", chat_id=chat["id"], text="another chat")
    telegram.limits(per_chat=None, group_per_minute=None, overall=1)
    await bot.ok("sendMessage", chat_id=chat["id"], text="x")
    assert (await bot.refused("sendMessage", chat_id=group["id"], text="x"))[0] == 429


# -- the simulator itself


async def test_a_server_that_was_away_comes_back_as_it_was() -> None:
    telegram = TelegramServer()
    async with aiohttp.ClientSession() as session:
        bot = BotClient(telegram, session)
        async with telegram:
            ann = telegram.user()
            chat = telegram.private(ann)
            await bot.ok("sendMessage", chat_id=chat["id"], text="before")
            poll = asyncio.create_task(bot.call("getUpdates", timeout=50))
            await telegram.until(lambda: telegram.queue.polled)
        with pytest.raises(aiohttp.ClientError):
            await poll
        telegram.say(chat, ann, "while away")
        with pytest.raises(aiohttp.ClientError):
            await bot.call("getMe")
        async with telegram:
            [update] = await bot.ok("getUpdates")
            assert update["message"]["text"] == "while away"
            assert [message.text for message in telegram.sent(chat)] == ["before"]


async def test_waiting_is_woken_and_says_what_was_seen_when_it_was_in_vain(
    telegram: TelegramServer, bot: BotClient, chat: Json
) -> None:
    waiting = asyncio.create_task(telegram.answers(chat, 2))
    for text in "ab":
        await bot.ok("sendMessage", chat_id=chat["id"], text=text)
    assert [message.text for message in await waiting] == ["a", "b"]
    with pytest.raises(AssertionError, match=r"200 sendMessage[\s\S]*2 messages of the bot"):
        await telegram.answers(chat, 3, timeout=0.05)


async def test_a_person_can_talk_to_a_bot_by_hand() -> None:
    command = ["-m", "tests.servers.telegram", "--port", "0"]
    pipe = asyncio.subprocess.PIPE
    person = await asyncio.create_subprocess_exec(sys.executable, *command, stdin=pipe, stdout=pipe)
    assert person.stdin
    assert person.stdout
    root = (await person.stdout.readline()).decode().split()[3]
    person.stdin.write(b"hello\n")
    async with aiohttp.ClientSession() as session:
        async with session.get(root + "getUpdates", params={"timeout": 5}) as answer:
            [update] = (await answer.json())["result"]
        reply = {"chat_id": update["message"]["chat"]["id"], "text": "hello, " + update["message"]["text"]}
        async with session.post(root + "sendMessage", json=reply) as answer:
            assert answer.status == 200
    assert (await person.stdout.readline()).decode().strip().endswith("bot says: hello, hello")
    person.stdin.close()
    assert await person.wait() == 0


async def test_a_form_that_is_not_utf8_is_refused(telegram: TelegramServer, bot: BotClient) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    url = f"{telegram.root}/bot{telegram.token}/sendMessage"
    async with bot.session.post(url, data=b"chat_id=1&text=%ff", headers=form) as answer:
        assert answer.status == 400


async def test_drafts_do_not_use_up_the_room_of_the_message(
    telegram: TelegramServer, bot: BotClient, chat: Json
) -> None:
    telegram.limits(per_chat=1)
    await bot.ok("sendMessageDraft", chat_id=chat["id"], draft_id=1, text="x")
    assert (await bot.refused("sendMessageDraft", chat_id=chat["id"], draft_id=1, text="xy"))[0] == 429
    await bot.ok("sendMessage", chat_id=chat["id"], text="xyz")
