"""Who is let in at the door of an official account, and what everybody else hears."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.wechat_official.door import LARGEST_BODY
from adapters.wechat_official.options import WechatOfficialOptions
from adapters.wechat_official.signing import Signatures, is_genuine, time_of
from gateway import ChannelState, Chat
from gateway.errors import AuthError
from tests.servers.wechat_official import WeChatServer
from tests.servers.wechat_official.crypto import encrypt, sign
from tests.servers.wechat_official.pushes import xml

from .host import FakeHost, FakeInbox, free_socket, serving, until
from .wechat_official_platform import NONSENSE, PATIENCE, SECONDS, SimulatedWeChat, server, wechat

TAKEN, REFUSED = (200, b"success"), (403, b"")


def fields(world: WeChatServer, **changes: str) -> dict[str, str]:
    """A message as WeChat tells of it."""
    us, person = world.account.original, world.person()
    head = {"ToUserName": us, "FromUserName": person.id, "CreateTime": "1700000000"}
    return {**head, "MsgType": "text", "Content": "hi", "MsgId": f"{random.getrandbits(60)}", **changes}


def signed(world: WeChatServer, ago: float = 0) -> dict[str, str]:
    """A query that WeChat signed so many seconds *ago*."""
    timestamp, nonce = str(int(time.time() - ago)), str(random.getrandbits(30))
    signature = sign(world.account.token, timestamp, nonce)
    return {"signature": signature, "timestamp": timestamp, "nonce": nonce}


def sealed(world: WeChatServer, query: dict[str, str], encrypted: str) -> tuple[dict[str, str], bytes]:
    """A query and a body that WeChat would send in secure mode, whatever is *encrypted*."""
    signature = sign(world.account.token, query["timestamp"], query["nonce"], encrypted)
    query = {**query, "encrypt_type": "aes", "msg_signature": signature}
    return query, xml({"ToUserName": world.account.original, "Encrypt": encrypted}).encode()


@asynccontextmanager
async def not_running(host: FakeHost, world: WeChatServer) -> AsyncIterator[None]:
    """Our routes, while the adapter does not run."""
    bound = free_socket()
    adapter = SimulatedWeChat(world).adapter(host, f"http://127.0.0.1:{bound.getsockname()[1]}")
    async with serving(bound, adapter.routes()):
        yield


# The question at the entry.


@pytest.mark.parametrize("mode", ["plain", "secure"])
async def test_we_prove_to_be_the_accounts_server(host: FakeHost, mode: str) -> None:
    async with wechat(host, world=server(mode=mode)) as (world, _):
        assert await world.prove("5283409823475") == (200, "5283409823475")
        assert len((await world.prove("x" * 2000))[1]) < 300
        for wrong in ({"signature": "0" * 40}, {"nonce": "another"}, {"timestamp": ""}, signed(world, 400)):
            assert await world.prove(**wrong) == (403, "")


async def test_we_prove_it_before_we_know_anything_of_wechat(host: FakeHost) -> None:
    async with server() as world, not_running(host, world):
        assert (await world.prove("echo")) == (200, "echo")


async def test_a_message_that_nobody_could_take_is_asked_about_again(host: FakeHost) -> None:
    async with server() as world, not_running(host, world):
        push = await world.say(world.person(), "hello")
        await world.tried(push, 2)
        assert push.outcome is None


# Strangers.


@pytest.mark.parametrize("mode", ["plain", "secure"])
async def test_nobody_but_wechat_is_let_in(
    host: FakeHost, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with wechat(host, world=server(mode=mode)) as (world, stage):
        query, body = world.pushes.request(fields(world))
        for wrong in ({}, {"signature": ""}, {"signature": "é" * 40}, {"nonce": "1"}, {"timestamp": "x"}):
            asking = {**query, **wrong} if wrong else {}
            assert await world.pushes.post(asking, body) == REFUSED
        for ago in (400, -400):
            assert await world.pushes.post({**query, **signed(world, ago)}, body) == REFUSED
        assert stage.inbox.calls == 0
        assert "is this machine's clock right?" in caplog.text


async def test_strangers_cannot_fill_the_log(host: FakeHost, caplog: pytest.LogCaptureFixture) -> None:
    async with wechat(host) as (world, _):
        for _ in range(30):
            assert (await world.prove(signature="x"))[0] == 403
            assert await world.pushes.post({}, b"") == REFUSED
    assert len([record for record in caplog.records if "not signed" in record.getMessage()]) == 10


async def test_a_signature_is_good_for_one_message(host: FakeHost) -> None:
    """Where the body is not signed, who saw one request could say anything."""
    async with wechat(host) as (world, stage):
        query = signed(world)
        event = {"MsgType": "event", "Event": "VIEW"}
        body = xml(fields(world, **event)).encode()
        assert await world.pushes.post(query, body) == TAKEN
        assert await world.pushes.post(query, body) == TAKEN
        assert await world.pushes.post(query, xml(fields(world)).encode()) == REFUSED
        assert stage.inbox.calls == 0


async def test_a_signature_is_not_good_again_under_another_name(host: FakeHost) -> None:
    """A parameter that means nothing in plain mode made each replay look like a new request."""
    async with wechat(host) as (world, stage):
        query = signed(world)
        event = {"MsgType": "event", "Event": "VIEW"}
        assert await world.pushes.post(query, xml(fields(world, **event)).encode()) == TAKEN
        for more in ({"msg_signature": "x"}, {"msg_signature": query["signature"]}, {"msg_signature": ""}):
            assert await world.pushes.post({**query, **more}, xml(fields(world)).encode()) == REFUSED
        assert stage.inbox.calls == 0


async def test_without_a_key_what_is_encrypted_may_look_another_way_when_wechat_asks_again(
    host: FakeHost,
) -> None:
    async with wechat(host) as (world, stage):
        query, message = signed(world), fields(world, MsgType="event", Event="VIEW")
        for sealed_text in ("AAAA", "BBBB"):
            body = xml({**message, "Encrypt": sealed_text}).encode()
            assert await world.pushes.post(query, body) == TAKEN
        assert stage.inbox.calls == 0


async def test_a_body_that_is_too_big_is_not_read(host: FakeHost) -> None:
    async with wechat(host) as (world, stage):
        assert await world.pushes.post(signed(world), b"<" * (LARGEST_BODY + 1)) == REFUSED
        assert stage.inbox.calls == 0


async def test_what_is_encrypted_is_signed_and_for_us(host: FakeHost) -> None:
    async with wechat(host, world=server(mode="secure")) as (world, stage):
        account, message = world.account, xml(fields(world))
        good = encrypt(account.key, account.app_id, message)
        query, body = sealed(world, signed(world), good)
        assert await world.pushes.post({**query, "msg_signature": "0" * 40}, body) == REFUSED
        assert await world.pushes.post({**query, "msg_signature": query["signature"]}, body) == REFUSED
        others = (
            encrypt(account.key, "wxanother", message),
            encrypt("z" * 43, account.app_id, message),
            good[:-4],
            "AAAA",
            "no base64!",
        )
        for other in others:
            assert await world.pushes.post(*sealed(world, signed(world), other)) == REFUSED
        assert stage.inbox.calls == 0


async def test_what_is_plain_is_refused_where_there_is_a_key(
    host: FakeHost, caplog: pytest.LogCaptureFixture
) -> None:
    async with wechat(host, world=server(mode="secure")) as (world, stage):
        assert await world.pushes.post(signed(world), xml(fields(world)).encode()) == REFUSED
        assert stage.inbox.calls == 0
    assert "安全模式" in caplog.text


async def test_what_stands_plain_beside_the_encrypted_is_not_believed(host: FakeHost) -> None:
    async with wechat(host, world=server(mode="compatible")) as (world, stage):
        query, body = world.pushes.request(fields(world, MsgType="event", Event="VIEW"))
        forged = body.replace(b"event", b"text").replace(b"VIEW", b"SOME")
        assert await world.pushes.post(query, forged) == TAKEN
        assert stage.inbox.calls == 0


# Nonsense from WeChat itself.


@pytest.mark.parametrize("body", NONSENSE)
@pytest.mark.parametrize("mode", ["plain", "secure"])
async def test_nonsense_is_taken_and_forgotten(host: FakeHost, mode: str, body: bytes) -> None:
    async with wechat(host, world=server(mode=mode)) as (world, stage):
        query = signed(world)
        if mode == "secure":
            encrypted = encrypt(world.account.key, world.account.app_id, body.decode("utf-8", "replace"))
            query, body = sealed(world, query, encrypted)
        assert await world.pushes.post(query, body) == TAKEN
        assert stage.inbox.calls == 0


async def test_json_is_told_from_nonsense(host: FakeHost, caplog: pytest.LogCaptureFixture) -> None:
    async with wechat(host) as (world, _):
        assert await world.pushes.post(signed(world), b'{"ToUserName": "gh_1"}') == TAKEN
    assert "数据格式" in caplog.text


@pytest.mark.parametrize(
    "half", [b"Content-Length: 100\r\n\r\n<xml>", b"Transfer-Encoding: chunked\r\n\r\n9\r\n<xml"]
)
async def test_who_breaks_off_harms_nobody(
    host: FakeHost, half: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with wechat(host) as (world, stage):
        url = urlsplit(world.account.url)
        _, writer = await asyncio.open_connection(url.hostname, url.port)
        request = f"POST {url.path}?{urlencode(signed(world))} HTTP/1.1\r\nHost: x\r\n".encode()
        writer.write(request + half)
        await asyncio.sleep(0.05)
        writer.close()
        await writer.wait_closed()
        await until(lambda: "breaks off" in caplog.text, lambda: caplog.text)
        assert not [record for record in caplog.records if record.levelname == "ERROR"]
        await world.say(world.person(), "still there?")
        assert [message.text for message in await stage.inbox.get()] == ["still there?"]


@given(st.dictionaries(st.sampled_from(["signature", "timestamp", "nonce"]), st.text(max_size=30)))
def test_no_query_is_an_error(query: dict[str, str]) -> None:
    assert not is_genuine(query, "token")
    assert time_of(query) >= 0


def test_signatures_are_forgotten_in_the_end() -> None:
    signatures = Signatures()
    for number in range(10_001):
        assert signatures.fit({"signature": str(number)}, {"Content": "a"})
    assert not signatures.fit({"signature": "10000"}, {"Content": "b"})
    assert signatures.fit({"signature": "0"}, {"Content": "b"})


# How it is set up.


async def test_an_address_that_is_not_whitelisted_is_named(host: FakeHost) -> None:
    async with server(whitelisted=False) as world:
        adapter = SimulatedWeChat(world).adapter(host, "http://127.0.0.1")
        with pytest.raises(AuthError, match=r"IP whitelist .*203\.0\.113\.7"):
            await adapter.run(FakeInbox(host).receive)
        await adapter.close()
    assert ChannelState.UP not in host.states


RIGHT = {"app_id": "wx1", "app_secret": "s", "token": "abc"}


def mistakes() -> Iterator[dict[str, Any]]:
    yield {}
    yield {"app_id": "wx1", "token": "abc"}
    yield RIGHT | {"app_id": ""}
    yield RIGHT | {"app_secret": " "}
    yield RIGHT | {"token": "ab"}
    yield RIGHT | {"token": "with-hyphen"}
    yield RIGHT | {"encoding_aes_key": "short"}
    yield RIGHT | {"encoding_aes_key": "=" * 43}
    yield RIGHT | {"api_root": "api.weixin.qq.com"}
    yield RIGHT | {"customer_service": "maybe"}
    yield RIGHT | {"greeting": "你" * 700}
    yield RIGHT | {"patience": 0}
    yield RIGHT | {"patience": 5}
    yield RIGHT | {"app_secrt": "b"}


@pytest.mark.parametrize("options", list(mistakes()))
def test_mistakes_in_the_options_are_found_before_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        WechatOfficialOptions.model_validate(options)


def test_who_can_be_told_of_trouble() -> None:
    options = WechatOfficialOptions.model_validate(RIGHT)
    openid = "oABCDEFGHIJKLMNOPQRSTU000001"
    assert options.chat("gzh", openid) == Chat("gzh", openid)
    silent = WechatOfficialOptions.model_validate(RIGHT | {"customer_service": False})
    for asked, id in ((options, "12345"), (options, ""), (silent, openid)):
        with pytest.raises(ValueError, match=r"openid|written to first"):
            asked.chat("gzh", id)


def test_an_answer_in_time_is_one_by_default() -> None:
    assert PATIENCE < SECONDS
    assert WechatOfficialOptions.model_validate(RIGHT).patience < 4.8
