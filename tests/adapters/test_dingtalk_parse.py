"""Reading DingTalk's messages: pure."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.dingtalk.frames import read
from adapters.dingtalk.parse import Incoming, parse
from gateway import Audio, File, Image, Message, Quote, Text

from .dingtalk_messages import BOT, GROUP, ME, PRIVATE
from .dingtalk_platform import NONSENSE


def incoming(payload: dict[str, Any], **more: Any) -> Incoming:
    found = parse(payload | more, ME)
    assert found is not None
    return found


def message(payload: dict[str, Any], **more: Any) -> Message:
    return incoming(payload, **more).message


def test_a_private_message() -> None:
    found = incoming(PRIVATE)
    said = found.message
    assert (said.id, said.text, said.time, said.mentioned) == ("msg1", "hello", 1_700_000_000.5, False)
    assert (said.chat.id, said.chat.kind, said.chat.account, said.chat.title) == (
        "cid1",
        "private",
        "app",
        "Ann",
    )
    assert (said.sender.id, said.sender.name) == ("staff1", "Ann")
    assert (found.way.staff_id, found.way.until) == ("staff1", 1_700_005_400.0)
    assert found.way.webhook.endswith("session=x")


def test_a_group_message_without_the_space_that_our_mention_left() -> None:
    found = incoming(GROUP)
    said = found.message
    assert (said.text, said.mentioned, said.chat.kind, said.chat.title) == (
        "what time is it?",
        True,
        "group",
        "Friends",
    )
    assert found.way.staff_id == ""  # the way to a group is no person's


@pytest.mark.parametrize(
    ("more", "mentioned"),
    [
        ({"isInAtList": True, "atUsers": None}, True),
        ({"isInAtList": None}, True),
        ({"isInAtList": False, "atUsers": [{"dingtalkId": "somebody", "staffId": "s"}]}, False),
        ({"isInAtList": None, "atUsers": None}, False),
        ({"isInAtList": None, "chatbotUserId": None, "atUsers": [{"staffId": "s"}]}, False),
    ],
)
def test_whether_a_group_message_is_for_us(more: dict[str, Any], mentioned: bool) -> None:
    assert message(GROUP, **more).mentioned is mentioned


def test_a_bare_mention_is_a_message_and_an_empty_private_one_is_not() -> None:
    assert message(GROUP, text={"content": " "}).parts == ()
    assert parse(PRIVATE | {"text": {"content": " "}}, ME) is None


def test_somebody_outside_the_organisation_is_known_by_the_other_id() -> None:
    found = incoming(PRIVATE, senderStaffId=None)
    assert found.message.sender.id == "$:LWCP_v1:$ann"
    assert found.way.staff_id == ""


def test_our_own_messages_are_none() -> None:
    assert parse(PRIVATE | {"senderId": BOT}, ME) is None


def test_what_can_be_in_a_message() -> None:
    def parts(msgtype: str, **content: Any) -> tuple[Any, ...]:
        return message(PRIVATE, msgtype=msgtype, content=content).parts

    assert parts("picture", downloadCode="p") == (Image("p"),)
    assert parts("audio", downloadCode="a", recognition="hi ", duration=2) == (Audio("a", transcript="hi"),)
    assert parts("audio", downloadCode="a") == (Audio("a"),)
    assert parts("file", downloadCode="f", fileName="a.pdf") == (File("f", "a.pdf"),)
    assert parts("video", downloadCode="v", videoType="mp4") == (File("v", "video", "video/mp4"),)
    assert parts("interactiveCard") == (File("", "interactiveCard"),)
    rich = [{"text": "look "}, {"type": "picture", "downloadCode": "p"}, {"text": "there"}]
    assert parts("richText", richText=rich) == (Text("look there"), Image("p"))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("as a text", "as a text"),
        ({"text": "from a computer"}, "from a computer"),
        ({"content": "from a phone"}, "from a phone"),
        ({"recognition": "spoken"}, "spoken"),
        ({"fileName": "a.pdf"}, "a.pdf"),
        ({"richText": [{"msgType": "text", "content": "a "}, {"type": "text", "text": "b"}, 5]}, "a b"),
        ({"richText": [{"msgType": "picture", "downloadCode": "x", "text": "no"}]}, ""),
        (
            {"cardContent": {"children": [{"elementType": "TEXT", "value": "on"}, {"children": [{}]}]}},
            "on",
        ),
        (None, ""),
        ([], ""),
    ],
)
def test_a_quote_is_read_in_all_its_shapes(content: Any, text: str) -> None:
    replied = {"msgType": "text", "msgId": "msg0", "senderId": "s", "senderNick": "Bob", "content": content}
    said = message(GROUP, text={"content": " why?", "isReplyMsg": True, "repliedMsg": replied})
    assert said.quote == Quote("msg0", "Bob", text)
    assert said.text == "why?"


def test_a_quote_of_which_only_the_id_is_told() -> None:
    assert message(GROUP, originalMsgId="msg0").quote == Quote("msg0")


def test_what_a_stranger_sends_as_a_webhook_is_no_webhook() -> None:
    assert incoming(PRIVATE, sessionWebhook="file:///etc/passwd").way.webhook == ""


@pytest.mark.parametrize("payload", [*NONSENSE, None, [], "text", 5, True])
def test_what_is_not_understood_is_one_line_in_the_log(
    payload: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    assert parse(payload, ME) is None
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) <= 1
    assert not any("\n" in line for line in lines)


def test_the_log_does_not_say_what_people_wrote(caplog: pytest.LogCaptureFixture) -> None:
    assert parse(PRIVATE | {"text": {"content": ["private matters"]}}, ME) is None
    assert "not understood" in caplog.text
    assert "private matters" not in caplog.text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted({*GROUP, "content", "originalMsgId"})), JSON), st.booleans())
def test_any_json_in_any_place_raises_nothing(changes: dict[str, Any], group: bool) -> None:
    found = parse((GROUP if group else PRIVATE) | changes, ME)
    if found is not None:
        assert Message.from_json(found.message.to_json()) == found.message


@given(JSON)
def test_any_json_as_a_quote_raises_nothing(content: Any) -> None:
    replied = {"msgId": "msg0", "content": {"cardContent": content, "richText": content}}
    for quoted in (replied, {"content": content}, content):
        parse(GROUP | {"text": {"content": "a", "repliedMsg": quoted}}, ME)


def test_a_card_of_any_depth_raises_nothing() -> None:
    tree: Any = {"elementType": "TEXT", "value": "deep"}
    for _ in range(5000):
        tree = {"children": [tree]}
    replied = {"msgId": "msg0", "content": {"cardContent": tree}}
    assert message(GROUP, text={"content": "a", "repliedMsg": replied}).quote == Quote("msg0")


@given(st.binary() | st.text())
def test_any_bytes_as_a_frame_raise_nothing(data: bytes | str) -> None:
    frame = read(data)
    assert frame is None or frame.acknowledgement()


def test_half_an_emoji_in_a_frame_is_replaced() -> None:
    frame = read('{"type": "CALLBACK", "headers": {"topic": "t"}, "data": "{\\"a\\": \\"\\\\ud83d\\"}"}')
    assert frame is not None
    assert frame.payload == {"a": "�"}
