"""Logging in to WeChat with a phone, staying logged in, and what happens when that ends."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import threading
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters.wechat_web.client import Endpoint
from adapters.wechat_web.entrance import Entered
from adapters.wechat_web.line import Line
from adapters.wechat_web.login import QrLogin
from gateway import ChannelState, Reply
from gateway.errors import AuthError, NetworkError
from gateway.health import Health
from gateway.login import Step
from tests.servers.proxy import Proxy
from tests.servers.wechat_web import WeChatServer

from .contract import Stage, staged
from .host import FakeHost, FakeInbox, running, stop, until
from .wechat_web_platform import SimulatedWechatWeb, asked, log_in, server, wechat

S = ChannelState


@pytest.fixture
async def world() -> AsyncIterator[WeChatServer]:
    async with server() as world:
        yield world
        assert world.complaints == []


@asynccontextmanager
async def starting(world: WeChatServer, host: FakeHost, **options: Any) -> AsyncIterator[Stage]:
    """Our adapter, just started, and nobody there who scans."""
    async with staged(SimulatedWechatWeb(world, **options), host) as stage:
        yield stage


# --- the code


async def test_a_code_is_shown_scanned_and_confirmed(world: WeChatServer, host: FakeHost) -> None:
    steps: list[Step | None] = []
    host.login.watch(lambda scan: steps.append(scan.step if scan else None))
    async with starting(world, host) as stage:
        code = await world.shown_code()
        scan = host.login.scan
        assert scan is not None
        assert scan.text == f"https://login.weixin.qq.com/l/{code.uuid}" == code.text
        assert host.states == [S.NEEDS_LOGIN]
        world.scan(scan.text)
        await until(lambda: steps[-1:] == [Step.CONFIRM], lambda: steps)
        world.confirm()
        await stage.up()
        assert steps == [Step.SCAN, Step.CONFIRM, None]
        assert host.states == [S.NEEDS_LOGIN, S.UP]
        assert stage.adapter.account == str(world.first.uin)


@asynccontextmanager
async def qr_login(
    world: WeChatServer, host: FakeHost, lifetime: float
) -> AsyncIterator[asyncio.Task[Entered]]:
    """A login with codes that live so long (seconds)."""
    line = Line("test")
    asking = QrLogin(host, Health(host), line, Endpoint(world.root, None, 10), S.NEEDS_LOGIN, "", lifetime)
    task = asyncio.create_task(asking.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        line.close()


async def test_a_code_that_nobody_scans_is_renewed_before_it_is_over(host: FakeHost) -> None:
    async with server(poll_seconds=0.1) as world, qr_login(world, host, lifetime=1):
        first = await world.shown_code()
        await until(lambda: len(world.logins.codes) == 2)
        assert not first.expired
        await until(
            lambda: host.login.scan is not None and host.login.scan.text == world.logins.codes[1].text
        )


async def test_a_code_that_was_scanned_is_not_taken_away(host: FakeHost) -> None:
    async with server(poll_seconds=0.1) as world, qr_login(world, host, lifetime=0.5) as entering:
        code = await world.shown_code()
        world.scan(code)
        await world.until(lambda: code.polls > 8)  # longer than a new one would have been waited for
        assert len(world.logins.codes) == 1
        world.confirm()
        assert (await entering).session.name == "Gateway"


async def test_a_code_that_is_refused_is_followed_by_another(world: WeChatServer, host: FakeHost) -> None:
    async with starting(world, host) as stage:
        world.scan(await world.shown_code())
        world.refuse()
        await world.log_in()
        await stage.up()
        assert len(world.logins.codes) == 2


async def test_a_code_that_is_over_is_followed_by_another(host: FakeHost) -> None:
    async with server(qr_seconds=0.2) as world, starting(world, host) as stage:
        await world.shown_code()
        world.logins.seconds = 300
        await until(lambda: len(world.logins.codes) == 2)
        await world.log_in()
        await stage.up()


async def test_codes_that_are_over_at_once_do_not_come_in_floods(host: FakeHost) -> None:
    async with server(qr_seconds=0) as world, starting(world, host):
        await until(lambda: len(world.logins.codes) == 2)
        await asyncio.sleep(0.3)
        assert len(world.logins.codes) <= 4


async def test_a_network_that_stumbles_does_not_cost_the_code(world: WeChatServer, host: FakeHost) -> None:
    async with starting(world, host) as stage:
        code = await world.shown_code()
        async with SimulatedWechatWeb(world).outage():
            await until(lambda: S.DOWN in host.states)
        world.scan(code)
        await until(lambda: host.states[-1] is S.NEEDS_LOGIN)
        world.confirm()
        await stage.up()
        assert len(world.logins.codes) == 1


async def test_a_confirmed_login_is_not_lost_by_a_network_that_stumbles(
    world: WeChatServer, host: FakeHost
) -> None:
    world.fail("webwxinit", status=502)
    async with starting(world, host) as stage:
        await world.log_in()
        await stage.up()
        assert len(world.logins.codes) == 1


async def test_what_is_said_while_a_login_begins_is_heard(world: WeChatServer, host: FakeHost) -> None:
    """Regression: where the phone could not be told, the login began anew, behind what was said meanwhile."""
    world.fail("webwxstatusnotify", status=502)
    ann = world.private(world.user("Ann"))
    async with starting(world, host) as stage:
        await world.log_in()
        await until(lambda: S.DOWN in host.states)
        world.say(ann, ann.user, "meanwhile")
        assert [message.text for message in await stage.inbox.get(1)] == ["meanwhile"]
        assert len(world.called("webwxinit")) == 1


async def test_a_channel_can_be_logged_in_without_listening(world: WeChatServer, host: FakeHost) -> None:
    await log_in(host, world)
    async with starting(world, host) as stage:
        await stage.up()
        assert len(world.logins.codes) == 1
    adapter = SimulatedWechatWeb(world).adapter(host)
    assert await adapter.log_in() == "Gateway"  # it is already
    await adapter.close()
    assert len(world.logins.codes) == 1


async def test_the_address_is_proved_without_a_login(world: WeChatServer, host: FakeHost) -> None:
    adapter = SimulatedWechatWeb(world).adapter(host)
    assert await adapter.verify() == ""
    async with SimulatedWechatWeb(world).outage():
        with pytest.raises(NetworkError):
            await adapter.verify()
    await adapter.close()
    assert host.login.scan is None


async def test_what_is_risked_is_said_once(
    world: WeChatServer, host: FakeHost, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        async with wechat(host, world):
            pass
    warnings = [record.getMessage() for record in caplog.records if "restrict" in record.getMessage()]
    assert len(warnings) == 1
    assert "wechat_ilink" in warnings[0]


# --- staying logged in


def age(world: WeChatServer) -> None:
    """Have all that was said so far been said an hour ago."""
    for message in world.world.messages.values():
        message.created -= 3600


async def test_a_restart_needs_no_scan(world: WeChatServer, host: FakeHost) -> None:
    inbox = FakeInbox(host)
    room = world.private(world.user())
    for number in range(3):
        async with wechat(host, world, inbox) as stage:
            chat = await asked(world, stage, room, f"question {number}")
            await stage.adapter.send(chat, Reply(f"answer {number}"))
            await stage.up()
    assert len(world.logins.codes) == 1
    assert [message.text for message in inbox.messages] == [f"question {number}" for number in range(3)]
    assert len({message.chat for message in inbox.messages}) == 1


async def test_what_is_kept_is_json(world: WeChatServer, host: FakeHost) -> None:
    async with wechat(host, world) as stage:
        await asked(world, stage, world.private(world.user()))
        kept = json.loads(host.values["cursor"])
    session = world.session()
    assert session is not None
    assert session.sid in str(kept)


async def test_what_was_answered_is_not_answered_again(world: WeChatServer, host: FakeHost) -> None:
    """Though WeChat hands it over once more after a restart."""
    ann = world.private(world.user())
    async with wechat(host, world) as stage:
        await asked(world, stage, ann, "old")
        age(world)
        await asked(world, stage, ann, "newer")
    world.replay(5)
    async with wechat(host, world) as stage:  # with an inbox that knows nothing of before
        world.say(ann, ann.user, "newest")
        await until(lambda: "newest" in [message.text for message in stage.inbox.messages])
        assert "old" not in [message.text for message in stage.inbox.messages]


async def test_what_was_said_before_a_login_is_not_answered(world: WeChatServer, host: FakeHost) -> None:
    ann = world.private(world.user())
    async with wechat(host, world) as stage:
        await asked(world, stage, ann, "before")
        age(world)
        world.log_out()
        await stage.up(2)
        world.replay(5)
        world.say(ann, ann.user, "after")
        assert [message.text for message in await stage.inbox.get(2)] == ["before", "after"]


@pytest.mark.parametrize("kept", ["{", '{"keys": 1}', "\x80\x04K\x01."])
async def test_a_login_that_is_unreadable_is_made_again(
    world: WeChatServer, host: FakeHost, kept: str
) -> None:
    host.values["cursor"] = kept
    async with starting(world, host) as stage:
        await world.log_in()
        await stage.up()


# --- when it ends


@pytest.mark.parametrize(
    ("retcode", "state"), [(1100, S.LOGGED_OUT), (1101, S.KICKED), (1102, S.COOKIE_INVALID)]
)
async def test_a_login_that_ended_is_followed_by_another(
    world: WeChatServer, host: FakeHost, retcode: int, state: ChannelState
) -> None:
    await log_in(host, world)
    codes = len(world.logins.codes)
    resumed = FakeHost(host.folder)  # with nobody who scans by himself
    resumed.values = host.values
    async with starting(world, resumed) as stage:
        await stage.up()
        room = world.private(world.user())
        chat = await asked(world, stage, room, "before")
        world.log_out(retcode=retcode)
        await until(lambda: resumed.states[-1] is state, lambda: resumed.reports)
        code = await world.shown_code()
        assert resumed.login.scan is not None
        assert resumed.reports[-1][1]  # why, in words
        with pytest.raises(NetworkError) as caught:
            await stage.adapter.send(chat, Reply("not now"))
        assert caught.value.retryable
        await until(lambda: not resumed.values["cursor"])
        assert resumed.states == [S.UP, state]
        world.scan(code)
        world.confirm()
        await stage.up(2)
        assert len(world.logins.codes) == codes + 1
        assert (await asked(world, stage, room, "after")) == chat
        await stage.adapter.send(chat, Reply("now"))  # the answer that waited
        assert [sent.text for sent in world.sent(room)] == ["now"]


async def test_a_login_that_ended_while_we_were_away_is_made_again(
    world: WeChatServer, host: FakeHost
) -> None:
    await log_in(host, world)
    world.log_out()
    async with wechat(host, world):
        assert host.states[-2:] == [S.LOGGED_OUT, S.UP]
    await log_in(host, world)
    world.log_out()
    await log_in(host, world)
    assert world.session() is not None


@pytest.mark.parametrize("way", ["reset", "502", "hang", "nonsense", "retcode", "outage"])
async def test_trouble_with_the_network_is_not_the_end(world: WeChatServer, host: FakeHost, way: str) -> None:
    await log_in(host, world)
    world.following.hold_seconds = 0.2
    async with wechat(host, world, silence=0.5) as stage:
        kept = world.session()
        if way == "reset":
            world.reset("synccheck")
        elif way == "hang":
            world.hang("synccheck")
        elif way == "retcode":
            world.check_answers(1)
        elif way == "nonsense":
            world.fail("sync", body=b"<html>")
        elif way == "502":
            world.fail("sync", status=502)
        if way == "outage":
            async with SimulatedWechatWeb(world).outage():
                await until(lambda: S.DOWN in host.states)
        await until(lambda: S.DOWN in host.states, lambda: host.reports)
        await until(lambda: host.states[-1] is S.UP, lambda: host.reports)
        await asked(world, stage, world.private(world.user()))
        assert world.session() is kept
        assert world.called("webwxlogout") == []
        assert len(world.logins.codes) == 1
        assert not {S.LOGGED_OUT, S.KICKED, S.COOKIE_INVALID} & set(host.states)


async def test_an_account_under_suspicion_is_said_to_be(world: WeChatServer, host: FakeHost) -> None:
    world.restrict(after=0.2)
    refused = await refusal(world, host)
    assert "wechat_ilink" in refused
    assert not host.values["cursor"]


async def test_an_account_that_may_not_log_in_is_said_to_be(world: WeChatServer, host: FakeHost) -> None:
    world.ban()
    assert "不能登录网页微信" in await refusal(world, host)  # in WeChat's own words


async def test_a_page_of_somebody_in_between_is_no_refusal(world: WeChatServer, host: FakeHost) -> None:
    world.fail("webwxnewloginpage", body=b"<html>Welcome to the hotel's network</html>")
    adapter = SimulatedWechatWeb(world).adapter(host)
    async with running(adapter, FakeInbox(host)):
        world.scan(await world.shown_code())
        world.confirm()
        await until(lambda: ChannelState.DOWN in host.states, lambda: host.reports)
        assert ChannelState.AUTH_FAILED not in host.states


async def refusal(world: WeChatServer, host: FakeHost) -> str:
    """What the adapter says when it gives up after one login."""
    adapter = SimulatedWechatWeb(world).adapter(host)
    task = asyncio.create_task(adapter.run(FakeInbox(host).receive))
    try:
        world.scan(await world.shown_code())
        world.confirm()
        with pytest.raises(AuthError) as caught:
            await task
    finally:
        task.cancel()
        await adapter.close()
    assert len(world.logins.codes) == 1  # nobody is asked again and again
    assert host.login.scan is None
    return str(caught.value)


# --- several at once, and the way there


async def test_two_accounts_at_two_addresses_live_beside_each_other(host: FakeHost) -> None:
    other = FakeHost(host.folder, "other")
    here, there = server(), server()
    async with here, there, wechat(host, here) as first, wechat(other, there) as second:
        for world, stage, text in ((here, first, "one"), (there, second, "two")):
            chat = await asked(world, stage, world.private(world.user()), text)
            await stage.adapter.send(chat, Reply(text))
        here.log_out()
        await first.up(2)
        await asked(there, second, there.private(there.user()))
        assert second.host.states[-1] is S.UP
        assert len(there.sessions.all) == 1


async def test_two_accounts_in_one_group_hear_of_it_each(world: WeChatServer, host: FakeHost) -> None:
    second = world.account("Second")
    other = FakeHost(host.folder, "other")
    await log_in(host, world)
    await log_in(other, world, second)
    async with wechat(host, world) as one, wechat(other, world) as two:
        ann = world.user()
        room = world.group("Friends", ann, account=(world.first, second))
        world.say(room, ann, "hello both")
        chats = [(await stage.inbox.get())[0].chat for stage in (one, two)]
        assert chats[0].account != chats[1].account
        await two.adapter.send(chats[1], Reply("hello"))
        assert [sent.account for sent in world.sent(room)] == [second]


@pytest.mark.parametrize("scheme", ["http", "socks5h"])
async def test_everything_goes_through_the_proxy(world: WeChatServer, host: FakeHost, scheme: str) -> None:
    async with Proxy(("127.0.0.1", world.port)) as proxy:
        address = f"{scheme}://127.0.0.1:{proxy.port}"
        world_root = world.root
        async with wechat(host, world, proxy=address) as stage:
            await asked(world, stage, world.private(world.user()))
        assert proxy.asked
        assert set(proxy.asked) == {world_root.removeprefix("http://")}


async def test_a_proxy_of_the_environment_is_not_used(
    world: WeChatServer, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with wechat(host, world) as stage:
        await asked(world, stage, world.private(world.user()))


async def test_a_proxy_that_is_not_there_is_no_news_of_the_login(world: WeChatServer, host: FakeHost) -> None:
    await log_in(host, world)
    async with starting(world, host, proxy="http://user:secret@127.0.0.1:1"):
        await until(lambda: S.DOWN in host.states)
        assert "proxy" in host.reports[-1][1]
        assert "secret" not in str(host.reports)


# --- threads


@pytest.mark.parametrize("when", ["logging in", "listening"])
async def test_the_end_does_not_wait_for_a_long_poll(world: WeChatServer, host: FakeHost, when: str) -> None:
    def ours() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name.startswith("wechat-web")]

    if when == "listening":
        await log_in(host, world)
    await until(lambda: not ours(), ours)
    resumed = FakeHost(host.folder)
    resumed.values = host.values
    async with starting(world, resumed) as stage:
        if when == "listening":
            await stage.up()
            await world.until(world.listening)
        else:
            await world.shown_code()
        assert ours()
        assert all(f"wechat-web {host.name} " in name for name in ours())
        began = asyncio.get_running_loop().time()
        await stop(stage.task)
        assert asyncio.get_running_loop().time() - began < 1
    await until(lambda: not ours(), ours)


async def test_the_event_loop_never_waits(world: WeChatServer, host: FakeHost) -> None:
    await log_in(host, world)
    async with wechat(host, world) as stage:
        chat = await asked(world, stage, world.private(world.user()))
        world.slow("webwxsendmsg", 0.5)
        loop = asyncio.get_running_loop()
        sending = asyncio.create_task(stage.adapter.send(chat, Reply("slow")))
        longest, last = 0.0, loop.time()
        while not sending.done():
            await asyncio.sleep(0.001)
            longest, last = max(longest, loop.time() - last), loop.time()
        await sending
        assert longest < 0.4  # half a second, where it waited for the answer


async def test_itchat_is_as_quiet_as_we_are() -> None:
    assert logging.getLogger("itchat").disabled
    words = [sys.executable, "-c", "import adapters.wechat_web"]
    importing = await asyncio.create_subprocess_exec(*words, stdout=PIPE, stderr=STDOUT)
    said, _ = await importing.communicate()
    assert (importing.returncode, said) == (0, b"")
