"""Answering on DingTalk: by whichever way is open, without anybody noticing which."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.dingtalk.errors import PermissionMissing, SessionGone, TokenExpired, checked
from adapters.dingtalk.options import DingTalkOptions
from adapters.dingtalk.outgoing import title
from adapters.dingtalk.transport import Transport
from gateway import Attachment, Audio, Chat, File, Image, Reply, Sender
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
from tests.servers.proxy import Proxy

from .contract import staged
from .dingtalk_platform import CLIENT_ID, SECRET, SimulatedDingTalk, asked, dingtalk, server, unpacked
from .host import FakeHost, FakeInbox

OPTIONS = DingTalkOptions(client_id="ding0123", client_secret=SecretStr("secret"))
TOO_FAST = {"errcode": 130101, "errmsg": "send too fast"}


async def test_an_answer_goes_by_the_session_webhook(host: FakeHost) -> None:
    async with dingtalk(host) as (world, stage):
        room = world.private(world.user())
        chat = await asked(world, stage, room)
        await stage.adapter.send(chat, Reply("# Title\n\nand **text**"))
        (sent,) = world.sent(room)
        assert (sent.via, sent.msgtype, sent.title) == ("webhook", "markdown", "Title")
        assert world.called("accessToken") == []  # for which no permission is needed


@pytest.mark.parametrize("kind", ["private", "group"])
async def test_a_webhook_that_has_expired_is_not_noticed(host: FakeHost, kind: str) -> None:
    async with dingtalk(host) as (world, stage):
        ann = world.user()
        room = world.private(ann) if kind == "private" else world.group("Friends", ann)
        chat = await asked(world, stage, room)
        world.expire_webhooks()
        for text in ("late", "later"):
            await stage.adapter.send(chat, Reply(text))
        assert [(sent.text, sent.via) for sent in world.sent(room)] == [
            ("late", "openapi"),
            ("later", "openapi"),
        ]
        assert len(world.called("sendBySession")) == 1  # the second does not try again
        await asked(world, stage, room, "new question")
        await stage.adapter.send(chat, Reply("in time"))
        assert world.sent(room)[-1].via == "webhook"


async def test_a_webhook_at_its_end_is_not_begun_with(host: FakeHost) -> None:
    async with dingtalk(host, world=server(webhook_seconds=20)) as (world, stage):
        room = world.private(world.user())
        chat = await asked(world, stage, room)
        await stage.adapter.send(chat, Reply("by the safe way"))
        assert [sent.via for sent in world.sent(room)] == ["openapi"]


async def test_the_way_back_survives_a_restart(host: FakeHost) -> None:
    async with server() as world:
        platform = SimulatedDingTalk(world)
        room = world.private(world.user(), platform.robot)
        async with staged(platform, host) as stage:
            chat = await asked(world, stage, room)
        async with staged(platform, host) as stage:
            await world.connected()
            await stage.adapter.send(chat, Reply("still here"))
            world.expire_webhooks()
            await stage.adapter.send(chat, Reply("and here"))
        assert [sent.via for sent in world.sent(room)] == ["webhook", "openapi"]


@pytest.mark.parametrize("saved", ["{", "[]", '{"webhook": "x", "more": 1}'])
async def test_an_unreadable_way_is_no_reason_to_stop(host: FakeHost, saved: str) -> None:
    async with dingtalk(host) as (world, stage):
        room = world.group("Friends", world.user())
        host.values[f"way:{room.id}"] = saved
        await stage.adapter.send(Chat("channel", room.id, "group"), Reply("hello"))
        assert [sent.via for sent in world.sent(room)] == ["openapi"]


async def test_messages_in_a_row_are_one_write(host: FakeHost) -> None:
    async with dingtalk(host) as (world, stage):
        room = world.private(world.user())
        for _ in range(3):
            await asked(world, stage, room)
        saved = host.values.pop(f"way:{room.id}")
        await asked(world, stage, room)
        assert "sendBySession" in saved
        assert f"way:{room.id}" not in host.values


async def test_somebody_outside_the_organisation_is_answered_while_the_webhook_lives(host: FakeHost) -> None:
    async with dingtalk(host) as (world, stage):
        room = world.private(world.user("Guest", staff_id=None))
        chat = await asked(world, stage, room)
        await stage.adapter.send(chat, Reply("welcome"))
        world.expire_webhooks()
        with pytest.raises(ChatGone, match="90 minutes"):
            await stage.adapter.send(chat, Reply("too late"))
        assert [sent.text for sent in world.sent(room)] == ["welcome"]


# --- whom an answer calls


async def test_the_asker_is_called_in_a_group(host: FakeHost) -> None:
    async with dingtalk(host) as (world, stage):
        ann = world.user("Ann")
        room = world.group("Friends", ann)
        chat = await asked(world, stage, room)
        question = stage.inbox.messages[-1]
        replies = [
            Reply("quoted", reply_to=question.id),
            Reply("named", mention=question.sender),
            Reply("plain", question=question.id),
            Reply("- a\n- b", mention=question.sender),
        ]
        for reply in replies:
            await stage.adapter.send(chat, reply)
        sent = world.sent(room)
        assert [one.at for one in sent] == [(ann.staff_id,), (ann.staff_id,), (), (ann.staff_id,)]
        assert [one.text for one in sent] == [
            f"@{ann.staff_id} quoted",
            f"@{ann.staff_id} named",
            "plain",
            f"@{ann.staff_id}\n\n- a\n- b",
        ]
        assert [one.title for one in sent] == ["quoted", "named", "plain", "a"]


async def test_a_name_is_no_link_in_what_we_say(host: FakeHost) -> None:
    """It could say something as whoever tapped it."""
    async with dingtalk(host) as (world, stage):
        eve = world.user("Eve [x](dtmd://dingtalkclient/sendMessage?content=hi)<a>\n# y", staff_id=None)
        room = world.group("Friends", eve)
        chat = await asked(world, stage, room)
        await stage.adapter.send(chat, Reply("hello", reply_to=stage.inbox.messages[-1].id))
        (sent,) = world.sent(room)
        assert sent.text == "@Eve ［x］(dtmd://dingtalkclient/sendMessage?content=hi)＜a＞ # y hello"


async def test_who_cannot_be_called_is_named(host: FakeHost) -> None:
    async with dingtalk(host) as (world, stage):
        guest = world.user("Guest", staff_id=None)
        room = world.group("Friends", guest)
        chat = await asked(world, stage, room)
        await stage.adapter.send(chat, Reply("hello", reply_to=stage.inbox.messages[-1].id))
        world.expire_webhooks()
        await stage.adapter.send(chat, Reply("again", mention=Sender("staff9", "Bob")))
        assert [(sent.text, sent.at) for sent in world.sent(room)] == [
            ("@Guest hello", ()),
            ("@Bob again", ()),
        ]


# --- the token


async def test_one_token_serves_all_who_wait_for_it(host: FakeHost) -> None:
    async with dingtalk(host) as (world, stage):
        rooms = [world.private(world.user()) for _ in range(5)]
        chats = [await asked(world, stage, room) for room in rooms]
        world.expire_webhooks()
        await asyncio.gather(*(stage.adapter.send(chat, Reply("hello")) for chat in chats))
        assert [len(world.sent(room)) for room in rooms] == [1] * 5
        assert len(world.called("accessToken")) == 1


@pytest.mark.parametrize("status", [400, 401])
async def test_a_token_that_is_refused_is_renewed_once(host: FakeHost, status: int) -> None:
    async with dingtalk(host) as (world, stage):
        room = world.group("Friends", world.user())
        chat = Chat("channel", room.id, "group")
        await stage.adapter.send(chat, Reply("one"))
        world.expire_tokens(status=status)
        await stage.adapter.send(chat, Reply("two"))
        assert [sent.text for sent in world.sent(room)] == ["one", "two"]
        assert len(world.called("accessToken")) == 2


async def test_a_token_is_renewed_before_it_ends(host: FakeHost) -> None:
    async with dingtalk(host, world=server(token_seconds=1)) as (world, stage):
        chat = Chat("channel", world.group("Friends", world.user()).id, "group")
        await stage.adapter.send(chat, Reply("one"))
        await asyncio.sleep(0.6)
        world.fail("accessToken", status=503)
        await stage.adapter.send(chat, Reply("the old one still serves"))
        assert len(world.called("accessToken")) == 2
        assert len(world.called("groupMessages")) == 2


async def test_a_token_that_is_never_taken_is_an_error_and_no_loop(host: FakeHost) -> None:
    async with dingtalk(host) as (world, stage):
        refused = {"code": "InvalidAuthentication", "message": "no"}
        world.fail("groupMessages", status=401, body=refused, times=None)
        with pytest.raises(AuthError):
            await stage.adapter.send(Chat("channel", "cid", "group"), Reply("one"))
        assert len(world.called("groupMessages")) == 2


async def test_a_token_that_does_not_come_leaves_no_doubt_about_the_message(host: FakeHost) -> None:
    """It was `OutcomeUnknown`, and an answer that never went out was given up as maybe there."""
    async with dingtalk(host) as (world, stage):
        room = world.group("Friends", world.user())
        chat = Chat("channel", room.id, "group")
        world.fail("accessToken", status=504)
        with pytest.raises(NetworkError) as caught:
            await stage.adapter.send(chat, Reply("one"))
        assert not isinstance(caught.value, OutcomeUnknown)
        assert world.called("groupMessages") == []
        await stage.adapter.send(chat, Reply("one"))
        assert [sent.text for sent in world.sent(room)] == ["one"]


# --- files


async def test_a_file_goes_by_the_openapi(host: FakeHost) -> None:
    async with dingtalk(host) as (world, stage):
        room = world.group("Friends", world.user())
        chat = await asked(world, stage, room)
        for name in ("report.pdf", "picture.png", "chat.md"):
            await stage.adapter.send(chat, Reply("", file=Attachment(name, b"content")))
        pdf, picture, archive = world.sent(room)
        assert (pdf.msgtype, pdf.params["fileName"], pdf.params["fileType"]) == ("file", "report.pdf", "pdf")
        assert world.world.media[pdf.params["mediaId"]] == b"content"
        assert picture.msgtype == "image"
        assert archive.params["fileName"] == "chat.md.zip"
        assert unpacked(world.world.media[archive.params["mediaId"]]) == ("chat.md", b"content")


async def test_a_text_goes_with_a_picture_and_before_a_file(host: FakeHost) -> None:
    async with dingtalk(host) as (world, stage):
        ann = world.user()
        room = world.private(ann)
        chat = await asked(world, stage, room)
        for name in ("login.png", "report.pdf"):
            await stage.adapter.send(chat, Reply("scan this", file=Attachment(name, b"content")))
        shown, text, file = world.sent(room)
        (media_id,) = re.findall(r"^scan this\n\n!\[login.png\]\((.+)\)$", shown.text)
        assert world.world.media[media_id] == b"content"
        assert (text.text, file.params["fileName"]) == ("scan this", "report.pdf")


# --- whom to write to unasked


def test_an_id_says_which_kind_of_chat_it_is() -> None:
    assert OPTIONS.chat("channel", "manager42") == Chat("channel", "manager42")
    assert OPTIONS.chat("channel", "cidAAA==") == Chat("channel", "cidAAA==", "group")
    with pytest.raises(ValueError, match="outside the organisation"):
        OPTIONS.chat("channel", "$:LWCP_v1:$abc")


async def test_who_never_wrote_is_written_to(host: FakeHost) -> None:
    async with dingtalk(host) as (world, stage):
        ann = world.user()
        group, private = world.group("Friends", ann), world.private(ann)
        await asked(world, stage, private)
        world.expire_webhooks()
        # Of a private conversation, too, an operator may give the id that /status tells.
        for id in (group.id, str(ann.staff_id), private.id):
            await stage.adapter.send(OPTIONS.chat("channel", id), Reply(id))
        assert [one.text for one in world.sent(group)] == [group.id]
        assert [one.text for one in world.sent(private)] == [ann.staff_id, private.id]


async def test_an_upload_renews_the_token(host: FakeHost) -> None:
    async with dingtalk(host) as (world, stage):
        room = world.group("Friends", world.user())
        chat = await asked(world, stage, room)
        await stage.adapter.send(chat, Reply("", file=Attachment("a.pdf", b"a")))
        world.expire_tokens()
        await stage.adapter.send(chat, Reply("", file=Attachment("b.pdf", b"b")))
        assert len(world.sent(room)) == 2


@pytest.mark.parametrize("fault", [{"status": 504}, {"status": 200, "body": {"errcode": 0}}])
async def test_an_upload_without_an_answer_leaves_no_doubt_about_the_message(
    host: FakeHost, fault: dict[str, Any]
) -> None:
    async with dingtalk(host) as (world, stage):
        room = world.group("Friends", world.user())
        chat, reply = await asked(world, stage, room), Reply("", file=Attachment("a.pdf", b"a"))
        world.fail("media/upload", **fault)
        with pytest.raises(NetworkError) as caught:
            await stage.adapter.send(chat, reply)
        assert not isinstance(caught.value, OutcomeUnknown)
        await stage.adapter.send(chat, reply)
        assert len(world.sent(room)) == 1


async def test_what_people_send_is_fetched(host: FakeHost) -> None:
    async with dingtalk(host) as (world, stage):
        ann = world.user()
        room = world.private(ann)
        world.picture(room, ann, content=b"picture")
        world.audio(room, ann, content=b"voice", recognition="hello")
        world.file(room, ann, name="notes.pdf", content=b"pdf")
        messages = await stage.inbox.get(3)
        found = [await stage.adapter.fetch(message.media[0]) for message in messages]
        assert found == [b"picture", b"voice", b"pdf"]
        assert messages[1].text == "hello"
        for part in (Image("gone"), Audio(""), File("", "interactiveCard")):
            with pytest.raises(Rejected):
                await stage.adapter.fetch(part)


# --- what goes wrong


def refusal(status: int, code: str, message: str = "", **more: object) -> AdapterError:
    with pytest.raises(AdapterError) as caught:
        checked(Answer(status, {"code": code, "message": message, **more}))
    return caught.value


def old_refusal(errcode: int, message: str = "") -> AdapterError:
    with pytest.raises(AdapterError) as caught:
        checked(Answer(200, {"errcode": errcode, "errmsg": message}))
    return caught.value


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", RateLimited),
        (403, "Forbidden.AccessDenied.QpsLimitForApi", RateLimited),
        (403, "Forbidden.AccessDenied.AccessTokenPermissionDenied", PermissionMissing),
        (403, "Forbidden.AccessDenied.IpNotInWhiteList", Rejected),
        (429, "", RateLimited),
        (401, "", TokenExpired),
        (400, "InvalidAuthentication", TokenExpired),
        (400, "robot.notInGroup", ChatGone),
        (400, "staffId.notExisted", ChatGone),
        (400, "group.disbanded", ChatGone),
        (400, "invalidParameter.msgParam", Rejected),
        (404, "InvalidAction.NotFound", Rejected),
        (500, "unknownError", NetworkError),
        (502, "", NetworkError),
        (504, "", OutcomeUnknown),
        (503, "ServiceUnavailable", NetworkError),
    ],
)
def test_a_refusal_in_our_words(status: int, code: str, kind: type[AdapterError]) -> None:
    assert type(refusal(status, code)) is kind


@pytest.mark.parametrize(
    ("errcode", "kind"),
    [
        (300001, SessionGone),
        (130101, RateLimited),
        (90018, RateLimited),
        (88, TokenExpired),
        (42001, TokenExpired),
        (-1, NetworkError),
        (400013, Rejected),
        (310000, Rejected),
    ],
)
def test_an_errcode_in_a_200_is_an_error(errcode: int, kind: type[AdapterError]) -> None:
    assert type(old_refusal(errcode)) is kind


def test_a_missing_permission_is_named() -> None:
    detail = {"requiredScopes": ["Card.Streaming.Write"]}
    code = "Forbidden.AccessDenied.AccessTokenPermissionDenied"
    assert "lacks the permission Card.Streaming.Write" in str(refusal(403, code, accessdenieddetail=detail))


@pytest.mark.parametrize("body", [None, [], "text", 5])
def test_an_answer_that_is_no_object_is_an_unknown_outcome(body: object) -> None:
    with pytest.raises(OutcomeUnknown):
        checked(Answer(200, body))


async def test_a_lost_answer_is_an_unknown_outcome_without_the_address(host: FakeHost) -> None:
    async with dingtalk(host) as (world, stage):
        chat = await asked(world, stage, world.private(world.user()))
        world.fail("sendBySession", status=200, cut=True, after_acting=True)
        with pytest.raises(OutcomeUnknown) as caught:
            await stage.adapter.send(chat, Reply("once"))
        assert "session" not in str(caught.value)


async def test_one_group_that_is_written_to_too_often_does_not_hold_up_another(host: FakeHost) -> None:
    async with dingtalk(host) as (world, stage):
        ann = world.user()
        full, other = world.group("Full", ann), world.group("Other", ann)
        chat, fine = await asked(world, stage, full), await asked(world, stage, other)
        world.fail("sendBySession", status=200, body=TOO_FAST)
        with pytest.raises(RateLimited):
            await stage.adapter.send(chat, Reply("one"))
        with pytest.raises(RateLimited) as caught:  # and DingTalk is not asked again
            await stage.adapter.send(chat, Reply("two"))
        assert 50 < (caught.value.retry_after or 0) <= 61
        await stage.adapter.send(fine, Reply("fine"))
        assert len(world.called("sendBySession")) == 2


async def test_a_group_gets_no_more_than_it_may_in_a_minute(host: FakeHost) -> None:
    world = server()
    world.limits(webhook_per_minute=20)
    async with dingtalk(host, world=world) as (world, stage):
        chat = await asked(world, stage, world.group("Friends", world.user()))

        async def flood() -> None:
            for number in range(20):
                async with asyncio.timeout(0.5):
                    await stage.adapter.send(chat, Reply(str(number)))

        began = time.monotonic()
        with pytest.raises((TimeoutError, RateLimited)):
            await flood()
        assert time.monotonic() - began < 2
        assert all(call.answer == {"errcode": 0, "errmsg": "ok"} for call in world.called("sendBySession"))


# --- the network


async def test_everything_goes_through_the_proxy(host: FakeHost) -> None:
    async with server() as world, Proxy(("127.0.0.1", world.port)) as proxy:
        platform = SimulatedDingTalk(world, proxy=f"socks5h://127.0.0.1:{proxy.port}")
        async with staged(platform, host) as stage:
            room = world.private(world.user(), platform.robot)
            chat = await asked(world, stage, room)
            await stage.adapter.send(chat, Reply("through"))
            assert [sent.text for sent in world.sent(room)] == ["through"]
        assert len(proxy.asked) >= 2  # the stream and the calls


async def test_a_dead_proxy_is_never_passed_by(host: FakeHost) -> None:
    async with server() as world:
        for scheme in ("socks5", "http"):
            transport = Transport(f"{scheme}://127.0.0.1:1", world.root)
            transport.open()
            with pytest.raises(NetworkError):
                await transport.call("POST", f"{world.root}/v1.0/oauth2/accessToken", {})
            with pytest.raises(NetworkError):
                await transport.connect(f"{world.root}/connect")
            await transport.close()
        assert world.calls == []


async def test_the_environment_is_not_asked_for_a_proxy(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with dingtalk(host) as (world, stage):
        await asked(world, stage, world.private(world.user()))


async def test_the_robot_may_have_another_code_than_its_application(host: FakeHost) -> None:
    world = server()
    world.robot(CLIENT_ID).code = "dingoldrobot"
    async with dingtalk(host, world=world, robot_code="dingoldrobot") as (world, stage):
        room = world.group("Friends", world.user())
        await stage.adapter.send(Chat("channel", room.id, "group"), Reply("hello"))
        assert len(world.sent(room)) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello", "hello"),
        ("## A **bold** title\n\ntext", "A bold title"),
        ("\n\n- first\n- second", "first"),
        ("see [this](https://example.org)", "see this"),
        ("***", "…"),
        ("x" * 50, "x" * 39 + "…"),
    ],
)
def test_a_title_is_the_first_words(text: str, expected: str) -> None:
    assert title(text) == expected


async def test_no_secret_of_a_chat_is_written(host: FakeHost, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    inbox = FakeInbox(host)
    async with dingtalk(host, inbox=inbox) as (world, stage):
        room = world.private(world.user())
        chat = await asked(world, stage, room)
        world.drop(world.robot(CLIENT_ID))
        world.expire_webhooks()
        await stage.adapter.send(chat, Reply("late"))
        await world.connected()
        logged = " ".join(
            record.getMessage() for record in caplog.records if record.name.startswith("adapters.")
        )
        tickets = [call.params["ticket"] for call in world.called("/connect") if call.method == "GET"]
        for secret in (SECRET, "session=", *world.world.tokens, *tickets):
            assert secret not in logged
