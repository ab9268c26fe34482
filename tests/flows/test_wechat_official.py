"""People talk to the gateway through an official account."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.texts import Sentence
from tests.flows.process import GatewayProcess
from tests.flows.test_talk import asked
from tests.ports import free_port
from tests.servers.model import Body, ModelServer
from tests.servers.wechat_official import FAILURE, Person, WeChatServer

Account = Callable[..., GatewayProcess]

# WeChat's five seconds, and what we make of them, for tests in a hurry.
SECONDS, PATIENCE = 1.5, 1.2
FETCH = "回答还需要一点时间，请稍后发送任意文字来获取。"
MORE = "\n\n（发送任意文字继续）"


@pytest.fixture
async def wechat() -> AsyncIterator[WeChatServer]:
    async with WeChatServer(seconds=SECONDS, mode="secure") as server:
        yield server


@pytest.fixture
def account(tmp_path: Path, wechat: WeChatServer, model: ModelServer) -> Account:
    """Makes the gateway's process: keyword arguments are keys of its config.json."""
    port = free_port()
    ours = wechat.account
    ours.url = f"http://127.0.0.1:{port}/hook/gzh"

    def configure(patience: float = PATIENCE, **keys: Any) -> GatewayProcess:
        channel = {"type": "wechat_official", "app_id": ours.app_id, "app_secret": ours.secret}
        channel |= {"token": ours.token, "encoding_aes_key": ours.key, "api_root": wechat.root}
        channels = {"gzh": {**channel, "patience": patience}}
        talk = {"base_url": model.base_url, "model": "test", "session_timeout": 3600}
        return GatewayProcess(tmp_path, {**talk, "channels": channels, "web": {"port": port}, **keys})

    return configure


async def ready(wechat: WeChatServer, lives: int = 1) -> None:
    """Wait until the gateway, in this life of it, takes messages: then it asks for a token."""
    await wechat.until(lambda: len(wechat.called("stable_token")) >= lives, 20)


async def told(wechat: WeChatServer, person: Person, text: str) -> str:
    """What *person* is told in the response to *text*."""
    push = await wechat.say(person, text)
    assert await wechat.settled(push) == "answered"
    return person.shown[-1].text


def seen(person: Person) -> list[tuple[str, str]]:
    """What *person* sees, and how it came."""
    return [(shown.text, shown.via) for shown in person.shown]


async def test_a_talk_has_context_a_prefix_and_an_end(
    wechat: WeChatServer, model: ModelServer, account: Account
) -> None:
    ann = wechat.person()
    async with account(reply_prefix="机器人：", session_clear_token="清空会话", system_prompt="Be brief."):
        await ready(wechat)
        said = [await told(wechat, ann, text) for text in ("我叫 Ann", "我是谁？", "清空会话", "我是谁？")]
    assert [text.removeprefix("机器人：\n") for text in said] == [
        "我叫 Ann (2 turns)",
        "我是谁？ (4 turns)",
        "上下文已经清空，请问下一个问题。",
        "我是谁？ (2 turns)",
    ]
    assert asked(model, 1) == ["Be brief.", "我叫 Ann", "我叫 Ann (2 turns)", "我是谁？"]
    assert {shown.via for shown in ann.shown} == {"passive"}
    assert wechat.complaints == []


# A model that takes its time.


def as_long_as_asked(body: Body) -> float:
    """A question is a number: how many seconds its answer takes."""
    return float(re.sub(r"[^\d.]", "", body["messages"][-1]["content"]))


async def three_speeds(
    wechat: WeChatServer, model: ModelServer, process: GatewayProcess, speeds: tuple[float, ...]
) -> list[Person]:
    """Who asked a model that answers at once, soon and late, when every answer is there."""
    model.latency = as_long_as_asked
    model.answer = lambda body: f"回答 {body['messages'][-1]['content']}"
    people = [wechat.person(f"{seconds:g} 秒") for seconds in speeds]
    async with process:
        await ready(wechat)
        pushes = [await wechat.say(person, f"{person.name}？") for person in people]
        for person, push in zip(people, pushes, strict=True):
            await wechat.settled(push)
            if wechat.account.verified:
                await wechat.answers(person, 1, timeout=60)
        await model.until(lambda: model.served >= 3, 60)
        await process.idle()
        late = people[-1]
        if not wechat.account.verified:
            await told(wechat, late, "1")
    for person, push in zip(people, pushes, strict=True):
        print(f"{person.name}: {len(push.tries)} requests, {seen(person)}")  # noqa: T201 - what is asked for
    assert len(model.requests) == 3
    assert wechat.complaints == []
    assert not any(FAILURE in wechat.texts(person) for person in people)
    return people


async def check_three_speeds(
    wechat: WeChatServer, model: ModelServer, process: GatewayProcess, speeds: tuple[float, ...]
) -> None:
    """Each is answered once, in the right way."""
    people = await three_speeds(wechat, model, process, speeds)
    texts = [f"回答 {person.name}？" for person in people]
    at_once, soon, late = map(seen, people)
    assert (at_once, soon) == ([(texts[0], "passive")], [(texts[1], "passive")])
    assert late == (
        [(texts[2], "service")] if wechat.account.verified else [(FETCH, "passive"), (texts[2], "passive")]
    )


@pytest.mark.parametrize("verified", [True, False])
async def test_one_question_of_the_model_and_the_right_way_of_answering(
    wechat: WeChatServer, model: ModelServer, account: Account, verified: bool
) -> None:
    wechat.account.verified = verified
    await check_three_speeds(wechat, model, account(), (0.5, 2.1, 6))


@pytest.mark.long
@pytest.mark.parametrize("verified", [True, False])
async def test_a_model_of_3_9_and_40_seconds_as_wechat_really_waits(
    wechat: WeChatServer, model: ModelServer, account: Account, verified: bool
) -> None:
    wechat.account.verified = verified
    wechat.pushes.seconds = 5.0
    await check_three_speeds(wechat, model, account(patience=4.5), (3, 9, 40))
    questions = wechat.pushes.all[:3]
    assert [len(push.tries) for push in questions] == [1, 2, 3]
    assert all(push.waited < 4.8 for push in wechat.pushes.all)


# What does not get lost.


async def test_an_answer_is_fetched_after_a_crash_and_the_model_asked_once(
    wechat: WeChatServer, model: ModelServer, account: Account
) -> None:
    wechat.account.verified = False
    ann = wechat.person()
    model.latency = 5.5
    async with account() as process:
        await ready(wechat)
        assert await told(wechat, ann, "你好") == FETCH
        await process.idle()
        await process.kill()
        await process.start()
        await ready(wechat, 2)
        assert await told(wechat, ann, "1") == "你好 (1 turns)"
    assert len(model.requests) == 1
    assert wechat.complaints == []


async def test_a_question_that_a_crash_interrupts_is_answered_after_it(
    wechat: WeChatServer, model: ModelServer, account: Account
) -> None:
    ann = wechat.person()
    model.latency = 30
    async with account() as process:
        await ready(wechat)
        push = await wechat.say(ann, "你好")
        await model.until(lambda: bool(model.requests))
        await process.kill()
        model.latency = 0
        await process.start()
        await wechat.answers(ann, 1, timeout=20)
        await wechat.settled(push)
        await process.idle()
    # The process may be back for one of WeChat's requests, or too late for the last.
    answers = [text for text in wechat.texts(ann) if text != FAILURE]
    assert answers == ["你好 (1 turns)"]


@pytest.mark.parametrize("verified", [True, False])
async def test_a_long_answer_comes_in_pieces_and_whole(
    wechat: WeChatServer, model: ModelServer, account: Account, verified: bool
) -> None:
    wechat.account.verified = verified
    sentences = [f"第{number}句话：这是一个很长很长的回答。" for number in range(150)]
    model.answer = "".join(sentences)
    ann = wechat.person()
    async with account() as process:
        await ready(wechat)
        await told(wechat, ann, "请详细回答")
        while not verified and ann.shown[-1].text.endswith(MORE):
            await told(wechat, ann, "继续")
        await process.idle()
    assert "".join(text.removesuffix(MORE) for text in wechat.texts(ann)) == model.answer
    assert all(len(text.encode()) <= 2048 for text in wechat.texts(ann))
    assert len(ann.shown) == 4
    assert [shown.via for shown in ann.shown[1:]] == (["service"] if verified else ["passive"]) * 3
    assert len(model.requests) == 1
    assert wechat.complaints == []


@pytest.mark.parametrize("seconds", [0.0, 6.0])
async def test_what_became_part_of_a_question_is_not_to_be_fetched(
    wechat: WeChatServer, model: ModelServer, account: Account, seconds: float
) -> None:
    """Regression: people were told to fetch an answer that never came, and what they asked next fetched."""
    wechat.account.verified = False
    model.latency = seconds
    ann = wechat.person()
    async with account(merge_seconds=0.5) as process:
        await ready(wechat)
        first = await wechat.say(ann, "你好")
        second = await wechat.say(ann, "你在吗？")
        outcomes = [await wechat.settled(first), await wechat.settled(second)]
        assert outcomes == ["answered", "accepted"]
        await process.idle()
        if seconds:
            assert await told(wechat, ann, "1") == "你好\n你在吗？ (1 turns)"
        model.latency = 0.0
        assert await told(wechat, ann, "那好") == "那好 (3 turns)"
    assert wechat.texts(ann)[:-1] == [FETCH, "你好\n你在吗？ (1 turns)"][not seconds :]
    assert wechat.complaints == []


async def test_what_became_part_of_a_question_is_not_to_be_fetched_after_a_crash(
    wechat: WeChatServer, model: ModelServer, account: Account
) -> None:
    wechat.account.verified = False
    model.latency = 60.0
    ann = wechat.person()
    async with account(merge_seconds=0.3) as process:
        await ready(wechat)
        pushes = [await wechat.say(ann, text) for text in ("你好", "你在吗？")]
        await model.until(lambda: bool(model.requests))
        await process.kill()
        model.latency = 0.0
        await process.start()
        for push in pushes:  # the process may be back for the last of WeChat's requests, or too late
            await wechat.settled(push)
        await process.idle()
        assert (FETCH, pushes[1].id) not in [(shown.text, shown.question) for shown in ann.shown]
        while "你好\n你在吗？ (1 turns)" not in wechat.texts(ann):
            await told(wechat, ann, "1")
        assert await told(wechat, ann, "那好") == "那好 (3 turns)"
    assert len(model.requests) == 3


@pytest.mark.parametrize("command", ["/停止", "/忘记"])
async def test_what_was_dropped_is_gone_after_a_crash(
    wechat: WeChatServer, model: ModelServer, account: Account, command: str
) -> None:
    wechat.account.verified = False
    model.answer = "".join(f"第{number}句话：这是一个很长很长的回答。" for number in range(150))
    ann = wechat.person()
    async with account() as process:
        await ready(wechat)
        assert (await told(wechat, ann, "请详细回答")).endswith(MORE)
        await process.idle()
        said = await told(wechat, ann, command)
        await process.idle()  # or the answer to the command might be repeated
        await process.kill()
        model.answer = "没问题。"
        await process.start()
        await ready(wechat, 2)
        assert await told(wechat, ann, "再问一个") == "没问题。"
    assert said == (Sentence.STOPPED if command == "/停止" else Sentence.FORGOTTEN).say("zh")


async def test_nothing_secret_is_in_the_log(wechat: WeChatServer, account: Account) -> None:
    ann = wechat.person()
    async with account(log={"level": "debug"}) as process:
        await ready(wechat)
        await told(wechat, ann, "你好")
        wechat.expire_tokens()
        await asyncio.gather(*(wechat.pushes.post({"signature": "x"}, b"forged") for _ in range(3)))
        ours, log = wechat.account, process.log
    assert not [secret for secret in (ours.secret, ours.token, ours.key) if secret in log]
    assert "access_token=" not in log


async def test_no_answer_of_a_model_has_a_link_that_speaks_for_a_person(
    wechat: WeChatServer, model: ModelServer, account: Account
) -> None:
    """One tap, and WeChat sent the command in it as the person's own message."""
    ann = wechat.person()
    link = '<a href="weixin://bizmsgmenu?msgmenucontent=/forget&msgmenuid=1">Yes, please!</a>'
    model.answer = f"Shall I go on? {link}"
    async with account():
        await ready(wechat)
        assert await told(wechat, ann, "hello") == f"Shall I go on? {link}".replace("<a", "＜a")
