"""From iLink's messages to ours, and to which addresses we go: without a server."""

from __future__ import annotations

import time
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.wechat_ilink.addresses import moved
from adapters.wechat_ilink.limits import Limits
from adapters.wechat_ilink.options import Pacing, WechatIlinkOptions
from adapters.wechat_ilink.outgoing import ClientIds
from adapters.wechat_ilink.parse import Account, FromGroup, Incoming, parse
from adapters.wechat_ilink.recent import Recent
from gateway import Chat, File, Message, Reply
from gateway.errors import RateLimited, Rejected

from .wechat_ilink_platform import NONSENSE

ME = Account("weixin", "o9owner@im.wechat", "bot@im.bot")
ROOT = "https://ilinkai.weixin.qq.com"


def payload(*items: Any, **more: Any) -> dict[str, Any]:
    return {
        "message_id": 7,
        "from_user_id": "o9ann@im.wechat",
        "message_type": 1,
        "create_time_ms": 1_700_000_000_500,
        "context_token": "token",
        "item_list": list(items) or [{"type": 1, "text_item": {"text": " hello "}}],
        **more,
    }


def incoming(raw: Any) -> Incoming:
    parsed = parse(raw, ME)
    assert isinstance(parsed, Incoming)
    return parsed


def message(raw: Any) -> Message:
    found = incoming(raw).message
    assert found is not None
    return found


def test_a_text() -> None:
    said = incoming(payload())
    assert said.message is not None
    assert (said.message.id, said.message.text, said.message.time) == ("7", "hello", 1_700_000_000.5)
    assert said.message.chat.account == ME.id
    heard = said.heard
    assert (heard.user, heard.token, heard.time, heard.id) == (
        "o9ann@im.wechat",
        "token",
        1_700_000_000.5,
        "7",
    )


@pytest.mark.parametrize("id", [2**64 - 1, str(2**64 - 1)])
def test_an_id_of_64_bits_is_whole(id: int | str) -> None:
    assert message(payload(message_id=id)).id == "18446744073709551615"


def test_an_id_may_be_an_items() -> None:
    item = {"type": 1, "msg_id": 5, "text_item": {"text": "hello"}}
    assert message(payload(item, message_id=None)).id == "5"


def test_a_message_without_a_time_was_written_now() -> None:
    before = time.time()
    assert before <= incoming(payload(create_time_ms=0)).heard.time <= time.time()


def test_one_odd_part_does_not_take_the_others_with_it() -> None:
    items = (5, {"type": 1, "text_item": {"text": "hello"}}, {"type": 2, "image_item": "no"})
    assert message(payload(*items)).text == "hello"


def test_what_is_not_known_is_there_all_the_same() -> None:
    assert message(payload({"type": 49})).media == (File("", "type 49"),)


@pytest.mark.parametrize("items", [[], [{"type": 11}, {"type": 12}], [{"type": 1}]])
def test_what_says_nothing_still_opens_the_way_back(items: list[Any]) -> None:
    said = incoming({**payload(), "item_list": items})
    assert said.message is None
    assert said.heard.token == "token"


def test_a_file_that_cannot_be_had_has_no_ref() -> None:
    odd = {"encrypt_query_param": "name", "aes_key": "short"}
    for item in (
        {"type": 4, "file_item": {"file_name": "a.pdf", "media": odd}},
        {"type": 4, "file_item": {"file_name": "a.pdf"}},
        {"type": 4, "file_item": {"file_name": "a.pdf", "len": "many", "media": {}}},
    ):
        (part,) = message(payload(item)).media
        assert (part.ref, part.size) == ("", 0)


def test_what_is_from_us_or_from_a_group() -> None:
    assert parse(payload(message_type=2), ME) is None
    assert parse(payload(from_user_id=ME.bot), ME) is None
    assert parse(payload(group_id="family@chatroom"), ME) == FromGroup("family@chatroom")


@pytest.mark.parametrize("nonsense", NONSENSE, ids=repr)
def test_nonsense_is_no_message(nonsense: Any, caplog: pytest.LogCaptureFixture) -> None:
    parsed = parse(nonsense, ME)
    assert parsed is None or (isinstance(parsed, Incoming) and parsed.message is None)
    if parsed is None:
        assert "left out" in caplog.text


@pytest.mark.parametrize(
    "quoted", [5, "words", {"svr_id": {}}, {"message_item": 5}, {"message_item": {"type": "x"}}]
)
def test_an_odd_quote_is_no_reason_to_be_deaf(quoted: Any) -> None:
    item = {"type": 1, "text_item": {"text": "hello"}, "ref_msg": quoted}
    assert message(payload(item)).text == "hello"


# --- where we go


def test_a_host_becomes_an_address() -> None:
    assert moved(ROOT, "sz.ilink.qq.com") == "https://sz.ilink.qq.com"
    assert moved(ROOT, "https://sz.ilink.qq.com/") == "https://sz.ilink.qq.com"
    assert moved("http://127.0.0.1:1", "127.0.0.1:2") == "http://127.0.0.1:2"
    for host in ("evil.example", "http://sz.ilink.qq.com", "sz.ilink.qq.com@evil.example"):
        with pytest.raises(Rejected):
            moved(ROOT, host)


# --- small things


@pytest.mark.parametrize(
    "options",
    [{"api_root": "ilinkai.weixin.qq.com"}, {"cdn_root": "ftp://x"}, {"code_seconds": 0}, {"per_turn": 0}],
)
def test_options_that_cannot_be_used(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        WechatIlinkOptions.model_validate(options)


def test_who_can_be_written_to_by_id() -> None:
    options = WechatIlinkOptions()
    assert options.chat("weixin", "o9ann@im.wechat") == Chat("weixin", "o9ann@im.wechat")
    with pytest.raises(ValueError, match="no id of iLink"):
        options.chat("weixin", "Ann")


async def test_a_long_wait_is_told_instead() -> None:
    limits = Limits(Pacing(per_chat=0.05))
    await limits.admit("ann")
    with pytest.raises(RateLimited) as caught:
        await limits.admit("ann")
    assert 15 < (caught.value.retry_after or 0) <= 20
    await limits.admit("bob")


def test_ids_are_forgotten_in_time() -> None:
    ids = ClientIds("salt")
    first = ids.make("ann", Reply("hello", question="1"))
    ids.sent(first)
    assert ids.make("ann", Reply("hello", question="1")) != first
    for number in range(1000):
        ids.sent(ids.make("ann", Reply(str(number), question="1")))
    assert ids.make("ann", Reply("hello", question="1")) == first


def test_what_answers_nothing_has_an_id_of_this_process() -> None:
    notice = Reply("the channel is down")
    assert ClientIds("one").make("ann", notice) != ClientIds("two").make("ann", notice)


def test_what_was_said_is_forgotten_in_time() -> None:
    recent = Recent()
    for number in range(2001):
        recent.remember(str(number), "x" * 5000)
    assert recent.find("0") == ""
    assert len(recent.find("2000")) == 1000
