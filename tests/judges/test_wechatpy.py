"""wechatpy, which we did not write, is an account's server for our WeChat, and WeChat for our account."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.wechat_official import xml
from adapters.wechat_official.crypto import Cipher
from adapters.wechat_official.signing import signature
from gateway import Reply
from tests.adapters.host import FakeHost
from tests.adapters.wechat_official_platform import wechat
from tests.judges import pypi
from tests.judges.program import Program, running
from tests.servers.wechat_official import Person, WeChatServer
from tests.servers.wechat_official.pushes import xml as as_wechat_writes

pytestmark = pytest.mark.judge

_HERE = Path(__file__).parent
NONCE = "1234567890"


@asynccontextmanager
async def program(name: str, server: WeChatServer, *, key: bool = True) -> AsyncIterator[Program]:
    """A program made with wechatpy, for the account of *server*."""
    account, path = server.account, str(pypi.find(pypi.WECHATPY))
    words = [account.token, account.key if key else "", account.app_id]
    async with running([sys.executable, str(_HERE / name), *words], PYTHONPATH=path) as started:
        yield started


# wechatpy as the account's server.


@pytest.fixture(params=["plain", "compatible", "secure"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[WeChatServer]:
    async with WeChatServer(mode=request.param) as made:
        yield made


@pytest.fixture
async def account(server: WeChatServer) -> AsyncIterator[Program]:
    async with program("wechatpy_account.py", server, key=server.account.mode != "plain") as started:
        server.account.url = f"http://127.0.0.1:{await started.until('port')}/"
        yield started


def seen(person: Person) -> list[tuple[str, str]]:
    """What *person* sees, and how it came."""
    return [(shown.text, shown.via) for shown in person.shown]


async def test_it_understands_our_wechat_and_is_understood(server: WeChatServer, account: Program) -> None:
    ann = server.person()
    assert await server.prove("4711") == (200, "4711")
    assert (await server.prove(signature="0" * 40))[0] == 403
    texts = ["hello", "你好 🌍", "a ]]> b & <c>"]
    for number, text in enumerate(texts, 1):
        push = await server.say(ann, text)
        assert await account.until("text", number) == text
        assert await account.until("id", number) == push.id
        assert await account.until("person", number) == ann.id
        if "]]>" not in text:  # it does not quote that itself
            assert await server.settled(push) == "answered"
            assert seen(ann)[-1] == (text, "passive")
    assert await server.settled(await server.say(ann, "silence")) == "accepted"


async def test_it_knows_every_kind_of_message_of_our_wechat(server: WeChatServer, account: Program) -> None:
    ann = server.person()
    await server.picture(ann, b"picture")
    await server.voice(ann, b"voice", "你好")
    await server.video(ann, b"video")
    await server.location(ann, "广州")
    await server.link(ann, "title", "http://example.org")
    kinds = ["image", "voice", "video", "location", "link"]
    assert [await account.until("heard", number) for number in range(1, 6)] == kinds
    await server.follow(ann)
    await server.click(ann, "V1001")
    await server.unfollow(ann)
    assert [await account.until("event", number) for number in (6, 7, 8)] == [
        "subscribe",
        "click",
        "unsubscribe",
    ]
    assert server.complaints == []


# wechatpy as WeChat.


class Judge:
    """wechatpy, asked by lines."""

    def __init__(self, started: Program) -> None:
        self._program = started
        self._asked = 0

    async def __call__(self, act: str, *arguments: Any) -> Any:
        self._asked += 1
        self._program.write(orjson.dumps([act, arguments]).decode())
        return await self._program.until("answer", self._asked)


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path)


@asynccontextmanager
async def judged(host: FakeHost, mode: str) -> AsyncIterator[tuple[WeChatServer, Any, Judge]]:
    """Our adapter on our WeChat, and wechatpy beside it."""
    made = WeChatServer(mode=mode)
    async with (
        wechat(host, world=made, patience=4.5) as (world, stage),
        program("wechatpy_wechat.py", world) as started,
    ):
        yield world, stage, Judge(started)


async def test_it_signs_and_encrypts_as_we_do() -> None:
    server = WeChatServer()
    account = server.account
    cipher = Cipher(account.key, account.app_id)
    async with program("wechatpy_wechat.py", server) as started:
        judge = Judge(started)
        for text in ("hello", "你好 🌍", "x" * 2048, *("y" * length for length in range(1, 34))):
            assert await judge("decrypt", cipher.encrypt(text)) == text
            assert cipher.decrypt(await judge("encrypt", text)).decode() == text
        ours = signature(account.token, "1700000000", NONCE, "sealed")
        assert await judge("sign", [account.token, "1700000000", NONCE, "sealed"]) == ours
        assert await judge("check", signature(account.token, "1700000000", NONCE), "1700000000", NONCE)
        assert not await judge("check", signature("another", "1700000000", NONCE), "1700000000", NONCE)


@pytest.mark.parametrize("mode", ["plain", "secure"])
async def test_what_it_sends_is_heard_and_what_we_answer_is_read(host: FakeHost, mode: str) -> None:
    async with judged(host, mode) as (world, stage, judge):
        account, ann = world.account, world.person()
        timestamp = str(int(time.time()))
        plain = as_wechat_writes(
            {
                "ToUserName": account.original,
                "FromUserName": ann.id,
                "CreateTime": timestamp,
                "MsgType": "text",
                "Content": "你好 🌍",
                "MsgId": "6000000000000000001",
            }
        )
        assert (await judge("parse", plain))["content"] == "你好 🌍"
        query = {"signature": await judge("sign", [account.token, timestamp, NONCE])}
        query |= {"timestamp": timestamp, "nonce": NONCE}
        body = plain
        if mode == "secure":
            body = await judge("seal", plain, NONCE, timestamp)
            sealed = (await judge("fields", body))["Encrypt"]
            query["msg_signature"] = await judge("sign", [account.token, timestamp, NONCE, sealed])
            query["encrypt_type"] = "aes"
        posted = world.pushes.post(query, body.encode())
        status, answer = await answered(stage, posted, "您好 <b>]]></b> 🌍")
        assert status == 200
        fields = await judge("open" if mode == "secure" else "fields", answer.decode())
        assert (fields["ToUserName"], fields["FromUserName"]) == (ann.id, account.original)
        assert (fields["MsgType"], fields["Content"]) == ("text", "您好 <b>]]></b> 🌍")


async def answered(stage: Any, posted: Any, text: str) -> tuple[int, bytes]:
    """What *posted* is answered when the gateway says *text*."""
    task = asyncio.create_task(posted)
    (message,) = await stage.inbox.get()
    await stage.adapter.send(message.chat, Reply(text, question=message.id))
    return await task


def test_our_xml_is_like_the_documentations() -> None:
    written = xml.write({"ToUserName": "toUser", "CreateTime": 12345678, "Content": "你好"})
    assert written == (
        "<xml><ToUserName><![CDATA[toUser]]></ToUserName><CreateTime>12345678</CreateTime>"
        "<Content><![CDATA[你好]]></Content></xml>"
    )
