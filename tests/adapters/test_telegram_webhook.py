"""What Telegram posts to us, and what somebody else might."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr, ValidationError

from adapters.telegram.options import TelegramOptions
from adapters.telegram.webhook import LARGEST_BODY, address
from adapters.telegram.webhook import secret as webhook_secret
from tests.servers.telegram import TelegramServer

from .host import FakeHost
from .telegram_platform import telegram

HEADER = "X-Telegram-Bot-Api-Secret-Token"


async def post(server: TelegramServer, body: Any, secret: str | None = None) -> int:
    assert server.webhook is not None
    headers = {} if secret is None else {HEADER: secret}
    async with (
        aiohttp.ClientSession() as session,
        session.post(server.webhook.url, data=body, headers=headers) as answer,
    ):
        return answer.status


@pytest.mark.parametrize("secret", [None, "", "wrong", "wrong\udcff"])
async def test_who_does_not_know_the_secret_is_not_read(host: FakeHost, secret: str | None) -> None:
    async with telegram(host, "webhook") as (server, stage):
        assert await post(server, b"{not even json", secret) == 403
        assert stage.inbox.calls == 0


async def test_the_secret_is_drawn_once_and_kept(host: FakeHost) -> None:
    drawn = await webhook_secret(host, None)
    assert len(drawn) > 30
    assert await webhook_secret(host, None) == drawn
    assert await webhook_secret(host, SecretStr("mine")) == "mine"


async def test_what_is_too_large_or_no_json_is_refused(host: FakeHost) -> None:
    async def chunks() -> Any:
        for _ in range(3):
            yield b" " * (LARGEST_BODY // 2)

    async with telegram(host, "webhook", webhook_secret="word") as (server, _):
        assert await post(server, io.BytesIO(b" " * (LARGEST_BODY + 1)), "word") == 413
        assert await post(server, chunks(), "word") == 413
        assert await post(server, b"{", "word") == 400
        assert await post(server, b"[]", "word") == 200


async def test_an_update_that_comes_twice_is_one_message(host: FakeHost) -> None:
    update = (
        b'{"update_id": 1, "message": {"message_id": 1, "date": 1, "text": "hello", '
        b'"chat": {"id": 1, "type": "private"}, "from": {"id": 1}}}'
    )
    part = update.replace(b'"text"', b'"photo": [{"file_id": "f"}], "media_group_id": "a", "caption"')
    async with telegram(host, "webhook", webhook_secret="word") as (server, stage):
        for body in (update, update, part, part.replace(b'"update_id": 1', b'"update_id": 2'), part):
            assert await post(server, body, "word") == 200
        assert [message.text for message in await stage.inbox.get(1)] == ["hello"]


async def test_what_cannot_be_stored_is_answered_503(host: FakeHost) -> None:
    async with telegram(host, "webhook", webhook_secret="word") as (server, stage):
        stage.inbox.failures = 1
        body = b'{"update_id": 1, "message": {"message_id": 1, "date": 1, "text": "x", "chat": {"id": 1, '
        body += b'"type": "private"}, "from": {"id": 1}}}'
        assert await post(server, body, "word") == 503
        assert await post(server, body, "word") == 200


async def test_telegram_is_told_the_address_and_the_secret(host: FakeHost) -> None:
    async with telegram(host, "webhook", webhook_secret="word") as (server, _):
        (call,) = server.called("setWebhook")
        assert call.params["url"].endswith("/hook/channel")
        assert call.params["secret_token"] == "word"
        assert call.params["allowed_updates"] == ["message", "edited_message"]


def test_an_address_with_a_path_stays_as_it_is() -> None:
    assert address("https://a.example", "b") == "https://a.example/hook/b"
    assert address("https://a.example/", "b") == "https://a.example/hook/b"
    assert address("https://a.example/through/proxy", "b") == "https://a.example/through/proxy"


def mistakes() -> Iterator[dict[str, Any]]:
    yield {}
    yield {"token": ""}
    yield {"token": "1:a b"}
    yield {"token": "1:a", "api_root": "api.telegram.org"}
    yield {"token": "1:a", "mode": "webhook"}
    yield {"token": "1:a", "webhook_secret": "no spaces"}
    yield {"token": "1:a", "proxy": "proxy:1080"}
    yield {"token": "1:a", "proxy": "ftp://proxy:1080"}
    yield {"token": "1:a", "pacing": {"per_chat": 0}}
    yield {"token": "1:a", "pacing": {"per_hour": 5}}
    yield {"token": "1:a", "tokn": "1:b"}


@pytest.mark.parametrize("options", list(mistakes()))
def test_mistakes_in_the_options_are_found_before_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TelegramOptions.model_validate(options)
