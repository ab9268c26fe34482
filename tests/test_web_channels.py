"""The pages of the channels, over a socket."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.adapter import ChannelState
from gateway.channels import Channel
from gateway.store.archive import Archive
from gateway.store.database import Database
from gateway.web import PAGES, ChannelPages, WebServer

from . import codes
from .ports import free_port

TEXT = "https://login.example/l/1?a=b&secret=opens"
PASSWORD = "correct horse"
OWN = {"Sec-Fetch-Site": "same-origin"}


class Site:
    """A web server with two channels, and somebody who asks it."""

    def __init__(self, folder: Path, password: str | None) -> None:
        archive = Archive(Database(folder / "gateway.db"))
        self.channels = {name: Channel(name, folder, archive) for name in ("wechat", "style.css")}
        self.wechat = self.channels["wechat"]
        self.login = self.wechat.login
        port = free_port()
        self.root = f"http://127.0.0.1:{port}"
        routes = ChannelPages(self.channels).routes(front=True)
        self.server = WebServer("127.0.0.1", port, password, routes, dict, folder)
        self.session: aiohttp.ClientSession

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any, str]:
        """Status, headers and text of an answer; redirections are not followed."""
        url = self.root + path
        async with self.session.request(method, url, allow_redirects=False, **options) as answer:
            return answer.status, answer.headers, await answer.text()

    async def see(self, path: str = "/wechat", **headers: str) -> str:
        """What a page says."""
        status, _, text = await self.ask("GET", PAGES + path, headers=headers)
        assert status == 200
        return text


async def running(folder: Path, password: str | None) -> AsyncIterator[Site]:
    site = Site(folder, password)
    async with site.server, aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as site.session:
        yield site


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async for site in running(tmp_path, None):
        yield site


@pytest.fixture
async def closed(tmp_path: Path) -> AsyncIterator[Site]:
    async for site in running(tmp_path, PASSWORD):
        yield site


async def test_every_channel_is_listed_with_its_state(site: Site) -> None:
    site.wechat.report(ChannelState.AUTH_EXPIRED)
    text = await site.see("")
    assert '<a href="/channels/wechat">wechat</a><span class="state" data-state="bad">auth expired' in text
    assert '<a href="/channels/style.css">' in text
    assert "starting" in await site.see("/style.css")


async def test_a_page_shows_the_code_and_how_long_it_is_good(site: Site) -> None:
    site.login.show(TEXT, 60)
    text = await site.see()
    found = re.search(r'src="data:image/png;base64,([^"]+)"', text)
    assert found is not None
    assert codes.in_picture(base64.b64decode(found[1])) == [TEXT]
    assert re.search(r"Good for (59|60) seconds", text)
    assert TEXT.replace("&", "&amp;") in text
    site.login.show(TEXT, -1)
    assert "It has expired" in await site.see()


async def test_nobody_keeps_a_page(site: Site) -> None:
    for path in ("", "/wechat"):
        _, headers, _ = await site.ask("GET", PAGES + path)
        assert headers["Cache-Control"] == "no-store"
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (ChannelState.UP, "Logged in"),
        (ChannelState.STARTING, "on its way"),
        (ChannelState.KICKED, "on its way"),
        (ChannelState.DOWN, "nothing to scan"),
    ],
)
async def test_without_a_code_a_page_says_how_it_is(site: Site, state: ChannelState, says: str) -> None:
    site.wechat.report(ChannelState.DOWN, "no <network>")
    site.wechat.report(state)
    text = await site.see()
    assert says in text
    assert ("no &lt;network&gt;" in text) == (state is not ChannelState.UP)


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "javascript:alert(1)", '"onload="alert(1)'])
async def test_what_a_code_says_is_no_markup(site: Site, text: str) -> None:
    site.login.show(text, 60)
    page = await site.see()
    assert "<script>" not in page
    assert 'href="javascript' not in page
    assert '"onload=' not in page


async def test_what_no_code_can_hold_is_shown_as_text(site: Site) -> None:
    site.login.show("https://example.org/" + "x" * 4000, 60)
    text = await site.see()
    assert "No code can hold" in text
    assert "x" * 4000 in text


async def test_digits_are_asked_for_and_handed_on(site: Site) -> None:
    site.login.show(TEXT, 60)
    site.login.scanned()
    assert "confirm it on the phone" in await site.see()
    asking = asyncio.create_task(site.login.digits(wrong=True))
    await asyncio.sleep(0)
    text = await site.see()
    assert "Those were not the digits" in text
    assert TEXT not in text
    for odd in ("", "twelve", "1" * 40):
        status, _, text = await site.ask("POST", f"{PAGES}/wechat", data={"digits": odd}, headers=OWN)
        assert status == 400
        assert "Digits alone" in text
    status, headers, _ = await site.ask("POST", f"{PAGES}/wechat", data={"digits": " 12 34 "}, headers=OWN)
    assert (status, headers["Location"]) == (303, f"{PAGES}/wechat")
    assert await asking == "1234"
    # too late, or nobody asked: nothing happens
    assert (await site.ask("POST", f"{PAGES}/wechat", data={"digits": "5"}, headers=OWN))[0] == 303


async def test_another_site_types_no_digits(site: Site) -> None:
    site.login.show(TEXT, 60)
    asking = asyncio.create_task(site.login.digits())
    await asyncio.sleep(0)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        status = (await site.ask("POST", f"{PAGES}/wechat", data={"digits": "1"}, headers=headers))[0]
        assert status == 403
    assert (await site.ask("GET", f"{PAGES}/wechat", headers={"Host": "evil.example"}))[0] == 421
    asking.cancel()
    await asyncio.wait({asking})


async def test_a_form_has_a_size(site: Site) -> None:
    assert (await site.ask("POST", f"{PAGES}/wechat", data={"digits": "1" * 5000}))[0] == 413


async def test_there_is_no_page_for_what_is_no_channel(site: Site) -> None:
    for path in ("/nothing", "/wechat/more", "/..%2f"):
        assert (await site.ask("GET", PAGES + path))[0] == 404
    assert (await site.ask("POST", f"{PAGES}/nothing", data={"digits": "1"}))[0] == 404


async def test_who_names_no_page_is_led_to_the_channels_once_logged_in(tmp_path: Path) -> None:
    """After the login a browser stood before a bare 404."""
    async for site in running(tmp_path, PASSWORD):
        assert (await site.ask("GET", "/"))[0] == 401
        status, headers, _ = await site.ask("GET", "/", headers={"Accept": "text/html"})
        assert (status, headers["Location"]) == (303, "/login?next=%2F")
        status, headers, _ = await site.ask("POST", headers["Location"], data={"password": PASSWORD})
        assert (status, headers["Location"]) == (303, "/")
        status, headers, text = await site.ask("GET", "/")
        assert (status, headers["Location"], text) == (303, PAGES, "")
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["X-Frame-Options"] == "DENY"


async def test_everything_is_behind_the_password(closed: Site) -> None:
    closed.login.show(TEXT, 60)
    for method, path in (("GET", ""), ("GET", "/wechat"), ("POST", "/wechat"), ("GET", "/nothing")):
        status, _, text = await closed.ask(method, PAGES + path, headers={"Authorization": "Bearer x"})
        assert status == 401
        assert "wechat" not in text
    html = {"Accept": "text/html"}
    status, headers, _ = await closed.ask("GET", f"{PAGES}/wechat", headers=html)
    assert (status, headers["Location"]) == (303, "/login?next=%2Fchannels%2Fwechat")
    status, headers, _ = await closed.ask("POST", headers["Location"], data={"password": PASSWORD})
    assert (status, headers["Location"]) == (303, f"{PAGES}/wechat")
    assert "Good for" in await closed.see()


@pytest.mark.parametrize(
    ("wanted", "says"), [("zh-CN,zh;q=0.9", "需要登录"), ("de,en", "not logged in"), ("", "not logged in")]
)
async def test_it_speaks_the_browsers_language(site: Site, wanted: str, says: str) -> None:
    site.wechat.report(ChannelState.NEEDS_LOGIN)
    for path in ("", "/wechat"):
        assert says in await site.see(path, **{"Accept-Language": wanted})


async def test_every_state_has_its_words(site: Site) -> None:
    for state in ChannelState:
        site.wechat.report(state)
        text = await site.see("", **{"Accept-Language": "zh"})
        assert str(state) not in re.sub("<[^>]*>", "", text)


async def test_a_page_is_another_one_when_something_changed_and_not_sooner(site: Site) -> None:
    """What tells the script in the page whether to draw it anew."""

    async def version() -> str:
        found = re.search('data-version="([^"]+)"', await site.see())
        assert found is not None
        return found[1]

    seen = [await version()]
    site.login.show(TEXT, 60)
    seen.append(await version())
    site.login.show(TEXT + "2", 60)
    seen.append(await version())
    site.login.scanned()
    seen.append(await version())
    site.login.done()
    site.wechat.report(ChannelState.UP)
    seen.append(await version())
    assert len(set(seen)) == len(seen)
    assert await version() == seen[-1]


async def test_it_goes_on_without_a_script(site: Site) -> None:
    site.login.show(TEXT, 60)
    assert '<noscript><meta http-equiv="refresh" content="4">' in await site.see()
