"""Chromium, a visitor in it, and the chat page as that visitor sees it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

# A machine without a sandbox or a screen, and nothing that calls home.
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@asynccontextmanager
async def launched(executable: str) -> AsyncIterator[Any]:
    """A browser without windows."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=_FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


class Visitor:
    """Somebody with a browser of his own: cookies, tabs, and a list of what went wrong in them.

    `patient`: failed requests are no complaint, where the test takes the network away.
    """

    def __init__(self, browser: Any, url: str, options: dict[str, Any]) -> None:
        self.url = url
        self.patient = False
        self.complaints: list[str] = []
        self.weights: dict[str, int] = {}
        self._browser = browser
        self._options = {
            "viewport": {"width": 1280, "height": 800},
            "locale": "en-US",
            "reduced_motion": "reduce",
            **options,
        }
        self.context: Any = None

    async def __aenter__(self) -> Self:
        self.context = await self._browser.new_context(**self._options)
        self.context.set_default_timeout(10_000)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.context.close()

    async def open(self, path: str = "/") -> Page:
        """A new tab with the page, connected."""
        tab = await self.context.new_page()
        tab.on("console", self._logged)
        tab.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        tab.on("request", self._requested)
        tab.on("response", self._weigh)
        await tab.add_init_script(
            "addEventListener('securitypolicyviolation', "
            "(event) => console.error('CSP', event.violatedDirective, event.blockedURI))"
        )
        await tab.goto(self.url + path)
        return Page(tab, self)

    def complain(self) -> None:
        """Fail where the browser had something to say against the page."""
        assert self.complaints == []

    def _logged(self, message: Any) -> None:
        if message.type not in ("error", "warning"):
            return
        if self.patient and re.search(r"net::ERR|status of 5\d\d|EventSource", message.text):
            return
        self.complaints.append(f"{message.type}: {message.text}")

    def _requested(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.hostname != "127.0.0.1":
            self.complaints.append(f"a request to {request.url}")

    def _weigh(self, response: Any) -> None:
        size = response.headers.get("content-length")
        if size is not None and response.status == 200:
            self.weights[urlsplit(response.url).path] = int(size)


class Page:
    """The chat page in one tab. Waiting is the browser's: each look waits up to ten seconds."""

    def __init__(self, tab: Any, visitor: Visitor) -> None:
        self.tab = tab
        self.visitor = visitor
        self.text = tab.locator("#text")
        self.answers = tab.locator(".bot .text")
        self.questions = tab.locator(".person:not([hidden]) .text")
        self.titles = tab.locator("#conversations .open")

    async def say(self, text: str) -> None:
        """Type and press Enter."""
        await self.text.fill(text)
        await self.text.press("Enter")

    async def answered(self, *texts: str) -> None:
        """Wait until these are the answers, none of them growing."""
        await self.shows(self.answers, *texts)
        await self.idle()

    async def shows(self, locator: Any, *texts: str) -> None:
        """Wait until *locator* finds just these texts."""
        from playwright.async_api import expect

        await expect(locator).to_have_text(list(texts), timeout=10_000)

    async def has(self, locator: Any, text: str) -> None:
        """Wait until *locator* has *text* in it."""
        from playwright.async_api import expect

        await expect(locator).to_contain_text(text, timeout=10_000)

    async def idle(self) -> None:
        """Wait until no answer is to come."""
        await self.tab.locator("#stop").wait_for(state="hidden")

    async def picture(self, path: Any) -> None:
        """Keep what is seen."""
        await self.tab.evaluate("document.fonts.ready")
        await self.tab.screenshot(path=path, animations="disabled", caret="hide")
