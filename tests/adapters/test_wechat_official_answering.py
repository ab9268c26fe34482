"""Which way an answer takes: in a response to one of WeChat's requests, or by customer service."""

from __future__ import annotations

import asyncio

import pytest

from adapters.wechat_official.wording import Words
from gateway import ChannelState, Message, Reply
from gateway.errors import AuthError, ChatGone, NetworkError, Rejected, WindowClosed
from tests.servers.wechat_official import FAILURE, Person

from .contract import staged
from .host import FakeHost, FakeInbox, until
from .wechat_official_platform import SimulatedWeChat, asked, say_late, server, wechat

LONG = ["one", "two", "three"]


def reply_to(message: Message, text: str = "the answer", *, more: bool = False) -> Reply:
    """A reply as the gateway makes them."""
    return Reply(text, question=message.id, more=more)


def seen(person: Person) -> list[tuple[str, str]]:
    """What *person* sees, and how it came."""
    return [(shown.text, shown.via) for shown in person.shown]


# In time.


@pytest.mark.parametrize("tries", [1, 2, 3])
async def test_an_answer_is_the_response_to_whichever_request_is_open(host: FakeHost, tries: int) -> None:
    async with wechat(host) as (world, stage):
        ann = world.person()
        push = await world.say(ann, "hello")
        (message,) = await stage.inbox.get()
        await world.tried(push, tries)
        await stage.adapter.send(message.chat, reply_to(message))
        assert await world.settled(push) == "answered"
        assert seen(ann) == [("the answer", "passive")]
        assert len(push.tries) == tries
        assert stage.inbox.calls == 1
        assert world.called("custom/send") == []
        assert world.complaints == []


@pytest.mark.parametrize(
    ("mode", "resigns"), [("plain", True), ("plain", False), ("compatible", True), ("secure", False)]
)
async def test_every_mode_and_either_way_of_signing_again(host: FakeHost, mode: str, resigns: bool) -> None:
    async with wechat(host, world=server(mode=mode)) as (world, stage):
        world.pushes.resigns = resigns
        ann = world.person()
        push = await world.say(ann, "你好 <![CDATA[ ]]> 🌍")
        (message,) = await stage.inbox.get()
        assert message.text == "你好 <![CDATA[ ]]> 🌍"
        await world.tried(push, 2)
        await stage.adapter.send(message.chat, reply_to(message, "您好 <![CDATA[ ]]> & \x00\x0b🌍"))
        await world.settled(push)
        assert seen(ann) == [("您好 <![CDATA[ ]]> & 🌍", "passive")]
        assert world.complaints == []


async def test_an_answer_between_two_requests_waits_for_the_next(host: FakeHost) -> None:
    async with wechat(host) as (world, stage):
        ann = world.person()
        push = await world.say(ann, "hello")
        (message,) = await stage.inbox.get()
        # after our patience, before WeChat's is over
        await asyncio.sleep(0.6)
        await stage.adapter.send(message.chat, reply_to(message))
        assert await world.settled(push) == "answered"
        assert len(push.tries) == 2
        assert seen(ann) == [("the answer", "passive")]


async def test_an_answer_that_is_lost_on_the_way_is_given_again(host: FakeHost) -> None:
    async with wechat(host) as (world, stage):
        world.pushes.lost = 2
        ann = world.person()
        push = await world.say(ann, "hello")
        (message,) = await stage.inbox.get()
        await stage.adapter.send(message.chat, reply_to(message))
        assert await world.settled(push) == "answered"
        assert (len(push.tries), seen(ann)) == (3, [("the answer", "passive")])


async def test_an_answer_that_is_lost_on_the_way_is_given_again_after_a_restart(host: FakeHost) -> None:
    async with server() as world:
        world.pushes.lost, ann = 1, world.person()
        async with staged(SimulatedWeChat(world), host) as stage:
            push = await world.say(ann, "hello")
            (message,) = await stage.inbox.get()
            await stage.adapter.send(message.chat, reply_to(message))
            await world.until(lambda: world.pushes.lost == 0)
        async with staged(SimulatedWeChat(world), host) as stage:
            assert await world.settled(push) == "answered"
            assert seen(ann) == [("the answer", "passive")]
            assert stage.inbox.messages == []


async def test_an_answer_needs_no_interface_of_wechats(host: FakeHost) -> None:
    async with wechat(host) as (world, stage), world.outage():
        ann = world.person()
        message = await asked(world, stage, ann)
        await stage.adapter.send(message.chat, reply_to(message))
        await world.answers(ann)
        assert seen(ann) == [("the answer", "passive")]


async def test_one_answer_is_the_response_and_the_rest_follows_in_order(host: FakeHost) -> None:
    async with wechat(host) as (world, stage):
        ann = world.person()
        message = await asked(world, stage, ann)
        for text in LONG:
            await stage.adapter.send(message.chat, reply_to(message, text, more=text != "three"))
        await world.answers(ann, 3)
        assert seen(ann) == [("one", "passive"), ("two", "service"), ("three", "service")]


async def test_two_people_are_answered_apart(host: FakeHost) -> None:
    async with wechat(host) as (world, stage):
        ann, bob = world.person("Ann"), world.person("Bob")
        first, second = await asked(world, stage, ann, "a"), await asked(world, stage, bob, "b")
        await stage.adapter.send(second.chat, reply_to(second, "for Bob"))
        await stage.adapter.send(first.chat, reply_to(first, "for Ann"))
        await world.until(lambda: ann.shown and bob.shown)
        assert (seen(ann), seen(bob)) == ([("for Ann", "passive")], [("for Bob", "passive")])


# By customer service.


async def test_what_comes_later_goes_by_customer_service(host: FakeHost) -> None:
    async with wechat(host) as (world, stage):
        ann = world.person()
        push = await world.say(ann, "hello")
        (message,) = await stage.inbox.get()
        await stage.adapter.typing(message.chat)
        assert await world.settled(push) == "accepted"
        assert len(push.tries) == 3
        assert ann.shown == []
        for text in LONG:
            await stage.adapter.send(message.chat, reply_to(message, text, more=text != "three"))
        assert seen(ann) == [(text, "service") for text in LONG]
        assert stage.inbox.calls == 1


async def test_whether_we_may_write_is_asked_before_the_last_word(host: FakeHost) -> None:
    async with wechat(host) as (world, _):
        ann = world.person()
        push = await say_late(world, ann)
        assert await world.settled(push) == "accepted"
        assert len(world.called("custom/typing")) == 1
        assert ann.shown == []


async def test_the_last_of_what_wechat_lets_through_says_that_there_is_more(host: FakeHost) -> None:
    async with wechat(host) as (world, stage):
        ann = world.person()
        message = await asked(world, stage, ann)
        for number in range(8):
            await stage.adapter.send(message.chat, reply_to(message, f"piece {number}", more=number < 7))
        await world.answers(ann, 6)
        more = Words.MORE.say("en")
        assert [shown.via for shown in ann.shown] == ["passive", *["service"] * 5]
        assert world.texts(ann)[5] == f"piece 5{more}"
        await world.say(ann, "1")
        await world.answers(ann, 7)
        await world.say(ann, "1")
        await world.answers(ann, 8)
        assert seen(ann)[6:] == [(f"piece 6{more}", "passive"), ("piece 7", "passive")]
        assert len(stage.inbox.messages) == 1


@pytest.mark.parametrize("code", [45015, 45047])
async def test_a_window_that_is_closed_is_said_to_be(host: FakeHost, code: int) -> None:
    async with wechat(host) as (world, stage):
        ann = world.person()
        push = await say_late(world, ann)
        (message,) = await stage.inbox.get()
        await stage.adapter.typing(message.chat)
        await world.settled(push)
        world.refuse("custom/send", code)
        with pytest.raises(WindowClosed):
            await stage.adapter.send(message.chat, reply_to(message))
        await stage.adapter.send(message.chat, reply_to(message))
        assert seen(ann) == [("the answer", "service")]


async def test_a_button_is_a_question_with_a_smaller_window(host: FakeHost) -> None:
    async with wechat(host) as (world, stage):
        ann = world.person()
        await world.click(ann, "/help")
        (message,) = await stage.inbox.get()
        assert message.text == "/help"
        for number in range(4):
            await stage.adapter.send(message.chat, reply_to(message, str(number), more=True))
        await world.answers(ann, 4)
        assert world.texts(ann)[-1].startswith("3\n")
        assert world.called("custom/send")[-1].answer["errcode"] == 0


async def test_the_last_request_is_known_by_its_time_where_others_did_not_reach_us(host: FakeHost) -> None:
    async with wechat(host) as (world, stage):
        ann = world.person()
        push = await say_late(world, ann)
        assert await world.settled(push) == "accepted"
        assert len(push.tries) == 1
        assert len(stage.inbox.messages) == 1


async def test_an_account_that_is_said_to_be_verified_and_is_not(host: FakeHost) -> None:
    async with wechat(host, world=server(verified=False), customer_service=True) as (world, stage):
        ann = world.person()
        push = await say_late(world, ann)
        (message,) = await stage.inbox.get()
        assert await world.settled(push) == "accepted"
        with pytest.raises(AuthError, match="verified"):
            await stage.adapter.send(message.chat, reply_to(message))


async def test_without_customer_service_nothing_is_asked_of_wechat(host: FakeHost) -> None:
    async with wechat(host, customer_service=False) as (world, stage):
        ann = world.person()
        message = await asked(world, stage, ann)
        await stage.adapter.send(message.chat, reply_to(message, "one", more=True))
        await stage.adapter.send(message.chat, reply_to(message, "two"))
        await world.answers(ann)
        await world.say(ann, "go on")
        await world.answers(ann, 2)
        assert await stage.adapter.verify() == world.account.app_id
        assert not stage.adapter.capabilities.typing
        assert world.texts(ann) == [f"one{Words.MORE.say('en')}", "two"]
        assert world.calls == []


# People who come and go.


async def test_who_begins_to_follow_is_greeted(host: FakeHost) -> None:
    async with wechat(host, greeting="欢迎！") as (world, stage):
        ann = world.person()
        await world.settled(await world.follow(ann))
        assert seen(ann) == [("欢迎！", "passive")]
        assert stage.inbox.calls == 0


@pytest.mark.parametrize("event", ["subscribe", "SCAN", "VIEW", "LOCATION", "TEMPLATESENDJOBFINISH"])
async def test_other_events_are_taken_and_nobody_hears_of_them(host: FakeHost, event: str) -> None:
    async with wechat(host) as (world, stage):
        ann = world.person()
        assert await world.settled(await world.event(ann, event, EventKey="x")) == "accepted"
        assert (seen(ann), stage.inbox.calls) == ([], 0)


async def test_who_leaves_and_comes_back_can_be_written_to_again(host: FakeHost) -> None:
    async with wechat(host) as (world, stage):
        ann = world.person()
        message = await asked(world, stage, ann)
        left = await world.unfollow(ann)
        assert left is not None
        await world.settled(left)
        with pytest.raises(ChatGone):
            await stage.adapter.send(message.chat, reply_to(message))
        await world.settled(await world.follow(ann))
        await stage.adapter.send(message.chat, Reply("welcome back"))
        assert seen(ann) == [("welcome back", "service")]


# Trouble.


async def test_silence_while_nothing_can_be_stored_and_then_all_is_well(host: FakeHost) -> None:
    async with wechat(host) as (world, stage):
        stage.inbox.failures = 1
        ann = world.person()
        push = await world.say(ann, "hello")
        (message,) = await stage.inbox.get()
        await stage.adapter.send(message.chat, reply_to(message))
        assert await world.settled(push) == "answered"
        assert len(push.tries) == 2
        assert host.states[-2:] == [ChannelState.DOWN, ChannelState.UP]


async def test_where_nothing_can_be_stored_wechat_tells_the_person(host: FakeHost) -> None:
    async with wechat(host) as (world, stage):
        stage.inbox.failures = 3
        ann = world.person()
        assert await world.settled(await world.say(ann, "hello")) == "failed"
        assert seen(ann) == [(FAILURE, "failure")]
        assert world.complaints == []


async def test_a_request_is_taken_before_wechats_interfaces_can_be_reached(host: FakeHost) -> None:
    world = server()
    async with world:
        world.hang("stable_token")
        async with staged(SimulatedWeChat(world), host) as stage:
            await world.until(lambda: world.called("stable_token"))
            ann = world.person()
            message = await asked(world, stage, ann)
            await stage.adapter.send(message.chat, reply_to(message))
            await world.answers(ann)
        assert seen(ann) == [("the answer", "passive")]


async def test_the_end_of_the_gateway_is_a_last_word(host: FakeHost) -> None:
    inbox = FakeInbox(host)
    async with wechat(host, inbox) as (world, stage):
        ann = world.person()
        push = await world.say(ann, "hello")
        await stage.inbox.get()
        await stage.adapter.close()
        assert await world.settled(push) == "accepted"
        assert len(push.tries) == 1
        with pytest.raises(NetworkError):
            await stage.adapter.send(stage.inbox.messages[0].chat, Reply("too late"))


async def test_what_nobody_may_send_is_not_tried_again(host: FakeHost) -> None:
    async with wechat(host) as (world, stage):
        message = await asked(world, stage, world.person())
        world.refuse("custom/send", 45002)
        with pytest.raises(Rejected):
            await stage.adapter.send(message.chat, Reply("x"))
        await until(lambda: world.called("custom/send"))
