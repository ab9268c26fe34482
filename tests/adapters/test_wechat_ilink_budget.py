"""How much WeChat lets us send to a person, and what becomes of the rest."""

from __future__ import annotations

import asyncio
import time

import pytest

from gateway import Reply
from gateway.errors import WindowClosed

from .host import FakeHost, FakeInbox
from .wechat_ilink_platform import asked, ilink, ilink_again, newest, server, tried_with


async def test_ten_messages_for_each_of_theirs(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        ann = world.person()
        chat = await asked(world, stage, ann)
        for number in range(10):
            await stage.adapter.send(chat, Reply(str(number)))
        with pytest.raises(WindowClosed, match="10 messages"):
            await stage.adapter.send(chat, Reply("one too many"))
        assert len(world.called("sendmessage")) == 10
        await asked(world, stage, ann, "go on")
        await stage.adapter.send(chat, Reply("one too many"))
        assert len(world.sent(ann)) == 11
        assert world.complaints == []


async def test_who_wrote_twice_may_be_sent_twice_as_much(host: FakeHost) -> None:
    async with ilink(host, per_turn=2) as (world, stage):
        world.limits(budget=2)
        ann = world.person()
        for text in ("one", "two"):
            chat = await asked(world, stage, ann, text)
        for number in range(4):
            await stage.adapter.send(chat, Reply(str(number)))
        with pytest.raises(WindowClosed, match="4 messages"):
            await stage.adapter.send(chat, Reply("one too many"))
        assert len(world.called("sendmessage")) == 4


async def test_where_only_the_newest_token_counts_that_is_learned(host: FakeHost) -> None:
    async with ilink(host, per_turn=2) as (world, stage):
        world.limits(newest=True)
        ann = world.person()
        for text in ("one", "two"):
            chat = await asked(world, stage, ann, text)
        for number in range(2):
            await stage.adapter.send(chat, Reply(str(number)))
        for _ in range(2):
            with pytest.raises(WindowClosed):
                await stage.adapter.send(chat, Reply("one too many"))
        assert len(world.called("sendmessage")) == 2 + 3


async def test_what_was_sent_is_counted_over_a_restart(host: FakeHost) -> None:
    async with server() as world:
        inbox = FakeInbox(host)
        ann = world.person()
        async with ilink_again(host, inbox, world) as (_, stage):
            chat = await asked(world, stage, ann)
            for number in range(9):
                await stage.adapter.send(chat, Reply(str(number)))
        async with ilink_again(host, inbox, world) as (_, stage):
            await stage.adapter.send(chat, Reply("the last"))
            with pytest.raises(WindowClosed):
                await stage.adapter.send(chat, Reply("one too many"))
        assert len(world.called("sendmessage")) == 10


async def test_a_message_that_comes_again_opens_nothing(host: FakeHost) -> None:
    async with ilink(host, per_turn=1) as (world, stage):
        ann = world.person()
        chat = await asked(world, stage, ann)
        await stage.adapter.send(chat, Reply("one"))
        world.redeliver(stage.inbox.messages[-1].id)
        await asked(world, stage, world.person(), "another")
        with pytest.raises(WindowClosed):
            await stage.adapter.send(chat, Reply("two"))


async def test_who_gets_the_rest_later_is_told_so(host: FakeHost) -> None:
    async with ilink(host, per_turn=2) as (world, stage):
        ann = world.person()
        chat = await asked(world, stage, ann)
        for number in range(2):
            await stage.adapter.send(chat, Reply(f"piece {number}", more=True))
        with pytest.raises(WindowClosed):
            await stage.adapter.send(chat, Reply("the end"))
        await asked(world, stage, ann, "go on")
        await stage.adapter.send(chat, Reply("the end"))
        first, second, last = (sent.text for sent in world.sent(ann))
        assert (first, last) == ("piece 0", "the end")
        assert second.startswith("piece 1\n\n")
        assert "write anything" in second


async def test_after_a_day_the_person_must_write(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        ann = world.person()
        yesterday = int(time.time() - 24 * 3600) * 1000
        world.say(ann, "hello", create_time_ms=yesterday)
        (message,) = await stage.inbox.get()
        with pytest.raises(WindowClosed, match="24 hours"):
            await stage.adapter.send(message.chat, Reply("late"))
        assert world.called("sendmessage") == []
        await stage.adapter.send(await asked(world, stage, ann), Reply("now"))


async def test_a_refusal_is_tried_again_and_once_without_a_context_token(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        ann = world.person()
        chat = await asked(world, stage, ann)
        world.limits(tokenless=True)
        world.refuse("sendmessage", times=2)
        await stage.adapter.send(chat, Reply("hello"))
        assert tried_with(world) == [newest(world), newest(world), ""]
        assert [sent.text for sent in world.sent(ann)] == ["hello"]


async def test_a_refusal_is_tried_again_with_the_token_that_is_newest_then(host: FakeHost) -> None:
    async with ilink(host, pacing={"per_chat": 5}) as (world, stage):
        ann = world.person()
        chat = await asked(world, stage, ann)
        old = newest(world)
        world.refuse("sendmessage")
        sending = asyncio.create_task(stage.adapter.send(chat, Reply("hello")))
        await world.until(lambda: world.called("sendmessage"))
        await asked(world, stage, ann, "by the way")
        await sending
        assert tried_with(world) == [old, newest(world)]


async def test_what_is_refused_to_the_end_waits_for_the_person(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        ann = world.person()
        chat = await asked(world, stage, ann)
        world.refuse("sendmessage", errmsg="rate limited", times=3)
        with pytest.raises(WindowClosed) as caught:
            await stage.adapter.send(chat, Reply("hello"))
        assert caught.value.deferrable
        assert not caught.value.retryable
        assert len(tried_with(world)) == 3
        await asked(world, stage, ann, "well?")
        await stage.adapter.send(chat, Reply("hello"))
        assert [sent.text for sent in world.sent(ann)] == ["hello"]


async def test_refused_messages_are_not_counted(host: FakeHost) -> None:
    async with ilink(host, per_turn=2) as (world, stage):
        ann = world.person()
        chat = await asked(world, stage, ann)
        world.refuse("sendmessage", times=2)
        world.limits(tokenless=True)
        await stage.adapter.send(chat, Reply("one"))
        await stage.adapter.send(chat, Reply("two"))
        with pytest.raises(WindowClosed, match="2 messages"):
            await stage.adapter.send(chat, Reply("three"))


async def test_what_is_taken_and_not_shown_waits_too(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        ann = world.person()
        chat = await asked(world, stage, ann)
        await stage.adapter.send(chat, Reply("one"))
        world.swallow(ann)
        with pytest.raises(WindowClosed, match="not show"):
            await stage.adapter.send(chat, Reply("two"))


async def test_where_ids_are_never_given_taken_is_sent(
    host: FakeHost, caplog: pytest.LogCaptureFixture
) -> None:
    async with ilink(host) as (world, stage):
        ann = world.person()
        chat = await asked(world, stage, ann)
        world.swallow(ann)
        assert (await stage.adapter.send(chat, Reply("one"))).id
    assert "the person may not see it" in caplog.text
