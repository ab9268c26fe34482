"""Logging in to iLink: every state of a code, where it may lead, and that a restart needs none."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from gateway import ChannelState
from gateway.errors import AuthError, NetworkError, Rejected
from gateway.login import Step
from tests.servers.ilink import IlinkServer

from .host import FakeHost, FakeInbox, running, stop, until
from .wechat_ilink_platform import adapter, code, log_in, saved_session, server, step, unknown


async def test_who_scans_and_confirms_is_logged_in(host: FakeHost) -> None:
    async with unknown(host) as (world, inbox, _):
        ann = world.person("Ann")
        scan = await code(host)
        assert host.states[-1] is ChannelState.NEEDS_LOGIN
        assert scan.text == world.world.codes[-1].text
        bot = await log_in(world, host, ann)
        assert host.login.scan is None
        world.say(ann, "hello")
        (message,) = await inbox.get()
        assert message.chat.id == message.sender.id == ann.id
        assert message.chat.account not in ("", ann.id)  # who owns the bot is not the bot
        assert json.loads(host.values["session"])["session"]["token"] == bot.token
        assert world.complaints == []


async def test_what_a_person_has_to_do_is_not_told_as_an_error(host: FakeHost) -> None:
    """`gateway status` went on to say "scan the code …" as the last error of a channel that was up."""
    async with unknown(host) as (world, _, _task):
        await log_in(world, host, world.person())
        assert host.states == [ChannelState.NEEDS_LOGIN, ChannelState.UP]
        assert {detail for _, detail in host.reports} == {""}


async def test_a_restart_needs_no_scan(host: FakeHost) -> None:
    async with unknown(host) as (world, _, task):
        ann = world.person("Ann")
        await log_in(world, host, ann)
        await stop(task)
        inbox = FakeInbox(host)
        async with running(adapter(host, world), inbox):
            world.say(ann, "still there?")
            await inbox.get()
        assert len(world.world.codes) == 1
        assert host.login.scan is None


async def test_the_digits_that_the_phone_shows_are_asked_for(host: FakeHost) -> None:
    async with unknown(host) as (world, _, _task):
        world.ask_code("4711")
        world.scan(world.person(), (await code(host)).text)
        await step(host, Step.DIGITS)
        host.login.answer("1234")
        await step(host, Step.DIGITS, wrong=True)
        host.login.answer(" 4711 ")
        await world.until(lambda: world.world.codes[-1].status == "scaned")
        await step(host, Step.CONFIRM)
        world.confirm()
        await until(lambda: host.states[-1] is ChannelState.UP)


async def test_too_many_wrong_digits_are_a_new_code(host: FakeHost) -> None:
    async with unknown(host) as (world, _, _task):
        world.ask_code("4711")
        blocked = await code(host)
        world.scan(world.person(), blocked.text)
        for wrong in (False, True, True):
            await step(host, Step.DIGITS, wrong=wrong)
            host.login.answer("1")
        assert (await code(host, other_than=blocked.text)).step is Step.SCAN
        await log_in(world, host, world.person())


async def test_a_login_goes_on_at_another_host(host: FakeHost) -> None:
    async with unknown(host) as (world, inbox, _):
        ann = world.person("Ann")
        world.redirect()
        bot = await log_in(world, host, ann)
        assert bot.root == world.other_root
        world.say(ann, "hello")
        await inbox.get()
        assert {call.root for call in world.called("getupdates")} == {world.other_root}


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "scaned_but_redirect", "redirect_host": "169.254.169.254"},
        {"status": "scaned_but_redirect", "redirect_host": "127.0.0.1:1@evil.example"},
        {"status": "confirmed", "bot_token": "t", "ilink_bot_id": "b", "baseurl": "http://10.0.0.1"},
    ],
)
async def test_a_login_leads_nowhere_else(host: FakeHost, answer: dict[str, str]) -> None:
    async with server() as world:
        world.fail("get_qrcode_status", status=200, body={"ret": 0, **answer})
        ours = adapter(host, world)
        with pytest.raises(Rejected, match="none of its own"):
            await ours.log_in()
        await ours.close()
        assert "session" not in host.values
        assert host.login.scan is None


async def test_an_expired_code_is_replaced(host: FakeHost) -> None:
    async with unknown(host) as (world, _, _task):
        first = await code(host)
        world.expire_code()
        await code(host, other_than=first.text)
        await log_in(world, host, world.person())
        assert len(world.world.codes) == 2


async def test_a_code_is_replaced_before_it_expires_while_nobody_has_scanned_it(host: FakeHost) -> None:
    async with unknown(host, code_seconds=0.7) as (world, _, _task):
        first = await code(host)
        second = await code(host, other_than=first.text)
        assert world.world.codes[0].status == "wait"
        world.scan(world.person(), second.text)
        await step(host, Step.CONFIRM)
        made = len(world.world.codes)
        await asyncio.sleep(0.9)
        assert len(world.world.codes) == made
        world.confirm()
        await until(lambda: host.states[-1] is ChannelState.UP)


async def test_a_confirmation_without_a_bot_is_a_failure(host: FakeHost) -> None:
    async with server() as world:
        answer = {"ret": 0, "status": "confirmed", "bot_token": "token", "ilink_user_id": "u"}
        world.fail("get_qrcode_status", status=200, body=answer)
        ours = adapter(host, world)
        with pytest.raises(Rejected, match="scan again"):
            await ours.log_in()
        await ours.close()
        assert "session" not in host.values


async def test_trouble_while_a_code_is_shown_is_no_end_of_it(host: FakeHost) -> None:
    async with unknown(host) as (world, _, _task):
        world.fail("get_qrcode_status", status=524)
        world.fail("get_qrcode_status", status=200, cut=True)
        first = await code(host)
        await world.until(lambda: len(world.called("get_qrcode_status")) >= 2)
        await log_in(world, host, world.person())
        assert [one.text for one in world.world.codes] == [first.text]


async def test_it_waits_for_a_network_to_ask_for_a_code(host: FakeHost) -> None:
    async with server() as world:
        await world.__aexit__()
        async with running(adapter(host, world), FakeInbox(host)):
            await until(lambda: ChannelState.DOWN in host.states)
            async with world:
                await log_in(world, host, world.person())
        assert ChannelState.NEEDS_LOGIN in host.states[host.states.index(ChannelState.DOWN) :]


# --- gateway login


async def test_log_in_makes_a_login_durable(host: FakeHost) -> None:
    async with server() as world:
        ours = adapter(host, world)
        logging_in = asyncio.create_task(ours.log_in())
        world.scan(world.person("Ann"), (await code(host)).text)
        bot = world.confirm()
        assert await logging_in == bot.id
        await ours.close()
        assert bot.running is None  # nobody listened, so nobody stops
        async with running(adapter(host, world), FakeInbox(host)):
            await until(lambda: host.states[-1] is ChannelState.UP)
        assert len(world.world.codes) == 1


async def test_log_in_leaves_a_good_login_alone(host: FakeHost) -> None:
    async with server() as world:
        bot = world.login()
        host.values["session"] = saved_session(bot)
        ours = adapter(host, world)
        assert await ours.log_in() == bot.id
        await ours.close()
        assert world.world.codes == []


async def test_log_in_replaces_an_expired_login(host: FakeHost) -> None:
    async with server() as world:
        bot = world.login()
        host.values["session"] = saved_session(bot)
        world.expire(bot)
        ours = adapter(host, world)
        logging_in = asyncio.create_task(ours.log_in())
        world.scan(bot.owner, (await code(host)).text)
        assert host.states[-1] is ChannelState.AUTH_EXPIRED
        assert world.world.codes[-1].tokens == []
        new = world.confirm()
        assert await logging_in == new.id != bot.id
        await ours.close()


async def test_a_login_in_doubt_is_kept_when_it_is_bound_already(host: FakeHost) -> None:
    async with server() as world:
        bot = world.login()
        host.values["session"] = kept = saved_session(bot)
        world.refuse("getconfig", -1)
        ours = adapter(host, world)
        logging_in = asyncio.create_task(ours.log_in())
        world.scan(bot.owner, (await code(host)).text)
        assert world.world.codes[-1].tokens == [bot.token]
        world.confirm()
        assert await logging_in == bot.id
        await ours.close()
        assert world.world.codes[-1].status == "binded_redirect"
        assert host.values["session"] == kept


async def test_bound_already_without_a_login_says_what_to_do(host: FakeHost) -> None:
    async with server() as world:
        world.fail("get_qrcode_status", status=200, body={"ret": 0, "status": "binded_redirect"})
        ours = adapter(host, world)
        with pytest.raises(AuthError, match="bring back the data folder"):
            await ours.log_in()
        await ours.close()


async def test_log_in_without_a_network_says_so(host: FakeHost) -> None:
    async with server() as world:
        ours = adapter(host, world)
        await world.__aexit__()
        with pytest.raises(NetworkError):
            await ours.log_in()
        await ours.close()


async def test_verify_tells_who_we_are(host: FakeHost) -> None:
    async with server() as world:
        bot = world.login()
        ours = adapter(host, world)
        with pytest.raises(AuthError, match="gateway login"):
            await ours.verify()
        host.values["session"] = saved_session(bot)
        assert await ours.verify() == bot.id
        world.expire(bot)
        with pytest.raises(AuthError):
            await ours.verify()
        await ours.close()


@pytest.mark.parametrize("saved", ["{", "[]", '{"session": {"id": "x"}}', '{"session": 5}'])
async def test_an_unreadable_login_is_no_reason_to_stop(host: FakeHost, saved: str) -> None:
    host.values["session"] = saved
    async with unknown(host) as (world, _, _task):
        await log_in(world, host, world.person())


# --- several accounts


async def test_two_accounts_are_two_channels(tmp_path: Path) -> None:
    world: IlinkServer
    first, second = FakeHost(tmp_path, "first"), FakeHost(tmp_path, "second")
    async with unknown(first) as (world, inbox, _):
        ann, bob = world.person("Ann"), world.person("Bob")
        await log_in(world, first, ann)
        other = FakeInbox(second)
        async with running(adapter(second, world), other):
            await log_in(world, second, bob)
            world.say(ann, "I am Ann")
            world.say(bob, "I am Bob")
            assert [message.text for message in await inbox.get()] == ["I am Ann"]
            assert [message.text for message in await other.get()] == ["I am Bob"]


async def test_no_code_is_written_anywhere(host: FakeHost, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with unknown(host) as (world, _, _task):
        bot = await log_in(world, host, world.person())
        world.expire(bot)
        second = await code(host)
    logged = repr([record.getMessage() for record in caplog.records]) + repr(host.reports)
    first = world.world.codes[0]
    for secret in (bot.token, first.id, first.text, second.text):
        assert secret not in logged
