"""What goes out to iLink: with which context token, how fast, and the sign of writing."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from gateway import Chat, Reply
from gateway.errors import AdapterError, WindowClosed

from .host import FakeHost, FakeInbox, until
from .wechat_ilink_platform import asked, ilink, ilink_again, newest, server, tried_with


async def test_the_newest_context_token_is_sent_back(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        world.limits(newest=True)
        ann = world.person()
        for text in ("one", "two"):
            chat = await asked(world, stage, ann, text)
            await stage.adapter.send(chat, Reply(text))
            assert tried_with(world)[-1] == newest(world)
        assert [sent.text for sent in world.sent(ann)] == ["one", "two"]
        assert world.complaints == []


async def test_the_context_token_survives_a_restart(host: FakeHost) -> None:
    async with server() as world:
        inbox = FakeInbox(host)
        async with ilink_again(host, inbox, world) as (_, stage):
            ann = world.person()
            chat = await asked(world, stage, ann)
        async with ilink_again(host, inbox, world) as (_, stage):
            await stage.adapter.send(chat, Reply("after all"))
        assert [sent.text for sent in world.sent(ann)] == ["after all"]


async def test_a_context_token_is_written_when_it_changes(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        ann = world.person()
        await asked(world, stage, ann, "one")
        kept = host.values.pop(f"person:{ann.id}")
        world.say(ann, "two", context_token=json.loads(kept)["leaves"][0]["token"])
        await stage.inbox.get(2)
        assert f"person:{ann.id}" not in host.values
        await asked(world, stage, ann, "three")
        assert json.loads(host.values[f"person:{ann.id}"])["leaves"][0]["token"] == newest(world)


async def test_the_context_token_is_durable_before_the_message(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        stage.inbox.opened.clear()
        ann = world.person()
        world.say(ann, "hello")
        await until(lambda: stage.inbox.calls)
        assert json.loads(host.values[f"person:{ann.id}"])["leaves"][0]["token"] == newest(world)
        stage.inbox.opened.set()


@pytest.mark.parametrize("saved", ["{", "[]", '{"session": "first", "more": 1}', '{"session": "old"}'])
async def test_an_unreadable_person_is_no_reason_to_stop(host: FakeHost, saved: str) -> None:
    async with ilink(host) as (world, stage):
        ann = world.person()
        host.values[f"person:{ann.id}"] = saved
        with pytest.raises(WindowClosed):
            await stage.adapter.send(Chat("channel", ann.id), Reply("first"))
        chat = await asked(world, stage, ann)
        await stage.adapter.send(chat, Reply("then"))


# --- order and pace


async def test_messages_sent_at_once_arrive_in_order(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        ann = world.person()
        chat = await asked(world, stage, ann)
        await asyncio.gather(*(stage.adapter.send(chat, Reply(str(number))) for number in range(8)))
        assert [sent.text for sent in world.sent(ann)] == list("01234567")


async def test_one_person_is_not_written_to_in_bursts(host: FakeHost) -> None:
    async with ilink(host, pacing={"per_chat": 5}) as (world, stage):
        ann, bob = world.person(), world.person()
        chats = [await asked(world, stage, person) for person in (ann, bob)]
        began = time.monotonic()
        await asyncio.gather(*(stage.adapter.send(chat, Reply(str(n))) for chat in chats for n in range(3)))
        assert 0.39 < time.monotonic() - began < 5
        assert [[sent.text for sent in world.sent(person)] for person in (ann, bob)] == [list("012")] * 2


async def test_by_default_a_message_a_second(host: FakeHost) -> None:
    async with ilink(host, pacing={}) as (world, stage):
        chat = await asked(world, stage, world.person())
        began = time.monotonic()
        for number in range(2):
            await stage.adapter.send(chat, Reply(str(number)))
        assert time.monotonic() - began > 0.95


# --- typing


async def test_typing_ends_with_the_answer(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        ann = world.person()
        chat = await asked(world, stage, ann)
        await stage.adapter.typing(chat)
        assert world.typing(ann)
        await stage.adapter.typing(chat)
        await stage.adapter.send(chat, Reply("hello"))
        await stage.adapter.send(chat, Reply("again"))
        assert world.typings(ann) == [1, 1, 2]
        assert len(world.called("getconfig")) == 1
        assert world.complaints == []


async def test_a_ticket_that_is_not_taken_is_asked_for_again(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        ann = world.person()
        chat = await asked(world, stage, ann)
        world.refuse("sendtyping", -3)
        with pytest.raises(AdapterError):
            await stage.adapter.typing(chat)
        await stage.adapter.typing(chat)
        assert len(world.called("getconfig")) == 2


async def test_who_cannot_be_written_to_is_not_shown_typing(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        await stage.adapter.typing(Chat("channel", world.person().id))
        assert world.called("getconfig") == world.called("sendtyping") == []


async def test_trouble_with_typing_is_none_of_the_answer(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        ann = world.person()
        chat = await asked(world, stage, ann)
        await stage.adapter.typing(chat)
        world.fail("sendtyping", status=500)
        await stage.adapter.send(chat, Reply("hello"))
        assert [sent.text for sent in world.sent(ann)] == ["hello"]
