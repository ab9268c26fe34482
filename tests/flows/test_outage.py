"""Something is down: the platform, the model, a login; what can go on goes on, and nobody is forgotten."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.flows.conftest import Configure, House, in_house
from tests.flows.test_talk import asked
from tests.ports import free_port
from tests.servers.model import Body, Fault, ModelServer, Refusal, echo
from tests.servers.telegram import TelegramServer


@asynccontextmanager
async def down(telegram: TelegramServer) -> AsyncIterator[None]:
    """Nobody listens at Telegram's address inside."""
    await telegram.__aexit__()
    yield
    await telegram.__aenter__()


def question(body: Body) -> str:
    """What a person asked."""
    return str(body["messages"][-1]["content"])


def texts(telegram: TelegramServer, chat: dict[str, Any]) -> list[str]:
    """What the bot said in *chat*."""
    return [message.text for message in telegram.sent(chat)]


CONFIG = {
    "channels": {
        "telegram": {"poll_timeout": 1},
        "second": {"model": "special", "system_prompt": "Be kind.", "reply_prefix": "Second:"},
        "bad": {"token": "999:WRONG"},
    },
    "models": {"spare": {"model": "spare"}},
    "fallback": ["spare"],
    "timeouts": {"first_token": 0.6},
}


@in_house
async def test_what_waits_while_telegram_is_down_is_answered_once_afterwards(house: House) -> None:
    telegram, model, process = house.telegram, house.model, house.process
    people = [telegram.user(name) for name in ("Ann", "Bob", "Cid")]
    chats = [telegram.private(person) for person in people]
    model.latency = 0.5
    for chat, person in zip(chats, people, strict=True):
        telegram.say(chat, person, "one")
        telegram.say(chat, person, "two")
    await telegram.until(lambda: len(telegram.called("getUpdates")) > 1, timeout=20)
    await model.until(lambda: len(model.requests) == 3)
    async with down(telegram):
        await model.until(lambda: model.served == 3)
        for chat, person in zip(chats, people, strict=True):
            telegram.say(chat, person, "three")
        async with asyncio.timeout(10):
            while len(process.lines("not sent, again")) < 6:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
    for chat in chats:
        await telegram.answers(chat, 3, timeout=30)
    assert " up " in await process.idle()
    for chat in chats:
        assert texts(telegram, chat) == ["one (1 turns)", "two (3 turns)", "three (5 turns)"]
    assert len(model.requests) == 9


@in_house
async def test_a_poll_that_is_deaf_or_taken_by_another_process_is_noticed_and_mended(house: House) -> None:
    telegram, model, process = house.telegram, house.model, house.process
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    model.delay = 0.4  # the answer is due in the middle of the deafness
    telegram.say(chat, ann, "one")
    await model.until(lambda: model.requests, seconds=20)
    before = len(process.lines("channel telegram is"))
    telegram.hang("getUpdates")
    await telegram.until(lambda: not telegram.faults)
    await telegram.answers(chat, 1)
    model.delay = 0.0
    telegram.say(chat, ann, "two")
    await telegram.answers(chat, 2)
    down, up = process.lines("channel telegram is")[before:]
    assert "telegram is down: no answer" in down["text"]
    assert "telegram is up" in up["text"]
    telegram.fail("getUpdates", status=409, times=2)
    telegram.say(chat, ann, "three")
    await telegram.answers(chat, 3)
    lines = process.lines("another process polls this token")
    assert [line["level"] for line in lines] == ["warning"]
    assert "stop the other one" in lines[0]["text"]
    await process.shows(lambda said: "another process polls" in said and said.count(" up ") == 2)
    assert texts(telegram, chat) == ["one (1 turns)", "two (3 turns)", "three (5 turns)"]


@in_house
async def test_a_model_that_is_down_is_replaced_waited_for_or_excused(house: House) -> None:
    telegram, model, process = house.telegram, house.model, house.process
    faults: dict[tuple[str, str], Fault | Refusal] = {
        ("test", "down"): Refusal(503, "The engine is overloaded."),
        ("test", "hung"): Fault(-1, "hang"),
        ("test", "no money"): Refusal(429, "You exceeded your current quota.", "insufficient_quota"),
        ("test", "没人"): Refusal(503, "The engine is overloaded."),
        ("spare", "没人"): Refusal(502, "Bad gateway"),
    }
    limits = [Refusal(429, "Rate limit reached.", "rate_limit_exceeded", headers={"Retry-After": "1"})]

    def fault(body: Body) -> Fault | Refusal | None:
        if question(body) == "limited" and limits:
            return limits.pop()
        return faults.get((body["model"], question(body)))

    model.fault = fault
    model.answer = lambda body: f"{body['model']}: {echo(body)}"
    kinds = ("down", "hung", "no money", "没人", "limited")
    people = {kind: telegram.user(kind) for kind in kinds}
    chats = {kind: telegram.private(person) for kind, person in people.items()}
    for kind, person in people.items():
        telegram.say(chats[kind], person, kind)
        telegram.say(chats[kind], person, "next")
    for chat in chats.values():
        await telegram.answers(chat, 2, timeout=30)
    await process.idle()
    for kind in ("down", "hung", "no money"):
        assert texts(telegram, chats[kind]) == [f"spare: {kind} (1 turns)", "test: next (3 turns)"]
    assert texts(telegram, chats["limited"]) == ["test: limited (1 turns)", "test: next (3 turns)"]
    excuse, following = texts(telegram, chats["没人"])
    assert excuse.startswith("模型暂时无法回答，请稍后再试。（错误编号 ")
    assert following == "test: next (1 turns)"
    asked_for = [(request.body["model"], question(request.body)) for request in model.requests]
    assert asked_for.count(("test", "no money")) == 1
    assert asked_for.count(("test", "down")) == 3


@in_house
async def test_channels_stand_beside_each_other_each_with_its_own_ways(house: House) -> None:
    telegram, second, model = house.telegram, house.telegrams["second"], house.model
    ann = telegram.user("Ann")
    chat, other = telegram.private(ann), second.private(ann)
    telegram.say(chat, ann, "one")
    second.say(other, ann, "one")
    await telegram.answers(chat, 1, timeout=20)
    await second.answers(other, 1)
    said = await house.process.shows(lambda said: said.count(" up ") == 2 and "auth failed" in said)
    assert texts(telegram, chat) == ["one (1 turns)"]
    assert texts(second, other) == ["Second:\none (2 turns)"]
    (row,) = [row for row in said.splitlines() if row.startswith("bad ")]
    assert "auth failed" in row
    (line,) = house.process.lines("auth failed")
    assert "@BotFather" in line["text"]
    bodies = {request.body["model"]: request.body["messages"] for request in model.requests}
    assert [turn["content"] for turn in bodies["special"]] == ["Be kind.", "one"]
    assert [turn["content"] for turn in bodies["test"]] == ["one"]


async def test_another_bot_on_the_same_data_answers_nothing_that_was_asked_of_the_first(
    telegram: TelegramServer, model: ModelServer, gateway: Configure
) -> None:
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    model.latency = lambda body: 30.0 if question(body) == "two" else 0.0
    async with TelegramServer(token="777:OTHER", username="other_bot") as other:
        talk = other.private(ann)
        async with gateway() as process:
            telegram.say(chat, ann, "one")
            await telegram.answers(chat, 1, timeout=20)
            telegram.say(chat, ann, "two")
            await model.until(lambda: len(model.requests) == 2)
            await process.kill()
            config = json.loads(process.file.read_text())
            config["channels"]["telegram"] |= {"token": other.token, "api_root": other.root}
            process.file.write_text(json.dumps(config))
            await process.start()
            other.say(talk, ann, "three")
            await other.answers(talk, 1, timeout=20)
            await process.idle()
            assert "another account" in process.tells("dead", "list")
    assert texts(other, talk) == ["three (1 turns)"]
    assert asked(model) == ["three"]
    assert len(model.requests) == 3
    assert "offset" not in other.called("getUpdates")[0].params


async def test_an_update_that_a_webhook_brings_twice_is_answered_once(
    telegram: TelegramServer, model: ModelServer, gateway: Configure
) -> None:
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    port = free_port()
    root = f"http://127.0.0.1:{port}"
    webhook = {"mode": "webhook", "webhook_url": root, "webhook_secret": "the-secret-word"}
    async with gateway(webhook, web={"port": port}) as process:
        await telegram.until(lambda: telegram.webhook is not None, timeout=20)
        telegram.say(chat, ann, "one")
        await telegram.answers(chat, 1)
        message = {"message_id": 900, "date": 1, "chat": chat, "from": ann}

        async def post(number: int, text: str, secret: str | None) -> int:
            update = {"update_id": number, "message": {**message, "message_id": number, "text": text}}
            headers = {} if secret is None else {"X-Telegram-Bot-Api-Secret-Token": secret}
            url = f"{root}/hook/telegram"
            async with (
                aiohttp.ClientSession() as session,
                session.post(url, json=update, headers=headers) as answer,
            ):
                return answer.status

        assert await post(900, "two", "the-secret-word") == 200
        assert await post(900, "two", "the-secret-word") == 200
        assert await post(901, "from a stranger", "another-word") == 403
        assert await post(901, "from a stranger", None) == 403
        await telegram.answers(chat, 2)
        assert await post(900, "two", "the-secret-word") == 200
        telegram.say(chat, ann, "three")
        await telegram.answers(chat, 3)
        await process.idle()
    assert texts(telegram, chat) == ["one (1 turns)", "two (3 turns)", "three (5 turns)"]


@in_house
async def test_an_answer_whose_beginning_may_have_arrived_comes_whole_below_it(house: House) -> None:
    telegram, model = house.telegram, house.model
    ann = telegram.user("Ann")
    room = telegram.group("Friends", ann)
    telegram.fail("sendMessage", status=504, after_acting=True)
    model.answer, model.chunks, model.delay = (lambda body: "word " * 100 + "and the end"), 30, 0.05
    telegram.say(room, ann, "@gateway_bot tell me")
    await telegram.answers(room, 2, timeout=20)
    beginning, whole = texts(telegram, room)
    assert whole == "word " * 100 + "and the end"
    assert "word" in beginning
    assert "the end" not in beginning


@in_house
async def test_an_answer_that_may_have_arrived_is_not_sent_twice_unless_the_operator_says_so(
    house: House,
) -> None:
    telegram, process = house.telegram, house.process
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    unsure = "My answer, or a part of it, may not have arrived. If it is missing, send /retry."
    lost = telegram.fail("sendMessage", body=b'{"ok": true, "result": {}}', status=200, cut=True)
    lost.when = lambda params: params["text"].startswith("one")
    lost.after_acting = True
    telegram.say(chat, ann, "one")
    await telegram.answers(chat, 2, timeout=20)
    assert texts(telegram, chat) == ["one (1 turns)", unsure]
    said = await process.says("Unconfirmed", "dead", "list")
    number = said.splitlines()[1].split()[0]
    telegram.say(chat, ann, "two")
    await telegram.answers(chat, 3)
    assert await process.command("dead", "retry", number) == (0, "1 put back\n")
    await telegram.answers(chat, 4, timeout=20)
    assert texts(telegram, chat)[2:] == ["two (3 turns)", "one (1 turns)"]
