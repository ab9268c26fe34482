"""DingTalk's stream: what is acknowledged when, and what it survives."""

from __future__ import annotations

import asyncio
import time
from functools import partial

import pytest

from adapters.dingtalk.pulse import Pulse
from gateway import ChannelState
from gateway.errors import AuthError
from tests.servers.dingtalk import Connection

from .contract import staged
from .dingtalk_platform import CLIENT_ID, SimulatedDingTalk, asked, dingtalk, server
from .host import FakeHost, FakeInbox, until


async def test_a_message_is_acknowledged_within_a_second_whatever_comes_of_it(host: FakeHost) -> None:
    async with dingtalk(host) as (world, stage):
        ann = world.user()
        began = time.monotonic()
        sent = world.say(world.private(ann), ann, "take your time")
        await stage.inbox.get()
        await world.until(lambda: sent in world.acks)
        assert world.acks[sent] - began < 1
        assert world.complaints == []


async def test_what_comes_again_is_one_message(host: FakeHost) -> None:
    async with dingtalk(host) as (world, stage):
        ann = world.user()
        room = world.private(ann)
        sent = world.say(room, ann, "once")
        await world.until(lambda: sent in world.acks)
        await world.redeliver(sent)
        await world.redeliver(sent, fresh=False)
        await asked(world, stage, room, "again")
        assert [message.text for message in stage.inbox.messages] == ["once", "again"]


async def test_what_cannot_be_stored_is_not_acknowledged_and_not_lost(host: FakeHost) -> None:
    # DingTalk promises no second try, so this must not rely on one.
    async with dingtalk(host, world=server(redelivery=())) as (world, stage):
        stage.inbox.failures = 1
        ann = world.user()
        room = world.private(ann)
        sent = world.say(room, ann, "keep me")
        await until(lambda: ChannelState.DOWN in host.states)
        assert sent not in world.acks
        assert [message.text for message in await stage.inbox.get()] == ["keep me"]
        await world.until(lambda: sent in world.acks)
        assert host.states[-1] is ChannelState.UP


async def test_messages_that_wait_are_stored_together(host: FakeHost) -> None:
    async with dingtalk(host) as (world, stage):
        ann = world.user()
        room = world.private(ann)
        stage.inbox.opened.clear()
        for number in range(50):
            world.say(room, ann, str(number))
            if number == 0:
                await until(lambda: stage.inbox.calls == 1)
        (connection,) = world.connections[CLIENT_ID]
        connection.ping()
        await world.until(lambda: connection.pongs)  # it is read while the inbox is slow
        stage.inbox.opened.set()
        assert [message.text for message in await stage.inbox.get(50)] == [str(n) for n in range(50)]
        assert stage.inbox.calls < 10


async def test_a_new_connection_is_there_before_the_old_one_ends(host: FakeHost) -> None:
    async with dingtalk(host) as (world, stage):
        (old,) = await world.connected()
        told = time.monotonic()
        world.disconnect(old, after=0.5)
        (new,) = await world.connected()
        assert new is not old
        assert new.opened - told < 0.5
        assert old.live
        await asked(world, stage, world.private(world.user()))
        await world.until(lambda: not old.live)
        assert host.states == [ChannelState.UP]
        assert len(world.called("connections/open")) == 2


def chosen(connection: Connection, among: list[Connection]) -> Connection:
    """DingTalk's choice of the connection that a message goes over."""
    assert connection in among
    return connection


async def test_messages_on_either_connection_are_taken(host: FakeHost) -> None:
    async with dingtalk(host) as (world, stage):
        (old,) = await world.connected()
        world.disconnect(old, after=5)
        (new,) = await world.connected()
        old.leaving = None  # it still had some to carry
        room = world.private(world.user())
        for number, connection in enumerate((old, new, old, new), 1):
            world.deliveries.pick = partial(chosen, connection)
            await asked(world, stage, room, str(number))
        assert [message.text for message in stage.inbox.messages] == ["1", "2", "3", "4"]
        await world.until(lambda: len(world.acks) == 4)


async def test_a_connection_that_breaks_is_replaced(host: FakeHost) -> None:
    async with dingtalk(host) as (world, stage):
        (old,) = await world.connected()
        world.drop(old)
        await world.until(lambda: not old.live)
        await world.connected()
        await asked(world, stage, world.private(world.user()))


async def test_a_ticket_is_used_once(host: FakeHost) -> None:
    async with dingtalk(host) as (world, _):
        for _round in range(3):
            (old,) = await world.connected()
            world.drop(old)
            await world.until(lambda old=old: not old.live)
        await world.connected()
        tickets = [call.params["ticket"] for call in world.called("/connect") if call.method == "GET"]
        assert len(tickets) == len(set(tickets)) == 4


async def test_a_ticket_that_is_refused_is_no_reason_to_stop(host: FakeHost) -> None:
    world = server(ticket_seconds=0)
    async with world, staged(SimulatedDingTalk(world), host) as stage:
        await until(lambda: ChannelState.DOWN in host.states)
        world.world.ticket_seconds = 90
        await stage.up()
    assert host.states == [ChannelState.DOWN, ChannelState.UP]


async def test_a_zombie_is_replaced(host: FakeHost) -> None:
    async with dingtalk(host, world=server(ping_every=0.05), silence=0.6) as (world, stage):
        (old,) = await world.connected()
        await world.until(lambda: old.pongs > 1)
        world.zombie(old)
        ann = world.user()
        room = world.private(ann)
        sent = world.say(room, ann, "anybody?")
        await world.until(lambda: len(world.connections[CLIENT_ID]) > 1)
        assert [message.text for message in await stage.inbox.get()] == ["anybody?"]
        await world.until(lambda: sent in world.acks)


async def test_a_quiet_connection_is_left_alone(host: FakeHost) -> None:
    """One without a ping of its own was taken for dead every minute."""
    async with dingtalk(host, world=server(ping_every=3600), silence=0.1) as (world, stage):
        await asyncio.sleep(0.5)  # five times the silence that would be suspicious elsewhere
        assert len(world.called("connections/open")) == 1
        await asked(world, stage, world.private(world.user()))


async def test_a_storm_of_farewells_is_met_with_patience(host: FakeHost) -> None:
    async with dingtalk(host) as (world, _):
        ends = time.monotonic() + 1
        while time.monotonic() < ends:
            for connection in world.connections[CLIENT_ID]:
                if connection.leaving is None:
                    world.disconnect(connection, after=0.01)
            await asyncio.sleep(0.01)
        assert 2 <= len(world.called("connections/open")) <= 5


@pytest.mark.parametrize("mode", ["stream", "http"])
async def test_wrong_credentials_stop_the_channel(host: FakeHost, mode: str) -> None:
    async with server() as world:
        world.robot(CLIENT_ID).client_secret = "another"
        adapter = SimulatedDingTalk(world, mode).adapter(host, "http://127.0.0.1:1")  # type: ignore[arg-type]  # both modes
        with pytest.raises(AuthError, match="client id or secret"):
            await adapter.run(FakeInbox(host).receive)
        with pytest.raises(AuthError):
            await adapter.verify()
        await adapter.close()


async def test_an_error_of_the_gateway_ends_the_run_as_it_is(host: FakeHost) -> None:
    async def receive(*_: object, **__: object) -> None:
        raise KeyError("a mistake of ours")

    async with server() as world:
        adapter = SimulatedDingTalk(world).adapter(host, "http://127.0.0.1:1")
        running = asyncio.create_task(adapter.run(receive))
        await world.connected()
        ann = world.user()
        world.say(world.private(ann), ann, "hello")
        with pytest.raises(KeyError):
            await running
        await adapter.close()


async def test_verify_says_who_we_are_without_listening(host: FakeHost) -> None:
    async with server() as world:
        adapter = SimulatedDingTalk(world).adapter(host, "http://127.0.0.1:1")
        assert await adapter.verify() == CLIENT_ID
        assert adapter.account == CLIENT_ID
        await adapter.close()
        assert world.called("connections/open") == []


async def test_two_robots_in_one_process_share_nothing(host: FakeHost) -> None:
    async with server() as world:
        first = SimulatedDingTalk(world)
        world.robot("other", "other secret")
        second = SimulatedDingTalk(world, client_id="other", client_secret="other secret")
        other_host = FakeHost(host.folder, "other")
        async with staged(first, host) as one, staged(second, other_host) as two:
            await world.connected(2)
            ann = world.user()
            mine = await asked(world, one, world.private(ann, world.robot(CLIENT_ID)), "to the first")
            theirs = await asked(world, two, world.private(ann, world.robot("other")), "to the second")
            assert [message.text for message in one.inbox.messages] == ["to the first"]
            assert mine.key != theirs.key
            assert (mine.account, theirs.account) == (CLIENT_ID, "other")


# --- the pulse, pure


def test_a_day_without_a_message_is_one_connection() -> None:
    pulse, now = Pulse(0, 60, talks=False), 0.0
    while now < 86_400:
        now += 25
        pulse.frame(now, unasked=True)
        assert pulse.judge(now) == "alive"
        assert pulse.judge(now + 15) == "alive"


def test_a_link_that_answers_is_alive_where_none_talks() -> None:
    pulse, now = Pulse(0, 60, talks=False), 0.0
    while now < 3000:
        now += pulse.next(now) + 0.001
        assert pulse.judge(now) == "ask"
        pulse.asked(now)
        pulse.answered(now + 0.1)
    assert pulse.judge(3601) == "mute"  # and yet not for ever


def test_a_link_that_answers_is_mute_where_they_talk() -> None:
    pulse = Pulse(0, 60, talks=True)
    pulse.asked(20)
    pulse.answered(20)
    pulse.asked(40)
    pulse.answered(40)
    assert pulse.judge(59) == "alive"
    assert pulse.judge(60) == "mute"


def test_a_link_that_does_not_answer_is_dead() -> None:
    pulse = Pulse(0, 60, talks=False)
    assert pulse.next(0) == 20
    pulse.asked(20)
    assert pulse.judge(39) == "alive"
    assert pulse.judge(40) == "dead"
