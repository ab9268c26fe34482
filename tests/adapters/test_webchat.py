"""The web chat keeps the adapters' contract."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pytest

from adapters.webchat import WebChat
from gateway import Reply
from gateway.adapter import load
from gateway.errors import Rejected

from .contract import DraftContract, Stage, TypingContract, staged
from .host import FakeHost, until
from .webchat_platform import Browsers


def test_it_is_found_by_its_name() -> None:
    assert load("webchat") is WebChat


class TestWebChat(DraftContract, TypingContract):
    """Where a page is not like a platform of somebody else's, a test says how it is instead."""

    @pytest.fixture
    async def platform(self) -> AsyncIterator[Browsers]:
        browsers = Browsers()
        yield browsers
        await browsers.close()

    async def test_a_refused_message_is_never_retried(self, stage: Stage, platform: Browsers) -> None:
        chat = await stage.chat(platform.private())
        with pytest.raises(Rejected) as caught:
            await stage.adapter.send(chat, Reply("x" * (stage.adapter.capabilities.max_length + 1)))
        assert not caught.value.retryable

    async def test_a_rate_limit_says_how_long(self, stage: Stage, platform: Browsers) -> None:
        # We are limited by nobody; who writes too fast is.
        browser = platform.private().raw
        statuses = [await browser.post({"id": f"number-{number:016}", "text": "x"}) for number in range(70)]
        assert 429 in statuses
        status, headers, _ = await browser.ask("POST", f"{browser.path}/messages", json={})
        assert (status, headers["Retry-After"]) == (429, "1")

    async def test_an_outage_is_reported_and_survived(self, stage: Stage, platform: Browsers) -> None:
        # Nobody looks: what is sent is in the transcript, and here.
        place = platform.private()
        chat = await stage.chat(place)
        question = stage.inbox.messages[-1].id
        await place.raw.close()
        await stage.adapter.send(chat, Reply("while you were away", question=question))
        (exchange,) = await platform_again(platform, place.raw.cookie, place.raw.conversation)
        assert (exchange["question"], exchange["answers"]) == ("hello", ["while you were away"])

    async def test_it_starts_without_a_network(self, platform: Browsers, host: FakeHost) -> None:
        async with platform.outage(), staged(platform, host) as stage:
            await stage.up()

    async def test_no_secret_is_written_anywhere(
        self, platform: Browsers, host: FakeHost, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        async with staged(platform, host) as stage:
            chat = await stage.chat(platform.private())
            stage.inbox.failures = 1
            await platform.say(platform.private(), "hello")
            await stage.inbox.get(2)
            await stage.adapter.send(chat, Reply("hello"))
            await until(lambda: platform.unconfirmed() == 0)
        logged = [record.getMessage() for record in caplog.records if record.name != "aiohttp.access"]
        written = repr(logged) + repr(stage.inbox.events) + repr(host.values) + repr(host.reports)
        assert platform.secrets
        assert not [secret for secret in platform.secrets if secret in written]


async def platform_again(platform: Browsers, cookie: str, conversation: str) -> list[dict[str, object]]:
    """What the same person sees who opens the page again."""
    browser = platform.private().raw
    browser.cookie, browser.conversation = cookie, conversation
    return list(await browser.history())
