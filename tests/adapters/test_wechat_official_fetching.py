"""Accounts that may not write by themselves: people fetch what comes late, with any text."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from adapters.wechat_official.shelf import Kept
from adapters.wechat_official.wording import Words
from gateway import Message
from gateway.errors import NetworkError, StoreError, WindowClosed
from tests.servers.wechat_official import Person, WeChatServer

from .contract import Stage
from .host import FakeHost, FakeInbox
from .test_wechat_official_answering import reply_to, seen
from .wechat_official_platform import PATIENCE, asked, say_late, server, wechat

FETCH, NOT_READY, MORE = (words.say("en") for words in Words)


@asynccontextmanager
async def unverified(
    host: FakeHost, inbox: FakeInbox | None = None, world: WeChatServer | None = None
) -> AsyncIterator[tuple[WeChatServer, Stage]]:
    """An account without customer service."""
    async with wechat(host, inbox, world or server(verified=False)) as entered:
        yield entered


async def told_to_fetch(world: WeChatServer, stage: Stage, person: Person) -> Message:
    """The question of *person*, who has been told that its answer is to be fetched."""
    before = len(stage.inbox.messages)
    await world.settled(await say_late(world, person))
    assert seen(person)[-1] == (FETCH, "passive")
    return (await stage.inbox.get(before + 1))[-1]


async def fetched(world: WeChatServer, person: Person, text: str = "1") -> str:
    """What *person* is answered to *text*."""
    push = await world.say(person, text)
    await world.settled(push)
    (shown,) = (shown for shown in person.shown if shown.question == push.id)
    return shown.text


async def test_after_the_third_request_the_answer_is_to_be_fetched(host: FakeHost) -> None:
    async with unverified(host) as (world, stage):
        ann = world.person()
        push = await world.say(ann, "hello")
        assert await world.settled(push) == "answered"
        assert (len(push.tries), seen(ann)) == (3, [(FETCH, "passive")])
        (message,) = await stage.inbox.get()
        receipt = await stage.adapter.send(message.chat, reply_to(message))
        assert receipt.id
        assert seen(ann)[1:] == []
        assert await fetched(world, ann) == "the answer"
        assert stage.inbox.messages == [message]
        assert (await asked(world, stage, ann, "next")).text == "next"
        assert world.called("custom/send") == []
        assert world.complaints == []


async def test_who_is_quick_is_answered_as_everybody(host: FakeHost) -> None:
    async with unverified(host) as (world, stage):
        ann = world.person()
        message = await asked(world, stage, ann)
        await stage.adapter.send(message.chat, reply_to(message))
        await world.answers(ann)
        assert seen(ann) == [("the answer", "passive")]


async def test_who_fetches_too_early_gets_it_as_soon_as_it_is_there(host: FakeHost) -> None:
    async with unverified(host) as (world, stage):
        ann = world.person()
        message = await told_to_fetch(world, stage, ann)
        push = await world.say(ann, "1")
        await world.tried(push, 2)
        await stage.adapter.send(message.chat, reply_to(message))
        await world.settled(push)
        assert (len(push.tries), world.texts(ann)) == (2, [FETCH, "the answer"])
        assert len(stage.inbox.messages) == 1


async def test_who_fetches_far_too_early_hears_that_it_is_not_ready(host: FakeHost) -> None:
    async with unverified(host) as (world, stage):
        ann = world.person()
        message = await told_to_fetch(world, stage, ann)
        await world.settled(await say_late(world, ann, "1"))
        assert world.texts(ann) == [FETCH, NOT_READY]
        await stage.adapter.send(message.chat, reply_to(message))
        assert await fetched(world, ann) == "the answer"
        assert len(stage.inbox.messages) == 1


async def test_an_answer_that_found_no_way_is_to_be_fetched(host: FakeHost) -> None:
    """WeChat asked again when nobody waited for that any more, and was told that all was well."""
    async with unverified(host) as (world, stage):
        ann = world.person()
        world.pushes.seconds = 3 * PATIENCE
        async with world.outage():
            push = await world.say(ann, "hello")
            (message,) = await stage.inbox.get()
            await asyncio.sleep(1.2 * PATIENCE)  # the first request is over, the second late
            with pytest.raises(NetworkError):
                await stage.adapter.send(message.chat, reply_to(message))
            await world.settled(push)
        assert (len(push.tries), seen(ann)) == (3, [(FETCH, "passive")])
        await stage.adapter.send(message.chat, reply_to(message))
        assert await fetched(world, ann) == "the answer"


async def test_a_long_answer_is_fetched_piece_by_piece(host: FakeHost) -> None:
    async with unverified(host) as (world, stage):
        ann = world.person()
        message = await asked(world, stage, ann)
        for text in ("one", "two", "three"):
            await stage.adapter.send(message.chat, reply_to(message, text, more=text != "three"))
        await world.answers(ann)
        assert world.texts(ann) == [f"one{MORE}"]
        assert await fetched(world, ann) == f"two{MORE}"
        assert await fetched(world, ann, "go on") == "three"
        assert (await asked(world, stage, ann, "a question")).text == "a question"


async def test_what_is_fetched_and_lost_on_the_way_is_given_again(host: FakeHost) -> None:
    async with unverified(host) as (world, stage):
        ann = world.person()
        message = await told_to_fetch(world, stage, ann)
        for text in ("one", "two"):
            await stage.adapter.send(message.chat, reply_to(message, text, more=text == "one"))
        world.pushes.lost = 2
        assert await fetched(world, ann) == f"one{MORE}"
        assert await fetched(world, ann) == "two"


# What lasts.


async def test_it_can_be_fetched_after_a_restart(host: FakeHost) -> None:
    async with unverified(host) as (world, stage):
        ann = world.person()
        message = await told_to_fetch(world, stage, ann)
        await stage.adapter.send(message.chat, reply_to(message))
    async with unverified(host, world=world) as (_, stage):
        assert await fetched(world, ann) == "the answer"
        assert stage.inbox.messages == []


async def test_an_answer_that_is_ready_after_a_restart_is_fetched(host: FakeHost) -> None:
    async with unverified(host) as (world, stage):
        ann = world.person()
        message = await told_to_fetch(world, stage, ann)
    async with unverified(host, world=world) as (_, stage):
        push = await world.say(ann, "1")
        await stage.adapter.send(message.chat, reply_to(message))
        await world.settled(push)
        assert world.texts(ann) == [FETCH, "the answer"]
        assert stage.inbox.messages == []


async def test_a_restart_while_a_piece_is_being_fetched_neither_loses_nor_repeats_it(host: FakeHost) -> None:
    async with unverified(host) as (world, stage):
        ann = world.person()
        message = await told_to_fetch(world, stage, ann)
        for text in ("one", "two"):
            await stage.adapter.send(message.chat, reply_to(message, text, more=text == "one"))
        world.pushes.lost = 1
        push = await world.say(ann, "1")
        await world.until(lambda: world.pushes.lost == 0)
        # What a process leaves that is killed now.
        other = FakeHost(host.folder)
        other.values = dict(host.values)
    again = server(verified=False)
    again.world.numbers = world.world.numbers
    async with unverified(other, world=again):
        await again.say(ann, "1", MsgId=push.id)
        await again.until(lambda: f"one{MORE}" in again.texts(ann))
        assert await fetched(again, ann) == "two"


async def test_the_end_of_the_gateway_tells_to_fetch(host: FakeHost) -> None:
    async with unverified(host) as (world, stage):
        ann = world.person()
        push = await world.say(ann, "hello")
        (message,) = await stage.inbox.get()
        await stage.adapter.close()
        assert await world.settled(push) == "answered"
        assert (len(push.tries), world.texts(ann)) == (1, [FETCH])
    async with unverified(host, world=world) as (_, stage):
        await stage.adapter.send(message.chat, reply_to(message))
        assert await fetched(world, ann) == "the answer"


async def test_what_nobody_was_told_of_comes_before_the_next_answer(host: FakeHost) -> None:
    """The process died, the person saw WeChat's notice, the answer came after the restart."""
    async with unverified(host) as (world, stage):
        ann = world.person()
        message = await asked(world, stage, ann, "first")
        await world.pushes.close()
    host.values.clear()
    async with unverified(host, world=world) as (_, stage):
        await stage.adapter.send(message.chat, reply_to(message, "first answer"))
        push = await world.say(ann, "second")
        await world.settled(push)
        assert world.texts(ann)[-1] == f"first answer{MORE}"
        (question,) = await stage.inbox.get()
        assert question.text == "second"
        await stage.adapter.send(question.chat, reply_to(question, "second answer"))
        assert await fetched(world, ann) == "second answer"
        assert len(stage.inbox.messages) == 1


# What is no fetching.


@pytest.mark.parametrize("command", ["/stop", "/new", "/HELP"])
async def test_a_command_is_one_and_ends_the_waiting(host: FakeHost, command: str) -> None:
    async with unverified(host) as (world, stage):
        ann = world.person()
        await told_to_fetch(world, stage, ann)
        message = await asked(world, stage, ann, command)
        assert message.text == command
        await stage.adapter.send(message.chat, reply_to(message, "done"))
        await world.answers(ann, 2)
        assert world.texts(ann) == [FETCH, "done"]
        assert (await asked(world, stage, ann, "what now?")).text == "what now?"


async def test_a_smiley_with_a_slash_is_no_command(host: FakeHost) -> None:
    async with unverified(host) as (world, stage):
        ann = world.person()
        message = await told_to_fetch(world, stage, ann)
        await stage.adapter.send(message.chat, reply_to(message))
        assert await fetched(world, ann, "/:rose") == "the answer"


async def test_a_button_is_no_fetching(host: FakeHost) -> None:
    async with unverified(host) as (world, stage):
        ann = world.person()
        await told_to_fetch(world, stage, ann)
        await world.click(ann, "opening hours")
        assert [message.text for message in await stage.inbox.get(2)] == ["hello", "opening hours"]


async def test_two_questions_at_once_are_both_answered(host: FakeHost) -> None:
    async with unverified(host) as (world, stage):
        ann = world.person()
        pushes = [await say_late(world, ann, text) for text in ("first", "second")]
        first, second = await stage.inbox.get(2)
        for push in pushes:
            await world.settled(push)
        await stage.adapter.send(first.chat, reply_to(first, "first answer"))
        await stage.adapter.send(second.chat, reply_to(second, "second answer"))
        assert await fetched(world, ann) == f"first answer{MORE}"
        assert await fetched(world, ann) == "second answer"
        assert len(stage.inbox.messages) == 2


async def test_who_fetches_what_another_message_has_taken_asks_a_question(host: FakeHost) -> None:
    async with unverified(host) as (world, stage):
        ann = world.person()
        message = await told_to_fetch(world, stage, ann)
        pushes = [await world.say(ann, text) for text in ("1", "is it there?")]
        await stage.adapter.send(message.chat, reply_to(message))
        await world.settled(pushes[0])
        assert world.texts(ann) == [FETCH, "the answer"]
        question = (await stage.inbox.get(2))[-1]
        assert question.text == "is it there?"
        await stage.adapter.send(question.chat, reply_to(question, "yes"))
        await world.settled(pushes[1])
        assert world.texts(ann) == [FETCH, "the answer", "yes"]


# What does not come any more.


async def test_what_nobody_wants_any_more_is_dropped(host: FakeHost) -> None:
    async with unverified(host) as (world, stage):
        ann = world.person()
        message = await told_to_fetch(world, stage, ann)
        for text in ("one", "two"):
            await stage.adapter.send(message.chat, reply_to(message, text, more=text == "one"))
        assert await stage.adapter.drop(message.chat)
        assert not await stage.adapter.drop(message.chat)
    assert "one" not in host.values[f"kept:{ann.id}"]
    async with unverified(host, world=world) as (_, stage):
        assert (await asked(world, stage, ann, "what now?")).text == "what now?"


async def test_what_is_being_sent_is_dropped_with_the_rest_and_what_is_sent_later_is_not(
    host: FakeHost,
) -> None:
    async with unverified(host) as (world, stage):
        ann = world.person()
        first = await asked(world, stage, ann)
        await world.pushes.close()  # nobody asks for the answer any more, so it will be kept
        sending = asyncio.create_task(stage.adapter.send(first.chat, reply_to(first, "too late")))
        await asyncio.sleep(0)  # it has begun
        assert not await stage.adapter.drop(first.chat)
        second = await told_to_fetch(world, stage, ann)
        await stage.adapter.send(second.chat, reply_to(second))
        await sending
        assert await fetched(world, ann) == "the answer"


async def test_what_was_fetched_is_no_question_when_it_was_dropped_and_wechat_asks_again(
    host: FakeHost,
) -> None:
    async with unverified(host) as (world, stage):
        ann = world.person()
        message = await told_to_fetch(world, stage, ann)
        await stage.adapter.send(message.chat, reply_to(message))
        world.pushes.lost = 1
        push = await world.say(ann, "1")
        await world.until(lambda: world.pushes.lost == 0)
        await stage.adapter.drop(message.chat)
        assert await world.settled(push) == "accepted"
        assert stage.inbox.messages == [message]
        assert world.texts(ann) == [FETCH]


async def test_nobody_is_told_to_fetch_what_will_not_come(host: FakeHost) -> None:
    """Regression: what became part of another question, or was refused, was said to come."""
    async with unverified(host) as (world, stage):
        ann = world.person()
        push = await world.say(ann, "hello")
        (message,) = await stage.inbox.get()
        host.settled.add((message.chat.key, message.id))
        assert await world.settled(push) == "accepted"
        assert world.texts(ann) == []


async def test_nobody_waits_for_what_will_not_come(host: FakeHost) -> None:
    """Regression: for a quarter of an hour, what people asked was taken for the wish to fetch it."""
    async with unverified(host) as (world, stage):
        ann = world.person()
        first = await told_to_fetch(world, stage, ann)
        host.settled.add((first.chat.key, first.id))
        assert (await asked(world, stage, ann, "what now?")).text == "what now?"


async def test_a_command_may_drop_what_waits_before_it_is_answered(host: FakeHost) -> None:
    """Regression: the next piece came instead of the command's answer."""
    async with unverified(host) as (world, stage):
        ann = world.person()
        message = await told_to_fetch(world, stage, ann)
        await stage.adapter.send(message.chat, reply_to(message))
        command = await asked(world, stage, ann, "/stop")
        assert await stage.adapter.drop(command.chat)
        await stage.adapter.send(command.chat, reply_to(command, "Stopped."))
        await world.answers(ann, 2)
        assert world.texts(ann) == [FETCH, "Stopped."]


async def test_a_command_that_drops_nothing_is_answered_behind_what_waits(host: FakeHost) -> None:
    async with unverified(host) as (world, stage):
        ann = world.person()
        message = await told_to_fetch(world, stage, ann)
        await stage.adapter.send(message.chat, reply_to(message))
        command = await asked(world, stage, ann, "/help")
        await stage.adapter.send(command.chat, reply_to(command, "Commands:"))
        await world.answers(ann, 2)
        assert world.texts(ann) == [FETCH, f"the answer{MORE}"]
        assert await fetched(world, ann) == "Commands:"


async def test_a_command_that_takes_long_fetches_what_waits_meanwhile(host: FakeHost) -> None:
    async with unverified(host) as (world, stage):
        ann = world.person()
        message = await told_to_fetch(world, stage, ann)
        await stage.adapter.send(message.chat, reply_to(message))
        push = await say_late(world, ann, "/help")
        command = (await stage.inbox.get(2))[-1]
        await world.settled(push)
        assert world.texts(ann) == [FETCH, f"the answer{MORE}"]
        await stage.adapter.send(command.chat, reply_to(command, "Commands:"))
        assert await fetched(world, ann) == "Commands:"


# Limits and trouble.


async def test_what_waits_for_one_person_is_bounded(host: FakeHost) -> None:
    async with unverified(host) as (world, stage):
        message = await told_to_fetch(world, stage, world.person())
        for number in range(50):
            await stage.adapter.send(message.chat, reply_to(message, str(number), more=True))
        with pytest.raises(WindowClosed):
            await stage.adapter.send(message.chat, reply_to(message, "one too many"))


async def test_who_leaves_fetches_nothing_any_more(host: FakeHost) -> None:
    async with unverified(host) as (world, stage):
        ann = world.person()
        message = await told_to_fetch(world, stage, ann)
        await stage.adapter.send(message.chat, reply_to(message))
        left = await world.unfollow(ann)
        assert left is not None
        await world.settled(left)
        ann.follows = True
        assert (await asked(world, stage, ann, "me again")).text == "me again"


class FullHost(FakeHost):
    """A host whose disk is full."""

    full = False

    async def save(self, key: str, value: str) -> None:
        if self.full:
            raise StoreError("the disk is full")
        await super().save(key, value)


async def test_a_full_disk_keeps_nobody_from_asking_again(host: FakeHost) -> None:
    full = FullHost(host.folder)
    async with unverified(full) as (world, stage):
        ann = world.person()
        full.full = True
        push = await say_late(world, ann)
        await world.tried(push, 2)
        message = (await stage.inbox.get())[-1]
        with pytest.raises(StoreError):
            await stage.adapter.send(message.chat, reply_to(message, "one", more=True))
        full.full = False
        await world.settled(push)
        assert seen(ann) == [(FETCH, "passive")]
        await stage.adapter.send(message.chat, reply_to(message))
        assert await fetched(world, ann) == "the answer"


async def test_what_is_kept_and_unreadable_is_no_end(host: FakeHost) -> None:
    for number, saved in enumerate(("{", "[]", '{"piece": 1}', '{"given": [1]}')):
        host.values[f"kept:oABCDEFGHIJKLMNOPQRSTU{number + 1:06}"] = saved
    async with unverified(host) as (world, stage):
        for number in range(4):
            assert (await asked(world, stage, world.person(), f"{number}")).text == f"{number}"


def test_what_is_too_old_is_forgotten() -> None:
    kept = Kept(["piece"], since=1000, promised={"a": 1000, "b": 1600}, given=("1", "x", False), told=1000)
    kept.prune(2000)
    assert (kept.pieces, list(kept.promised), kept.given) == (["piece"], ["b"], None)
    kept.prune(1000 + 8 * 86_400)
    assert (kept.pieces, kept.promised) == ([], {})
    assert not kept.fetchable
