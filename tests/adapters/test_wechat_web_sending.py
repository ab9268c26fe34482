"""Answering on WeChat: at the pace of a person, and never more often than once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
import requests
import urllib3
from pydantic import ValidationError

from adapters.wechat_web.errors import (
    Restricted,
    SessionLost,
    check_listening,
    check_sending,
    translated,
)
from adapters.wechat_web.limits import Limits
from adapters.wechat_web.options import Pacing, WechatWebOptions
from adapters.wechat_web.outgoing import MAX_LENGTH, as_wechatbot, called, media_of
from adapters.wechat_web.transport import Closed
from gateway import Attachment, ChannelState, Reply, Sender
from gateway.errors import (
    AdapterError,
    AuthError,
    ChatGone,
    NetworkError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
)
from tests.servers.wechat_web import WeChatServer

from .contract import Stage
from .host import FakeHost, until
from .wechat_web_platform import asked, server, wechat

SECRET = "skey=@crypt_secret"


@pytest.fixture
async def world() -> AsyncIterator[WeChatServer]:
    async with server() as world:
        yield world
        assert world.complaints == []


@pytest.fixture
async def stage(world: WeChatServer, host: FakeHost) -> AsyncIterator[Stage]:
    async with wechat(host, world) as stage:
        yield stage


# --- what it looks like


@pytest.mark.parametrize(
    ("options", "reply", "shown"),
    [
        ({}, {}, "four"),
        ({}, {"reply_to": True}, "@Ann\u2005four"),
        ({}, {"mention": Sender("1", "Bob")}, "@Bob\u2005four"),
        ({"group_reply": "wechatbot"}, {}, "four"),
        (
            {"group_reply": "wechatbot"},
            {"reply_to": True},
            "@Ann\n2 + 2?\n --------------------------------\nfour",
        ),
    ],
)
async def test_an_answer_in_a_group_calls_who_asked(
    world: WeChatServer, host: FakeHost, options: dict[str, Any], reply: dict[str, Any], shown: str
) -> None:
    async with wechat(host, world, **options) as stage:
        room = world.group("Friends", world.user("Ann"))
        chat = await asked(world, stage, room, "2 + 2?", mention=True)
        question = stage.inbox.messages[-1].id
        if reply.pop("reply_to", False):
            reply["reply_to"] = question
        await stage.adapter.send(chat, Reply("four", question=question, **reply))
        assert [sent.text for sent in world.sent(room)] == [shown]


async def test_in_private_nobody_is_called(world: WeChatServer, stage: Stage) -> None:
    room = world.private(world.user())
    chat = await asked(world, stage, room)
    await stage.adapter.send(chat, Reply("four", reply_to="1", mention=Sender("1", "Ann")))
    assert [sent.text for sent in world.sent(room)] == ["four"]


def test_a_call_leaves_the_answer_within_wechats_limit() -> None:
    text, name, question = "x" * MAX_LENGTH, "n" * 500, "q" * 5000
    for message in (called(text, name), as_wechatbot(text, name, question)):
        assert message.endswith(text)
        assert len(message) <= 2050
    assert called("one\ntwo", "Ann") == "@Ann\u2005\none\ntwo"
    assert called("four", "") == "four"
    assert as_wechatbot("four", "", "") == " --------------------------------\nfour"


async def test_what_is_no_unicode_is_sent_all_the_same(world: WeChatServer, stage: Stage) -> None:
    room = world.private(world.user())
    await stage.adapter.send(await asked(world, stage, room), Reply("a\ud83db"))
    assert [sent.text for sent in world.sent(room)] == ["a�b"]


# --- files


@pytest.mark.parametrize(
    ("name", "mime", "kind"),
    [
        ("a.png", "", "picture"),
        ("a.jpg", "image/jpeg", "picture"),
        ("qr", "image/png", "picture"),
        ("a.gif", "", "emoticon"),
        ("anim", "image/gif", "emoticon"),
        ("a.mp4", "", "video"),
        ("a.webp", "", "file"),
        ("a <b> & \"c\".md", "", "file"),
        ("../../etc/passwd", "", "file"),
    ],
)  # fmt: skip
async def test_a_file_is_sent_as_what_it_is(
    world: WeChatServer, stage: Stage, name: str, mime: str, kind: str
) -> None:
    room = world.private(world.user())
    file = Attachment(name, b"\x89PNG" * 200_000, mime)  # in two chunks
    chat = await asked(world, stage, room)
    await stage.adapter.send(chat, Reply("look at this", file=file))
    text, sent = world.sent(room)
    assert (text.text, sent.kind, sent.content) == ("look at this", kind, file.data)
    if kind == "file":
        assert sent.name == name.rpartition("/")[2]


def test_what_a_file_is_by_its_name_or_kind() -> None:
    assert media_of(Attachment("chat.md", b"")) == "file"
    assert media_of(Attachment("chat.md", b"", "image/png")) == "picture"


# --- taking back


async def test_a_message_can_be_taken_back_for_a_while(host: FakeHost) -> None:
    async with server(revoke_seconds=0) as world, wechat(host, world) as stage:
        room = world.private(world.user())
        chat = await asked(world, stage, room)
        receipt = await stage.adapter.send(chat, Reply("oops"))
        with pytest.raises(Rejected):
            await stage.adapter.delete(chat, receipt)
        assert [sent.text for sent in world.sent(room)] == ["oops"]


async def test_a_picture_can_be_taken_back(world: WeChatServer, stage: Stage) -> None:
    room = world.private(world.user())
    chat = await asked(world, stage, room)
    receipt = await stage.adapter.send(chat, Reply("", file=Attachment("a.png", b"\x89PNG")))
    await stage.adapter.delete(chat, receipt)
    assert world.sent(room) == []


# --- what goes wrong


@pytest.mark.parametrize(
    ("ret", "kind"),
    [
        (-1, NetworkError),
        (-1004, OutcomeUnknown),
        (1, Rejected),
        (-2, Rejected),
        (1100, SessionLost),
        (1101, SessionLost),
        (1102, SessionLost),
        (1203, Restricted),
        (1204, ChatGone),
        (1205, RateLimited),
    ],
)
async def test_every_refusal_has_a_meaning(
    world: WeChatServer, stage: Stage, ret: int, kind: type[AdapterError]
) -> None:
    room = world.private(world.user())
    chat = await asked(world, stage, room)
    if ret > -1000:
        world.fail("webwxsendmsg", ret=ret)
    else:
        world.fail("webwxsendmsg", body=b"<html>")
    with pytest.raises(kind) as caught:
        await stage.adapter.send(chat, Reply("hello"))
    assert type(caught.value) is kind
    assert world.sent(room) == []


@pytest.mark.parametrize(
    ("ret", "kind"),
    [(1, NetworkError), (-1, NetworkError), (1101, SessionLost), (1205, RateLimited), (1203, AuthError)],
)
def test_every_refusal_while_listening_has_a_meaning(ret: int, kind: type[AdapterError]) -> None:
    check_listening(0)
    check_sending(0)
    with pytest.raises(kind):
        check_listening(ret)


def test_the_states_of_a_login_that_is_over() -> None:
    states = {}
    for ret in (1100, 1101, 1102):
        with pytest.raises(SessionLost) as caught:
            check_listening(ret)
        states[ret] = caught.value.state
    assert states == {
        1100: ChannelState.LOGGED_OUT,
        1101: ChannelState.KICKED,
        1102: ChannelState.COOKIE_INVALID,
    }


@pytest.mark.parametrize("way", ["hang", "reset", "502", "half"])
async def test_no_answer_is_not_a_no(world: WeChatServer, host: FakeHost, way: str) -> None:
    async with wechat(host, world, silence=0.3) as stage:
        room = world.private(world.user())
        world.following.hold_seconds = 0.1
        chat = await asked(world, stage, room)
        if way == "hang":
            world.hang("webwxsendmsg", after_acting=True)
        elif way == "reset":
            world.reset("webwxsendmsg", after_acting=True)
        elif way == "half":
            world.fail("webwxsendmsg", cut=True, after_acting=True)
        else:
            world.fail("webwxsendmsg", status=502, after_acting=True)
        with pytest.raises(OutcomeUnknown):
            await stage.adapter.send(chat, Reply("hello"))
        assert [sent.text for sent in world.sent(room)] == ["hello"]
        await stage.adapter.send(chat, Reply("and on"))


@pytest.mark.parametrize(
    "fault", [{"status": 502}, {"cut": True}, {"body": b"{}"}], ids=["502", "half", "odd"]
)
async def test_an_upload_without_an_answer_leaves_no_doubt_about_the_message(
    world: WeChatServer, host: FakeHost, fault: dict[str, Any]
) -> None:
    async with wechat(host, world, silence=0.3) as stage:
        room = world.private(world.user())
        chat, reply = await asked(world, stage, room), Reply("", file=Attachment("a.pdf", b"a"))
        world.fail("webwxuploadmedia", **fault)
        with pytest.raises(NetworkError) as caught:
            await stage.adapter.send(chat, reply)
        assert not isinstance(caught.value, OutcomeUnknown)
        await stage.adapter.send(chat, reply)
        assert len(world.sent(room)) == 1


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (requests.ConnectTimeout(SECRET), NetworkError),
        (requests.ReadTimeout(SECRET), OutcomeUnknown),
        (requests.ConnectionError(SECRET), OutcomeUnknown),
        (requests.exceptions.ProxyError(SECRET), NetworkError),
        (requests.exceptions.SSLError(SECRET), NetworkError),
        (requests.exceptions.ChunkedEncodingError(SECRET), OutcomeUnknown),
        (requests.exceptions.InvalidURL(SECRET), OutcomeUnknown),
        (Closed(SECRET), NetworkError),
        (requests.ConnectionError(urllib3.exceptions.MaxRetryError(
            urllib3.HTTPConnectionPool("x"), SECRET,
            urllib3.exceptions.NewConnectionError(urllib3.connection.HTTPConnection("x"), SECRET))),
         NetworkError),
        (KeyError(SECRET), OutcomeUnknown),
        (ValueError(SECRET), OutcomeUnknown),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value.__name__,
)  # fmt: skip
def test_errors_of_the_network_say_nothing_of_addresses(raised: Exception, kind: type[AdapterError]) -> None:
    with pytest.raises(kind) as caught, translated():
        raise raised
    assert type(caught.value) is kind
    assert SECRET not in f"{caught.value!r}{caught.value}"
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(("status", "kind"), [(429, RateLimited), (404, NetworkError), (500, OutcomeUnknown)])
def test_a_status_has_a_meaning(status: int, kind: type[AdapterError]) -> None:
    response = requests.Response()
    response.status_code = status
    with pytest.raises(kind) as caught, translated():
        raise requests.HTTPError(SECRET, response=response)
    assert type(caught.value) is kind


# --- pace


async def test_before_a_message_there_is_a_pause(world: WeChatServer, host: FakeHost) -> None:
    async with wechat(host, world, pacing={"delay": [0.1, 0.2], "per_minute": 60}) as stage:
        rooms = [world.private(world.user(f"User {number}")) for number in range(3)]
        chats = [await asked(world, stage, room) for room in rooms]
        began = time.monotonic()
        await asyncio.gather(*(stage.adapter.send(chat, Reply("hello")) for chat in chats))
        times = [began, *sorted(world.sent(room)[0].time for room in rooms)]
        assert all(after - before > 0.09 for before, after in pairwise(times))


async def test_a_minute_holds_so_many_messages_and_no_more() -> None:
    limits = Limits(Pacing(delay=(0, 0), per_minute=8))
    for _ in range(2):
        await limits.admit()
    # A quarter went at once; the others come evenly, ten seconds apart.
    with pytest.raises(RateLimited) as caught:
        await asyncio.gather(limits.admit(), limits.admit())
    assert caught.value.retry_after is not None
    assert 9 < caught.value.retry_after <= 20


async def test_who_would_wait_long_is_told_so_at_once() -> None:
    limits = Limits(Pacing(delay=(5, 5), per_minute=1000))
    waiting = [asyncio.create_task(limits.admit()) for _ in range(6)]
    done, _ = await asyncio.wait(waiting, timeout=0.2)
    assert [type(task.exception()) for task in done] == [RateLimited] * len(done)
    assert 2 <= len(done) <= 4
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_without_pacing_nobody_waits() -> None:
    limits = Limits(None)
    async with asyncio.timeout(1):
        for _ in range(1000):
            await limits.admit()


async def test_when_wechat_says_that_we_are_too_fast_we_are_quiet(world: WeChatServer, stage: Stage) -> None:
    room = world.private(world.user())
    chat = await asked(world, stage, room)
    world.limits(sends_per_minute=0)
    for _ in range(3):
        with pytest.raises(RateLimited) as caught:
            await stage.adapter.send(chat, Reply("hello"))
        assert caught.value.retry_after is not None
        assert 50 < caught.value.retry_after <= 60
    assert len(world.called("webwxsendmsg")) == 1


# --- words of the configuration


@pytest.mark.parametrize(
    "wrong",
    [
        {"api_root": "wx.qq.com"},
        {"pacing": {"delay": [4, 1]}},
        {"pacing": {"delay": [-1, 1]}},
        {"pacing": {"per_minute": 0}},
        {"group_reply": "shout"},
        {"groups": "Friends"},
        {"proxy": "localhost:80"},
    ],
)
def test_options_that_cannot_be_are_mistakes(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        WechatWebOptions.model_validate(wrong)


def test_the_chats_of_the_configuration() -> None:
    options = WechatWebOptions()
    kinds = {id: options.chat("wechat", id).kind for id in ("620825410", "@@5", "room:Friends", "nick:Ann")}
    assert kinds == {"620825410": "private", "@@5": "group", "room:Friends": "group", "nick:Ann": "private"}
    for id in ("login:1234", "member:Ann"):
        with pytest.raises(ValueError, match="first"):
            options.chat("wechat", id)


async def test_somebody_can_be_written_to_first(world: WeChatServer, stage: Stage) -> None:
    ann = world.user()
    await until(lambda: world.first.confirmed == len(world.first.timeline))
    chat = stage.adapter.options.chat("wechat", str(ann.seq))
    await stage.adapter.send(chat, Reply("a notice"))
    assert [sent.text for sent in world.sent(world.private(ann))] == ["a notice"]
