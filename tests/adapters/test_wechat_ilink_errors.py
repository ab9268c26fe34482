"""What goes wrong while sending to iLink, and what its refusals mean."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.wechat_ilink.errors import BadArgument, NotNow, SessionExpired, checked
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
from gateway.http import Answer

from .host import FakeHost, FakeInbox, stop
from .wechat_ilink_platform import asked, ilink, ilink_again, server


async def test_a_message_that_is_tried_again_has_the_same_id(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        chat = await asked(world, stage, world.person())
        world.fail("sendmessage", status=200, cut=True, after_acting=True)
        with pytest.raises(OutcomeUnknown) as caught:
            await stage.adapter.send(chat, Reply("hello", question="7"))
        assert "127.0.0.1" not in str(caught.value)
        for question in "778":
            await stage.adapter.send(chat, Reply("hello", question=question))
        first, again, second, other = (
            call.params["msg"]["client_id"] for call in world.called("sendmessage")
        )
        assert first == again
        assert len({first, second, other}) == 3


async def test_an_answer_that_says_the_same_after_a_restart_has_the_same_id(host: FakeHost) -> None:
    async with server() as world:
        inbox = FakeInbox(host)
        async with ilink_again(host, inbox, world) as (_, stage):
            chat = await asked(world, stage, world.person())
            world.fail("sendmessage", status=200, cut=True, after_acting=True)
            with pytest.raises(OutcomeUnknown):
                await stage.adapter.send(chat, Reply("hello", question="7"))
        async with ilink_again(host, inbox, world) as (_, stage):
            await stage.adapter.send(chat, Reply("hello", question="7"))
        first, again = (call.params["msg"]["client_id"] for call in world.called("sendmessage"))
        assert first == again


async def test_who_is_gone_is_told_from_a_bad_message(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        ann = world.person()
        chat = await asked(world, stage, ann)
        world.refuse("sendmessage", -3, "invalid arguments")
        with pytest.raises(BadArgument):
            await stage.adapter.send(chat, Reply("odd"))
        world.remove(ann)
        with pytest.raises(ChatGone):
            await stage.adapter.send(chat, Reply("anybody?"))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, {"ret": -14}, SessionExpired),
        (200, {"errcode": -14, "errmsg": "session timeout"}, SessionExpired),
        (200, {"ret": 0, "errcode": -14}, SessionExpired),
        (401, {"ret": -14}, SessionExpired),
        (200, {"ret": -2}, NotNow),
        (200, {"ret": -2, "errmsg": "prepare failed"}, NotNow),
        (200, {"ret": -3}, BadArgument),
        (200, {"ret": -1}, OutcomeUnknown),
        (200, {"ret": -99}, Rejected),
        (200, {"ret": "odd"}, OutcomeUnknown),
        (200, [], OutcomeUnknown),
        (200, None, OutcomeUnknown),
        (302, None, Rejected),
        (401, {}, AuthError),
        (404, None, Rejected),
        (429, None, RateLimited),
        (500, None, OutcomeUnknown),
        (502, None, NetworkError),
        (504, None, OutcomeUnknown),
    ],
)
def test_a_refusal_in_our_words(status: int, body: Any, kind: type[AdapterError]) -> None:
    with pytest.raises(AdapterError) as caught:
        checked(Answer(status, body))
    assert type(caught.value) is kind


def test_an_answer_without_a_number_is_good() -> None:
    """https://github.com/Tencent/openclaw-weixin/issues/204: sometimes there is only {}."""
    assert checked(Answer(200, {})) == {}


async def test_sending_before_a_login_waits_for_it(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        chat = await asked(world, stage, world.person())
        await stop(stage.task)
        world.expire(world.first)
        for _ in range(2):
            with pytest.raises(AuthError) as caught:
                await stage.adapter.send(chat, Reply("hello"))
            assert caught.value.deferrable
        assert len(world.called("sendmessage")) == 1
