"""The simulated WeChat is strict, as the real one is. More of it is judged by wechatpy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web

from tests.servers.listening import Port
from tests.servers.wechat_official import FAILURE, Person, WeChatServer
from tests.servers.wechat_official.crypto import encrypt, sign

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@pytest.fixture
async def wechat() -> AsyncIterator[WeChatServer]:
    async with WeChatServer(seconds=0.3) as server:
        yield server


@asynccontextmanager
async def account(wechat: WeChatServer, handler: Handler) -> AsyncIterator[None]:
    """The account's server is *handler*."""
    async with Port(handler) as port:
        wechat.account.url = f"{port.root}/"
        yield


def saying(status: int, body: str | bytes) -> Handler:
    """A server that answers the same to everything."""

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status, body=body)

    return handler


def text(person: Person, us: str = "gh_0123456789ab", **changes: str) -> str:
    fields = {"ToUserName": person.id, "FromUserName": us, "CreateTime": "1", "MsgType": "text"}
    fields |= {"Content": "hi", **changes}
    return f"<xml>{''.join(f'<{name}>{value}</{name}>' for name, value in fields.items())}</xml>"


async def call(wechat: WeChatServer, path: str, body: Any = None, **query: str) -> Any:
    """What an interface answers."""
    async with aiohttp.ClientSession() as session:
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        async with session.post(wechat.root + path, params=query, data=data) as answer:
            return orjson.loads(await answer.read())


async def token(wechat: WeChatServer, **changes: Any) -> Any:
    account = wechat.account
    body = {"grant_type": "client_credential", "appid": account.app_id, "secret": account.secret}
    return await call(wechat, "/cgi-bin/stable_token", {**body, **changes})


# Answers to its questions.


@pytest.mark.parametrize("body", ["success", ""])
async def test_success_and_nothing_are_shown_to_nobody(wechat: WeChatServer, body: str) -> None:
    ann = wechat.person()
    async with account(wechat, saying(200, body)):
        assert await wechat.settled(await wechat.say(ann, "hello")) == "accepted"
    assert (ann.shown, wechat.complaints) == ([], [])


async def test_a_text_is_shown(wechat: WeChatServer) -> None:
    ann = wechat.person()
    async with account(wechat, saying(200, text(ann))):
        assert await wechat.settled(await wechat.say(ann, "hello")) == "answered"
    assert wechat.texts(ann) == ["hi"]


@pytest.mark.parametrize(
    ("status", "change"),
    [
        (500, {}),
        (403, {}),
        (200, {"ToUserName": "oSomebodyElse"}),
        (200, {"FromUserName": "gh_another"}),
        (200, {"CreateTime": "now"}),
        (200, {"MsgType": "telegram"}),
        (200, {"Content": ""}),
        (200, {"Content": "你" * 683}),
        (200, {"Content": "a & b"}),
    ],
)
async def test_anything_else_is_a_failure_that_people_see(
    wechat: WeChatServer, status: int, change: dict[str, str]
) -> None:
    ann = wechat.person()
    async with account(wechat, saying(status, text(ann, **change))):
        push = await wechat.say(ann, "hello")
        assert await wechat.settled(push) == "failed"
    assert (wechat.texts(ann), len(push.tries), len(wechat.complaints)) == ([FAILURE], 1, 1)


@pytest.mark.parametrize("body", ['{"ok": true}', "<html>", "SUCCESS", "<xml><a><b/></a></xml>"])
async def test_json_is_a_failure(wechat: WeChatServer, body: str) -> None:
    ann = wechat.person()
    async with account(wechat, saying(200, body)):
        assert await wechat.settled(await wechat.say(ann, "hello")) == "failed"


async def test_silence_is_a_failure_after_three_requests(wechat: WeChatServer) -> None:
    ann = wechat.person()
    push = await wechat.say(ann, "nobody is there")
    assert await wechat.settled(push) == "failed"
    assert (wechat.texts(ann), len(push.tries)) == ([FAILURE], 3)


async def test_in_secure_mode_a_plain_answer_is_a_failure(wechat: WeChatServer) -> None:
    wechat.account.mode = "secure"
    ann = wechat.person()
    async with account(wechat, saying(200, text(ann))):
        assert await wechat.settled(await wechat.say(ann, "hello")) == "failed"
    key, app_id = wechat.account.key, wechat.account.app_id
    for owner, signed in ((app_id, True), (app_id, False), ("wxanother", True)):
        sealed = encrypt(key, owner, text(ann))
        signature = sign(wechat.account.token, "1", "2", sealed) if signed else "0" * 40
        body = f"<xml><Encrypt>{sealed}</Encrypt><MsgSignature>{signature}</MsgSignature>"
        body += "<TimeStamp>1</TimeStamp><Nonce>2</Nonce></xml>"
        async with account(wechat, saying(200, body)):
            outcome = await wechat.settled(await wechat.say(ann, "hello"))
        assert outcome == ("answered" if owner == app_id and signed else "failed")


# Interfaces.


async def test_a_stable_token_stays_the_same_until_another_is_forced(wechat: WeChatServer) -> None:
    first = await token(wechat)
    assert (await token(wechat))["access_token"] == first["access_token"]
    second = await token(wechat, force_refresh=True)
    assert second["access_token"] != first["access_token"]
    person = wechat.person().id
    path, body = "/cgi-bin/message/custom/typing", {"touser": person, "command": "Typing"}
    assert (await call(wechat, path, body, access_token=first["access_token"]))["errcode"] == 40001
    assert (await call(wechat, path, body, access_token=second["access_token"]))["errcode"] == 0
    assert (await call(wechat, path, body))["errcode"] == 41001


@pytest.mark.parametrize(
    ("changes", "code"), [({"appid": "x"}, 40013), ({"secret": "x"}, 40125), ({"grant_type": "x"}, 40002)]
)
async def test_credentials_are_checked(wechat: WeChatServer, changes: dict[str, str], code: int) -> None:
    assert (await token(wechat, **changes))["errcode"] == code


async def test_customer_service_has_a_window_and_a_number(wechat: WeChatServer) -> None:
    ann, given = wechat.person(), (await token(wechat))["access_token"]

    async def send(content: str = "hi", raw: bytes | None = None) -> int:
        body = {"touser": ann.id, "msgtype": "text", "text": {"content": content}}
        answer = await call(wechat, "/cgi-bin/message/custom/send", raw or body, access_token=given)
        return int(answer["errcode"])

    assert await send() == 45015
    async with account(wechat, saying(200, "")):
        await wechat.settled(await wechat.say(ann, "hello"))
        assert [await send(str(number)) for number in range(6)] == [0, 0, 0, 0, 0, 45047]
        await wechat.settled(await wechat.say(ann, "hello"))
        assert [await send(""), await send("x" * 2049)] == [44004, 45002]
        assert await send(raw=b'{"touser": "\\u4f60"}') in (40003, 40033)
        await wechat.unfollow(ann)
    assert await send() == 45015
    wechat.account.verified = False
    assert await send() == 48001
    assert wechat.texts(ann) == list("01234")
