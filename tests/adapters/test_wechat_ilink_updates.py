"""What comes in from iLink: polls, their cursor, their headers, and the end of a session."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from gateway import ChannelState, Quote, Reply
from gateway.errors import AuthError, WindowClosed
from tests.servers.ilink import IlinkServer

from .contract import staged
from .host import FakeHost, FakeInbox, running, until
from .wechat_ilink_platform import (
    SimulatedIlink,
    adapter,
    asked,
    code,
    ilink,
    log_in,
    saved_session,
    server,
    unknown,
)


async def test_every_call_says_which_client_it_is(host: FakeHost) -> None:
    async with unknown(host) as (world, inbox, _):
        ann = world.person()
        await log_in(world, host, ann)
        world.say(ann, "hello")
        await inbox.get()
    for call in world.calls:
        assert call.headers["ilink-app-id"] == "bot"
        assert call.headers["ilink-app-clientversion"] == "132105"
        assert call.headers["authorizationtype"] == "ilink_bot_token"
        assert ("authorization" in call.headers) == ("qrcode" not in call.path)
        if call.method == "POST":
            assert call.params["base_info"]["channel_version"] == "2.4.9"
    uins = [call.headers["x-wechat-uin"] for call in world.calls]
    assert len(set(uins)) == len(uins)
    assert world.complaints == []


async def test_it_tells_that_it_listens_and_stops(host: FakeHost) -> None:
    world = server()
    async with ilink(host, world=world) as (_, stage):
        bot = world.first
        await world.polling(bot)
        assert bot.running is True
    assert bot.running is False
    assert world.complaints == []
    assert stage.host.states == [ChannelState.UP]


async def test_ids_beyond_what_a_float_holds_are_whole(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        id = world.say(world.person(), "hello")
        assert int(id) > 2**53
        assert (await stage.inbox.get())[0].id == id


async def test_the_cursor_is_kept_with_the_messages(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        await world.polling(world.first)
        assert "cursor" not in host.values  # an answer without a place keeps the place that there is
        await asked(world, stage, world.person())
        assert json.loads(host.values["cursor"])["session"] == "first"
        await until(lambda: world.unconfirmed() == 0)


async def test_a_poll_that_brings_nothing_is_no_trouble(host: FakeHost) -> None:
    async with ilink(host, world=server(hold=0.1)) as (world, stage):
        await world.until(lambda: world.first.polls >= 4)
        await asked(world, stage, world.person())
        assert host.states == [ChannelState.UP]


async def test_a_poll_without_an_answer_is_asked_again(host: FakeHost) -> None:
    world = server(hold=0.1)
    async with ilink(host, world=world) as (_, stage):
        await world.until(lambda: world.first.polls >= 1)
        world.hang("getupdates")
        await world.until(lambda: not world.faults)
        await asked(world, stage, world.person())
        assert host.states == [ChannelState.UP]
        assert len(world.called("notifystart")) == 2  # is it there at all?


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"ret": -1}),
        (200, {"ret": 0, "errcode": -7, "errmsg": "odd"}),
        (502, {}),
        (403, {}),
        (200, b"x"),
    ],
)
async def test_a_refused_poll_is_trouble_that_passes(
    host: FakeHost, status: int, body: dict[str, object] | bytes
) -> None:
    async with ilink(host, world=server(hold=0.1)) as (world, stage):
        world.fail("getupdates", status=status, body=body)
        await until(lambda: ChannelState.DOWN in host.states)
        await asked(world, stage, world.person())
        assert host.states[-1] is ChannelState.UP


async def test_what_comes_again_is_dropped(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        ann = world.person()
        id = world.say(ann, "once")
        await stage.inbox.get()
        world.redeliver(id)
        world.say(ann, "end")
        assert [message.text for message in await stage.inbox.get(2)] == ["once", "end"]


async def test_what_was_handed_out_is_not_given_up(host: FakeHost) -> None:
    """Neither for a full disk nor for the end of the session: WeChat may not have it any more."""
    async with ilink(host, world=server(forgetful=True)) as (world, stage):
        stage.inbox.opened.clear()
        stage.inbox.failures = 1
        world.say(world.person(), "keep me")
        await until(lambda: stage.inbox.calls)
        world.expire(world.first)
        with pytest.raises(AuthError):
            await stage.adapter.verify()
        stage.inbox.opened.set()
        assert [message.text for message in await stage.inbox.get()] == ["keep me"]
        await code(host)


async def test_groups_are_left_out_with_one_line(host: FakeHost, caplog: pytest.LogCaptureFixture) -> None:
    async with ilink(host) as (world, stage):
        ann = world.person()
        for text in ("one", "two"):
            world.say(ann, text, group_id="family@chatroom")
        await asked(world, stage, ann, "in private")
        assert [message.text for message in stage.inbox.messages] == ["in private"]
    assert [record.getMessage() for record in caplog.records if "group" in record.getMessage()] == [
        "messages in the group 'family@chatroom' are left out: iLink is for private chats"
    ]


async def test_what_is_quoted_is_told(host: FakeHost) -> None:
    """Older phones send it, newer ones its id alone."""
    async with ilink(host) as (world, stage):
        ann = world.person()
        chat = await asked(world, stage, ann, "what is a gateway?")
        question = stage.inbox.messages[-1].id
        await stage.adapter.send(chat, Reply("a door"))
        (answer,) = world.sent(ann)
        partial = {"svr_id": "1", "partial_text": {"start": "a", "end": "z"}}
        for quote in (question, answer, {"svr_id": "2", "title": "Ann: hi"}, partial):
            world.say(ann, "and this?", quote=quote)
        messages = await stage.inbox.get(5)
        assert [message.quote for message in messages[1:]] == [
            Quote(question, text="what is a gateway?"),
            Quote(str(answer.id), text="a door"),
            Quote("2", text="Ann: hi"),
            Quote("1", text="a…z"),
        ]


# --- the end of a session


async def test_an_expired_session_asks_for_a_scan_at_once(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        old = world.first
        chat = await asked(world, stage, old.owner, "hello")
        await world.polling(old)
        cursor, kept = host.values["cursor"], host.values[f"person:{old.owner.id}"]
        context_token = json.loads(kept)["leaves"][0]["token"]
        world.expire(old)
        await code(host)
        assert host.states == [ChannelState.UP, ChannelState.AUTH_EXPIRED]
        polls = old.polls
        durable = repr(host.values)
        for dead in (old.token, context_token, json.loads(cursor)["buf"]):
            assert dead not in durable
        with pytest.raises(AuthError):
            await stage.adapter.send(chat, Reply("later"))
        new = await log_in(world, host, old.owner)
        assert new is not old
        assert old.polls == polls
        assert not stage.task.done()
        assert await asked(world, stage, old.owner, "and now?") == chat
        await stage.adapter.send(chat, Reply("later"))
        assert [sent.text for sent in world.sent(old.owner, new)] == ["later"]
        assert world.complaints == []


async def test_an_answer_waits_for_a_context_token_of_the_new_session(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        old = world.first
        chat = await asked(world, stage, old.owner)
        world.expire(old)
        await log_in(world, host, old.owner)
        with pytest.raises(WindowClosed):
            await stage.adapter.send(chat, Reply("later"))
        assert world.called("sendmessage") == []


async def test_the_end_that_a_send_finds_ends_the_poll(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        chat = await asked(world, stage, world.person())
        await world.polling(world.first)
        world.refuse("sendmessage", -14)
        with pytest.raises(AuthError):
            await stage.adapter.send(chat, Reply("hello"))
        await code(host)
        assert host.states[-1] is ChannelState.AUTH_EXPIRED


async def test_an_expired_session_is_remembered(host: FakeHost) -> None:
    async with server() as world:
        bot = world.login()
        host.values["session"] = saved_session(bot)
        world.expire(bot)
        async with running(adapter(host, world), FakeInbox(host)):
            await code(host)
        polls = len(world.called("getupdates"))
        async with running(adapter(host, world), FakeInbox(host)):
            await until(lambda: len(world.world.codes) == 2)
            assert host.states[-1] is ChannelState.AUTH_EXPIRED
        assert len(world.called("getupdates")) == polls


async def test_the_end_of_one_account_is_none_of_another(tmp_path: Path) -> None:
    first, second = FakeHost(tmp_path, "first"), FakeHost(tmp_path, "second")
    world: IlinkServer
    async with ilink(first) as (world, _):
        one = world.first
        async with staged(SimulatedIlink(world), second) as stage:
            await stage.up()
            world.expire(one)
            await code(first)
            await asked(world, stage, world.person("Bob"))
            assert second.states == [ChannelState.UP]


async def test_the_cursor_of_another_session_is_not_used(host: FakeHost) -> None:
    host.values["cursor"] = json.dumps({"session": "another", "buf": "nothing of ours"})
    async with ilink(host) as (world, stage):
        await asked(world, stage, world.person())
        assert world.complaints == []


@pytest.mark.parametrize("saved", ["{", "[]", '{"session": "first"}'])
async def test_an_unreadable_cursor_is_no_reason_to_stop(host: FakeHost, saved: str) -> None:
    host.values["cursor"] = saved
    async with ilink(host) as (world, stage):
        await asked(world, stage, world.person())


async def test_a_stop_while_a_code_is_shown(host: FakeHost) -> None:
    async with unknown(host) as (_, _, task):
        await code(host)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert host.login.scan is None
