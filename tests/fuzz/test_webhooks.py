"""Mutated payloads over real sockets: every door answers them as it should, and goes on answering."""

from __future__ import annotations

import asyncio
import io
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import aiohttp
import pytest
from yarl import URL

from tests.adapters.contract import staged
from tests.adapters.dingtalk_platform import dingtalk
from tests.adapters.host import FakeHost
from tests.adapters.telegram_platform import telegram
from tests.adapters.test_dingtalk_http import post as post_to_dingtalk
from tests.adapters.test_dingtalk_http import signed
from tests.adapters.test_telegram_webhook import HEADER
from tests.adapters.test_wechat_official_http import sealed
from tests.adapters.test_wechat_official_http import signed as signed_query
from tests.adapters.webchat_platform import COOKIE, HEADERS, Browser, Browsers
from tests.adapters.wechat_official_platform import server, wechat
from tests.servers.wechat_official.crypto import encrypt

from .target import Target
from .test_parsers import TARGETS

INPUTS = 120


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path)


async def knock(target: Target, post: Callable[[bytes, Random], Awaitable[int]]) -> Counter[int]:
    """How often each status was answered; one input after the other, some of them large."""
    statuses: Counter[int] = Counter()
    for number in range(INPUTS):
        dice = Random(number)
        data = target.make_large(dice) if number % 40 == 39 else target.make(dice)
        statuses[await post(data, dice)] += 1
    return statuses


def no_errors(caplog: pytest.LogCaptureFixture) -> bool:
    """Whether no request ended in an exception that the web server had to answer for."""
    return not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_telegram(host: FakeHost, caplog: pytest.LogCaptureFixture) -> None:
    async with (
        telegram(host, "webhook", webhook_secret="word") as (world, _),
        aiohttp.ClientSession() as session,
    ):
        assert world.webhook is not None
        url = world.webhook.url

        async def post(data: bytes, dice: Random) -> int:
            headers = {
                HEADER: "word",
                "Content-Type": dice.choice(("application/json", "text/plain; charset=x")),
            }
            async with session.post(url, data=io.BytesIO(data), headers=headers) as answer:
                return answer.status

        statuses = await knock(TARGETS["telegram webhook"], post)
    assert set(statuses) <= {200, 400, 413}
    assert statuses[200] > INPUTS / 2
    assert no_errors(caplog)


async def test_dingtalk(host: FakeHost, caplog: pytest.LogCaptureFixture) -> None:
    async with dingtalk(host, "http") as (world, _):
        statuses = await knock(
            TARGETS["dingtalk callback bodies"], lambda data, _: post_to_dingtalk(world, data, signed())
        )
    assert set(statuses) <= {200, 400, 413}
    assert statuses[200] > INPUTS / 2
    assert no_errors(caplog)


@pytest.mark.parametrize("name", ["official xml", "official fields"])
@pytest.mark.parametrize("mode", ["plain", "secure"])
async def test_wechat_official(
    host: FakeHost, caplog: pytest.LogCaptureFixture, name: str, mode: str
) -> None:
    world = server(mode=mode)
    async with wechat(host, world=world) as (_, stage), aiohttp.ClientSession() as session:
        url = URL(world.account.url)

        async def post(data: bytes, dice: Random) -> int:
            query = signed_query(world)
            if mode == "secure" and dice.random() < 0.8:
                account = world.account
                query, data = sealed(
                    world, query, encrypt(account.key, account.app_id, data.decode("utf-8", "replace"))
                )
            try:
                async with session.post(url.with_query(query), data=io.BytesIO(data)) as answer:
                    return answer.status
            except aiohttp.ServerDisconnectedError:
                return 0  # nobody answers the message, and WeChat is to ask again

        target = TARGETS[name]
        made = [(target.make(Random(number)), Random(number)) for number in range(INPUTS)]
        statuses = Counter(await asyncio.gather(*(post(*each) for each in made)))
        assert not stage.task.done()
    assert set(statuses) <= {0, 200, 403}
    assert no_errors(caplog)


async def test_webchat(host: FakeHost, caplog: pytest.LogCaptureFixture) -> None:
    browsers = Browsers()
    async with staged(browsers, host) as stage:
        await stage.up()
        browser: Browser = browsers.private().raw
        await browser.see()

        async def post(data: bytes, dice: Random) -> int:
            assert browser.session is not None
            word = TARGETS["webchat ids"].make(dice).hex() if dice.random() < 0.2 else browser.conversation
            url = URL(f"{browser.root}/chat/conversations/{word}/messages", encoded=True)
            cookie = browser.cookie if dice.random() < 0.9 else browser.cookie[:-1] + "é"
            headers = {**HEADERS, "Cookie": f"{COOKIE}={cookie}", "Content-Type": "application/json"}
            async with browser.session.post(url, data=io.BytesIO(data), headers=headers) as answer:
                return answer.status

        statuses = await knock(TARGETS["webchat posts"], post)
        await browsers.close()
    assert set(statuses) <= {200, 400, 401, 404, 413, 429}
    assert statuses[200] > 5
    assert no_errors(caplog)
