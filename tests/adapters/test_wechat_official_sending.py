"""Calls of WeChat's interfaces: the token, and what a refusal means."""

from __future__ import annotations

import asyncio

import pytest

from gateway import Reply
from gateway.errors import (
    AdapterError,
    AuthError,
    ChatGone,
    NetworkError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
)
from tests.servers.proxy import Proxy

from .host import FakeHost, FakeInbox
from .wechat_official_platform import SimulatedWeChat, asked, server, wechat

HELLO = Reply("hello")


async def test_one_token_serves_many_calls(host: FakeHost) -> None:
    async with wechat(host) as (world, stage):
        chat = (await asked(world, stage, world.person())).chat
        await asyncio.gather(*(stage.adapter.send(chat, HELLO) for _ in range(5)))
        assert len(world.called("stable_token")) == 1
        assert len(world.called("custom/send")) == 5


@pytest.mark.parametrize("code", [40001, 40014, 42001])
async def test_a_token_that_is_not_taken_is_replaced_by_force_if_need_be(host: FakeHost, code: int) -> None:
    async with wechat(host) as (world, stage):
        ann = world.person()
        chat = (await asked(world, stage, ann)).chat
        world.refuse("custom/send", code)
        await stage.adapter.send(chat, HELLO)
        assert world.texts(ann) == ["hello"]
        forced = [call.body["force_refresh"] for call in world.called("stable_token")]
        assert forced == [False, False, True]
        world.expire_tokens()
        await stage.adapter.send(chat, HELLO)
        assert len(world.called("stable_token")) == 4


async def test_a_token_is_replaced_once_for_all_who_wait(host: FakeHost) -> None:
    async with wechat(host) as (world, stage):
        chat = (await asked(world, stage, world.person())).chat
        world.expire_tokens()
        await asyncio.gather(*(stage.adapter.send(chat, HELLO) for _ in range(5)))
        assert len(world.called("stable_token")) == 2


async def test_a_token_that_is_never_taken_is_a_matter_of_credentials(host: FakeHost) -> None:
    async with wechat(host) as (world, stage):
        chat = (await asked(world, stage, world.person())).chat
        world.refuse("custom/send", 40001, times=2)
        with pytest.raises(AuthError):
            await stage.adapter.send(chat, HELLO)


async def test_a_token_is_renewed_before_its_end(host: FakeHost) -> None:
    made = server()
    made.world.token_seconds = 0.4
    async with wechat(host, world=made) as (world, stage):
        chat = (await asked(world, stage, world.person())).chat
        await asyncio.sleep(0.25)
        await stage.adapter.send(chat, HELLO)
        assert len(world.called("stable_token")) == 2
        assert {call.answer["errcode"] for call in world.called("custom/send")} == {0}


async def test_a_token_that_cannot_be_renewed_serves_to_its_end(host: FakeHost) -> None:
    made = server()
    made.world.token_seconds = 2
    async with wechat(host, world=made) as (world, stage):
        chat = (await asked(world, stage, world.person())).chat
        await asyncio.sleep(1.05)
        world.fail("stable_token", 503)
        await stage.adapter.send(chat, HELLO)
        assert len(world.called("stable_token")) == 2


REFUSALS: list[tuple[int, type[AdapterError], float | None]] = [
    (-1, NetworkError, None),
    (40003, ChatGone, None),
    (43004, ChatGone, None),
    (48002, ChatGone, None),
    (48004, AuthError, None),
    (45002, Rejected, None),
    (45009, RateLimited, 3600),
    (45011, RateLimited, 60),
    (99999, Rejected, None),
]


@pytest.mark.parametrize(("code", "kind", "pause"), REFUSALS)
async def test_what_a_refusal_means(
    host: FakeHost, code: int, kind: type[AdapterError], pause: float | None
) -> None:
    async with wechat(host) as (world, stage):
        chat = (await asked(world, stage, world.person())).chat
        world.refuse("custom/send", code)
        with pytest.raises(kind, match=str(code)) as caught:
            await stage.adapter.send(chat, HELLO)
        assert caught.value.retry_after == pause


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (500, b"oops", NetworkError),
        (504, b"", OutcomeUnknown),
        (502, b"", NetworkError),
        (429, b"", RateLimited),
        (404, b"no such page", Rejected),
        (200, b"<html>", OutcomeUnknown),
        (200, b"{", OutcomeUnknown),
        (200, b"[]", OutcomeUnknown),
        (200, b'{"errcode": "x"}', OutcomeUnknown),
    ],
)
async def test_what_is_no_answer(host: FakeHost, status: int, body: bytes, kind: type[AdapterError]) -> None:
    async with wechat(host) as (world, stage):
        chat = (await asked(world, stage, world.person())).chat
        world.fail("custom/send", status, body)
        with pytest.raises(kind):
            await stage.adapter.send(chat, HELLO)


@pytest.mark.parametrize(
    "body", [b"{}", b'{"access_token": 7}', b'{"access_token": "", "expires_in": 1}', b"<"]
)
async def test_an_answer_without_a_token_is_none(host: FakeHost, body: bytes) -> None:
    async with server() as world:
        adapter = SimulatedWeChat(world).adapter(host, "http://127.0.0.1")
        world.fail("stable_token", 200, body)
        with pytest.raises(NetworkError) as caught:
            await adapter.verify()
        assert not isinstance(caught.value, OutcomeUnknown)
        await adapter.close()


@pytest.mark.parametrize("wrong", [{"app_id": "wx-another"}, {"app_secret": "another"}])
async def test_credentials_that_are_refused_are_said_to_be(host: FakeHost, wrong: dict[str, str]) -> None:
    async with server() as world:
        adapter = SimulatedWeChat(world, **wrong).adapter(host, "http://127.0.0.1")
        with pytest.raises(AuthError, match="app_"):
            await adapter.run(FakeInbox(host).receive)
        await adapter.close()


async def test_who_we_are_can_be_asked_without_listening(host: FakeHost) -> None:
    async with server() as world:
        adapter = SimulatedWeChat(world).adapter(host, "http://127.0.0.1")
        assert await adapter.verify() == world.account.app_id
        await adapter.close()
        assert len(world.called("stable_token")) == 1


async def test_typing_is_shown_where_it_can_be_and_else_no_matter(host: FakeHost) -> None:
    async with wechat(host) as (world, stage):
        ann = world.person()
        chat = (await asked(world, stage, ann)).chat
        await stage.adapter.typing(chat)
        await stage.adapter.typing(chat)  # refused: it is shown already
        assert len(ann.typing) == 1


async def test_typing_is_not_asked_for_again_where_we_may_not(host: FakeHost) -> None:
    async with wechat(host, world=server(verified=False)) as (world, stage):
        chat = (await asked(world, stage, world.person())).chat
        for _ in range(3):
            await stage.adapter.typing(chat)
        assert len(world.called("custom/typing")) == 1


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_calls_go_through_the_channels_proxy(host: FakeHost, scheme: str) -> None:
    async with server() as world, Proxy(("127.0.0.1", world.port)) as proxy:
        options = {"proxy": f"{scheme}://127.0.0.1:{proxy.port}", "api_root": "http://wechat.example"}
        adapter = SimulatedWeChat(world, **options).adapter(host, "http://127.0.0.1")
        assert await adapter.verify()
        await adapter.close()
        assert [asked.partition(":")[0] for asked in proxy.asked] == ["wechat.example"]
