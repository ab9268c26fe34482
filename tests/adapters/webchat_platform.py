"""Browsers on the web chat, as the adapters' contract sees them: they speak HTTP and SSE as the page does."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
from yarl import URL

from adapters.webchat import WebChat
from adapters.webchat.adapter import WebChatOptions
from adapters.webchat.visitors import COOKIE
from tests.servers.known import remember

from .contract import Place, Platform
from .host import FakeHost

HEADERS = {"X-Gateway-Chat": "1"}
PATIENCE = 10.0


def new_id() -> str:
    """An id as the page draws them."""
    return secrets.token_urlsafe(16)


class Browser:
    """One visitor: an outbox, and an open page. `events`: everything the page heard.

    `cookie` is what the page gave to the browser when it was seen first.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self.cookie = ""
        self.conversation = new_id()
        self.outbox: list[dict[str, str]] = []
        self.events: list[dict[str, Any]] = []
        self.online = True
        self.session: aiohttp.ClientSession | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._wake = asyncio.Event()
        self._seeing = asyncio.Lock()
        self._ready = asyncio.Event()
        remember(self)

    @property
    def path(self) -> str:
        """Where the conversation is."""
        return f"/chat/conversations/{self.conversation}"

    def given_out(self) -> Iterable[str]:
        """What nobody may read in a log: the cookie, and the secret in it."""
        return (self.cookie, self.cookie.partition(".")[0])

    async def start(self) -> None:
        """Open the page, once."""
        if self._tasks:
            return
        timeout = aiohttp.ClientTimeout(total=PATIENCE, sock_read=PATIENCE)
        self.session = aiohttp.ClientSession(
            timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), read_bufsize=2**24
        )
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._flush())]

    async def close(self) -> None:
        """Close the page."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.session is not None:
            await self.session.close()

    async def see(self, **headers: str) -> int:
        """Load the page, and keep the cookie; the status."""
        await self.start()
        assert self.session is not None
        headers |= {"Cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {}
        async with self.session.get(f"{self.root}/", headers=headers) as answer:
            for line in answer.headers.getall("Set-Cookie", []):
                self.cookie = line.partition("=")[2].partition(";")[0]
            return answer.status

    async def say(self, text: str) -> None:
        """Write something; it goes out when it can."""
        await self.start()
        if self.online:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.2):  # nobody may be there to be heard
                    await self._ready.wait()
        self.write({"id": new_id(), "text": text, "language": "en"})

    def write(self, message: dict[str, str]) -> None:
        """Put *message* into the outbox of a page that is open, or will be."""
        self.outbox.append(message)
        self._wake.set()

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any, Any]:
        """One request: its status, its headers, its body (JSON, or bytes)."""
        await self.introduced()
        assert self.session is not None
        headers = {**HEADERS, "Cookie": f"{COOKIE}={self.cookie}", **options.pop("headers", {})}
        # The path as it is: what a browser would tidy up, an attacker would not.
        url = URL(self.root + path, encoded=True)
        async with self.session.request(method, url, headers=headers, **options) as answer:
            body = await answer.read()
            if answer.content_type == "application/json":
                return answer.status, answer.headers, json.loads(body)
            return answer.status, answer.headers, body

    async def post(self, message: Any, **options: Any) -> int:
        """Post a message as it is; returns the status."""
        return (await self.ask("POST", f"{self.path}/messages", json=message, **options))[0]

    async def history(self) -> list[dict[str, Any]]:
        """The exchanges of the conversation."""
        return list((await self.ask("GET", self.path))[2]["exchanges"])

    def seen(self, type: str) -> list[dict[str, Any]]:
        """The events of one type."""
        return [event for event in self.events if event["type"] == type]

    async def _flush(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self.outbox:
                if not self.online or not await self._sent(self.outbox[0]):
                    await asyncio.sleep(0.01)
                    continue
                self.outbox.pop(0)

    async def _sent(self, message: dict[str, str]) -> bool:
        try:
            return await self.post(message) == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _listen(self) -> None:
        while True:
            if self.online:
                with suppress(aiohttp.ClientError, TimeoutError):
                    await self._hear()
            self._ready.clear()
            await asyncio.sleep(0.01)

    async def introduced(self) -> None:
        """See the page, once."""
        await self.start()
        async with self._seeing:
            if not self.cookie:
                await self.see()

    async def _hear(self) -> None:
        await self.introduced()
        assert self.session is not None
        headers = {"Cookie": f"{COOKIE}={self.cookie}"}
        timeout = aiohttp.ClientTimeout(total=None)
        async with self.session.get(f"{self.root}/chat/events", headers=headers, timeout=timeout) as stream:
            async for line in stream.content:
                if line.startswith(b"data: "):
                    self.events.append(json.loads(line.removeprefix(b"data: ")))
                    self._ready.set()


class Browsers(Platform):
    """Everybody who looks at the page."""

    has_groups = False

    def __init__(self) -> None:
        self.root = ""
        self.browsers: list[Browser] = []

    @property
    def secrets(self) -> tuple[str, ...]:  # type: ignore[override]  # they are drawn as people come
        return tuple(browser.cookie for browser in self.browsers if browser.cookie)

    def adapter(self, host: FakeHost, web_root: str) -> WebChat:
        self.root = web_root
        for browser in self.browsers:
            browser.root = web_root
        return WebChat(host, WebChatOptions())

    def private(self) -> Place:
        browser = Browser(self.root)
        self.browsers.append(browser)
        return Place("private", browser)

    def group(self) -> Place:
        raise NotImplementedError

    async def say(self, place: Place, text: str, *, mention: bool = False) -> None:
        await place.raw.say(text)

    async def echo(self, place: Place, text: str) -> None:
        """A page sends nothing of ours back to us."""

    async def garble(self) -> None:
        browser = self.private().raw
        for nonsense in ([], 7, "text", {}, {"id": 1, "text": 2}, {"id": "short", "text": "x"}):
            assert await browser.post(nonsense) == 400
        for path in ("", f"{browser.path}/messages", f"/chat/conversations/{'x' * 900}"):
            await browser.ask("POST", path, data=b"\xff\x00{")

    def unconfirmed(self) -> int:
        return sum(len(browser.outbox) for browser in self.browsers)

    def shown(self, place: Place) -> list[str]:
        return [event["exchange"]["answers"][-1] for event in place.raw.seen("exchange")]

    def previews(self, place: Place) -> list[str]:
        return [
            event.get("tail", "typing") for event in place.raw.events if event["type"] in ("growth", "typing")
        ]

    async def leave(self, place: Place) -> None:
        assert (await place.raw.ask("DELETE", place.raw.path))[0] == 200

    async def refuse(self) -> None:
        raise NotImplementedError

    async def slow_down(self, seconds: int) -> None:
        raise NotImplementedError

    @asynccontextmanager
    async def outage(self) -> AsyncIterator[None]:
        for browser in self.browsers:
            browser.online = False
        try:
            yield
        finally:
            for browser in self.browsers:
                browser.online = True

    async def close(self) -> None:
        """Everybody goes home."""
        for browser in self.browsers:
            await browser.close()
