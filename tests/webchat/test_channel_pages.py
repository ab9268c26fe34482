"""The pages of the channels in a real browser: a login from the code to its end, and how it looks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.adapter import ChannelState
from gateway.channels import Channel
from gateway.store.archive import Archive
from gateway.store.database import Database
from gateway.web import PAGES, ChannelPages, WebServer
from tests import codes
from tests.ports import free_port

from .browser import Page, Visitor
from .test_looks import PHONE, axe

pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.browser]

TEXT = "https://liteapp.weixin.qq.com/q/7GiQu1?qrcode=0123456789abcdef0123456789abcdef&bot_type=3"
# A test does not wait a second for every look of the page.
_HASTE = "const wait = setTimeout; window.setTimeout = (work, pause) => wait(work, pause / 10)"


class Site:
    """A web server with the pages of a few channels; "wechat" is the one that a test logs in."""

    def __init__(self, folder: Path) -> None:
        archive = Archive(Database(folder / "gateway.db"))
        names = ("telegram", "dingtalk", "wechat", "wechat-of-the-shop-with-a-long-name")
        self.channels = {name: Channel(name, folder, archive) for name in names}
        self.channels["telegram"].report(ChannelState.UP)
        self.channels["dingtalk"].report(ChannelState.DOWN, "api.dingtalk.com cannot be reached: no route")
        self.wechat = self.channels["wechat"]
        self.wechat.report(ChannelState.KICKED, "another device took our place")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}{PAGES}"
        routes = ChannelPages(self.channels).routes()
        self.server = WebServer("127.0.0.1", self.port, None, routes, dict, folder)


@asynccontextmanager
async def visiting(
    chromium: Any, folder: Path, path: str, **options: Any
) -> AsyncIterator[tuple[Site, Page]]:
    """Somebody who looks at a page; at the end it may not have complained."""
    site = Site(folder)
    async with site.server, Visitor(chromium, site.url, options) as visitor:
        await visitor.context.add_init_script(_HASTE)
        yield site, await visitor.open(path)
        visitor.complain()


async def test_a_login_from_the_code_to_its_end(chromium: Any, tmp_path: Path) -> None:
    """Never reloaded: the page follows by itself, and what is typed stays."""
    async with visiting(chromium, tmp_path, "/wechat") as (site, page):
        login, main = site.wechat.login, page.tab.locator("main")
        await page.has(main, "A code is on its way")
        for text in ("https://example.org/first", TEXT):
            login.show(text, 60)
            await page.has(main, text)
            assert codes.in_picture(await page.tab.screenshot()) == [text]
        login.scanned()
        await page.has(main, "confirm it on the phone")
        for digits, wrong in (("12", False), ("345", True)):
            asking = asyncio.create_task(login.digits(wrong=wrong))
            await page.tab.locator("#digits").fill(digits[:1])
            if wrong:
                await page.has(main, "Those were not the digits")
            async with page.tab.expect_response("**/wechat"):
                pass  # the page has looked again
            assert await page.tab.locator("#digits").input_value() == digits[:1]
            await page.tab.locator("#digits").press_sequentially(digits[1:])
            await page.tab.locator("#digits").press("Enter")
            assert await asking == digits
            await page.has(main, "confirm it on the phone")
        login.done()
        site.wechat.report(ChannelState.UP)
        await page.has(main, "Logged in")
        assert await page.tab.title() == "wechat: up"


@pytest.mark.parametrize(
    ("language", "theme", "options"),
    [("en", "dark", PHONE), ("zh", "light", PHONE), ("en", "light", {})],
    ids=["en-dark-phone", "zh-light-phone", "en-light-desk"],
)
async def test_it_looks_right_and_everybody_can_use_it(
    chromium: Any, tmp_path: Path, pictures: Path, language: str, theme: str, options: dict[str, Any]
) -> None:
    locale, size = {"en": "en-GB", "zh": "zh-CN"}[language], "phone" if options else "desk"
    options = {"locale": locale, "color_scheme": theme, **options}
    async with visiting(chromium, tmp_path, "", **options) as (site, page):
        login = site.wechat.login

        async def look(name: str) -> None:
            await axe(page, f"{name} {language} {theme} {size}")
            await page.picture(pictures / f"channel-{name}-{language}-{theme}-{size}.png")
            scrolls = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            assert not await page.tab.evaluate(scrolls)

        await look("list")
        await page.tab.locator("a[href$=wechat]").click()
        await look("waiting")
        login.show(TEXT, 118)
        await page.tab.locator(".code").wait_for()
        await look("code")
        assert codes.in_picture(await page.tab.screenshot()) == [TEXT]
        asking = asyncio.create_task(login.digits(wrong=True))
        await page.tab.locator("#digits").wait_for()
        await look("digits")
        asking.cancel()
        await asyncio.wait({asking})
        login.done()
        site.wechat.report(ChannelState.UP)
        await page.tab.locator("[data-state=good]").wait_for()
        await look("done")
