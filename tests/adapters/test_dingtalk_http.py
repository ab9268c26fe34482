"""DingTalk's messages by HTTP callback: who is believed, and what is answered."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from typing import Any

import aiohttp
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.dingtalk.callback import LARGEST_BODY, is_genuine, signature
from adapters.dingtalk.options import DingTalkOptions
from gateway import ChannelState, Reply
from tests.servers.dingtalk import DingTalkServer, sign

from .dingtalk_messages import PRIVATE
from .dingtalk_platform import CLIENT_ID, SECRET, asked, dingtalk
from .host import FakeHost

BODY = orjson.dumps(PRIVATE)


def signed(at: float | None = None, secret: str = SECRET) -> dict[str, str]:
    """The headers of a message that is posted *at* a time."""
    timestamp = str(int((time.time() if at is None else at) * 1000))
    return {"timestamp": timestamp, "sign": sign(timestamp, secret)}


async def post(world: DingTalkServer, body: bytes, headers: dict[str, str]) -> int:
    """The status that our web server answers."""
    url = world.robot(CLIENT_ID).url
    assert url is not None
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=io.BytesIO(body), headers=headers) as answer,
    ):
        return answer.status


async def test_only_what_dingtalk_signed_is_read(host: FakeHost) -> None:
    async with dingtalk(host, "http") as (world, stage):
        now = time.time()
        false = [
            {},
            {"timestamp": "x", "sign": "y"},
            {"timestamp": signed()["timestamp"]},
            {**signed(), "sign": ""},
            {**signed(), "timestamp": str(int(now * 1000) - 1)},
            signed(secret="another"),
            signed(now - 3601),
            signed(now + 3601),
            {"timestamp": "9" * 400, "sign": signature("9" * 400, SECRET)},
        ]
        for headers in false:
            assert await post(world, BODY, headers) == 403
            assert await post(world, b"{", headers) == 403  # before it is looked at
        assert stage.inbox.calls == 0
        assert await post(world, BODY, signed(now - 3500)) == 200
        assert [message.text for message in await stage.inbox.get()] == ["hello"]


async def test_strangers_cannot_fill_the_log(host: FakeHost, caplog: pytest.LogCaptureFixture) -> None:
    async with dingtalk(host, "http") as (world, _):
        for _ in range(30):
            assert await post(world, BODY, {}) == 403
    assert len([record for record in caplog.records if "not signed" in record.getMessage()]) == 10


async def test_what_is_played_again_is_one_message(host: FakeHost) -> None:
    async with dingtalk(host, "http") as (world, stage):
        headers = signed()
        for _ in range(3):
            assert await post(world, BODY, headers) == 200
        assert len(stage.inbox.messages) == 1


async def test_what_cannot_be_stored_is_answered_503(host: FakeHost) -> None:
    async with dingtalk(host, "http") as (world, stage):
        stage.inbox.failures = 1
        assert await post(world, BODY, signed()) == 503
        assert host.states[-1] is ChannelState.DOWN
        assert await post(world, BODY, signed()) == 200
        assert host.states[-1] is ChannelState.UP


async def test_what_is_no_message_is_answered_and_not_read(host: FakeHost) -> None:
    async with dingtalk(host, "http") as (world, stage):
        assert await post(world, b"{", signed()) == 400
        assert await post(world, b"[" * 100_000, signed()) == 400
        assert await post(world, b"[]", signed()) == 200
        assert await post(world, b" " * (LARGEST_BODY + 1), signed()) == 413
        assert stage.inbox.calls == 0


async def test_a_message_is_answered_in_http_mode(host: FakeHost) -> None:
    async with dingtalk(host, "http") as (world, stage):
        room = world.private(world.user())
        await stage.adapter.send(await asked(world, stage, room), Reply("hello"))
        assert [sent.text for sent in world.sent(room)] == ["hello"]
        assert world.called("connections/open") == []
        assert world.complaints == []


@given(st.dictionaries(st.sampled_from(["timestamp", "sign"]), st.text(max_size=30)))
def test_no_header_is_an_error(headers: dict[str, str]) -> None:
    assert not is_genuine(headers, SECRET, 1e9)


def mistakes() -> Iterator[dict[str, Any]]:
    right = {"client_id": "a", "client_secret": "b"}
    yield {}
    yield {"client_id": "a"}
    yield right | {"client_id": ""}
    yield right | {"client_secret": " "}
    yield right | {"mode": "webhook"}
    yield right | {"api_root": "api.dingtalk.com"}
    yield right | {"proxy": "proxy:1080"}
    yield right | {"silence": 0}
    yield right | {"pacing": {"group_per_minute": 0}}
    yield right | {"client_secrt": "b"}


@pytest.mark.parametrize("options", list(mistakes()))
def test_mistakes_in_the_options_are_found_before_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DingTalkOptions.model_validate(options)


def test_files_go_to_the_old_address_unless_all_goes_elsewhere() -> None:
    options = {"client_id": "a", "client_secret": "b"}
    assert DingTalkOptions.model_validate(options).upload_root == "https://oapi.dingtalk.com"
    moved = options | {"api_root": "https://ding.example/"}
    assert DingTalkOptions.model_validate(moved).upload_root == "https://ding.example"
    assert DingTalkOptions.model_validate(moved | {"media_root": "https://m"}).upload_root == "https://m"
