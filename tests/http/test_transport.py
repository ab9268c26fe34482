"""What is asked of a platform, over sockets: where it leads, how much it may be, how long it may take."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from gateway.errors import NetworkError, OutcomeUnknown, Rejected
from gateway.http import NoAnswer, Places, Transport
from gateway.http.resolver import PublicResolver
from tests.servers.listening import Port


class Server:
    """A server that answers what a test says, and knows what it was asked."""

    def __init__(self) -> None:
        self.root = ""
        self.asked: list[str] = []
        self.silent = False
        self.answer()

    def answer(self, body: bytes = b"bytes", kind: str = "", status: int = 200, **headers: str) -> None:
        """Answer so from now on."""
        self._answer = body, {"Content-Type": kind or "application/octet-stream", **headers}, status

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append(request.path)
        if self.silent:
            await asyncio.get_running_loop().create_future()
        body, headers, status = self._answer
        return web.Response(body=body, headers=headers, status=status)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Self]:
        """Listen at `root`."""
        async with Port(self._handle) as port:
            self.root = port.root
            yield self


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server().listening() as made:
        yield made


@asynccontextmanager
async def opened(*roots: str, others: tuple[str, ...] = ()) -> AsyncIterator[Transport]:
    transport = Transport(None, Places(roots, others))
    transport.open()
    try:
        yield transport
    finally:
        await transport.close()


async def test_what_a_platform_answers(server: Server) -> None:
    async with opened(server.root) as transport:
        server.answer(b' {"a": 1}', status=429, **{"Retry-After": "7"})
        answer = await transport.call("POST", f"{server.root}/x", {"b": 2})
        assert (answer.status, answer.body, answer.retry_after) == (429, {"a": 1}, 7.0)
        server.answer(b"\xff\xfe no JSON")
        assert (await transport.call("GET", server.root)).body is None
        assert await transport.download(server.root) == b"\xff\xfe no JSON"


async def test_nothing_is_asked_elsewhere(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with opened("https://api.dingtalk.com", others=("aliyuncs.com",)) as transport:
        for url in (f"{server.root}/secret", "http://169.254.169.254/secret", "file:///secret", "", "//x"):
            with pytest.raises(Rejected, match="none of its own") as caught:
                await transport.call("POST", url, {})
            assert "secret" not in str(caught.value)
            with pytest.raises(Rejected, match="none of its own"):
                await transport.download(url)
    assert server.asked == []
    assert "secret" not in caplog.text


async def test_nothing_is_followed(server: Server) -> None:
    async with Server().listening() as elsewhere, opened(server.root) as transport:
        server.answer(status=302, Location=f"{elsewhere.root}/x")
        assert (await transport.call("GET", server.root)).status == 302
        with pytest.raises(Rejected, match="gone"):
            await transport.download(server.root)
    assert elsewhere.asked == []


async def test_a_file_has_a_size_and_is_a_file(server: Server) -> None:
    async with opened(server.root) as transport:
        assert await transport.download(server.root, largest=5) == b"bytes"
        with pytest.raises(Rejected, match="too big"):
            await transport.download(server.root, largest=4)
        server.answer(b"<html>log in</html>", "text/html; charset=utf-8")
        with pytest.raises(Rejected, match="text/html"):
            await transport.download(server.root, media=True)
        assert await transport.download(server.root) == b"<html>log in</html>"
        server.answer(status=503)
        with pytest.raises(NetworkError):
            await transport.download(server.root)


async def test_an_answer_has_a_time(server: Server) -> None:
    server.silent = True
    async with opened(server.root) as transport:
        with pytest.raises(NoAnswer) as caught:
            await transport.call("POST", f"{server.root}/secret", {}, within=0.1)
        assert isinstance(caught.value, OutcomeUnknown)
        assert "secret" not in str(caught.value)


async def test_nothing_is_asked_before_and_after() -> None:
    transport = Transport(None, Places(("http://127.0.0.1:1",)))
    with pytest.raises(NetworkError, match="not running"):
        await transport.call("GET", "http://127.0.0.1:1")
    transport.open()
    with pytest.raises(NetworkError):
        await transport.call("GET", "http://127.0.0.1:1")
    await transport.close()
    await transport.close()
    with pytest.raises(NetworkError, match="not running"):
        await transport.call("GET", "http://127.0.0.1:1")


# --- names that lead inside


class Names(AbstractResolver):
    """Name servers that say what a test says."""

    def __init__(self, names: dict[str, list[str]]) -> None:
        self._names = names

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if host not in self._names:
            raise OSError("no such name")
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self._names[host]
        ]

    async def close(self) -> None:
        pass


async def found(resolver: PublicResolver, host: str) -> list[str]:
    return [one["host"] for one in await resolver.resolve(host)]


async def test_a_name_leads_nowhere_inside() -> None:
    names = {
        "api.example": ["203.119.1.1"],
        "files.example": ["203.119.1.2", "10.0.0.1"],
        "evil.example": ["127.0.0.1", "169.254.169.254"],
    }
    resolver = PublicResolver({"api.example", "gone.example"}, Names(names))
    assert await found(resolver, "api.example") == ["203.119.1.1"]
    assert await found(resolver, "files.example") == ["203.119.1.2"]
    with pytest.raises(OSError, match="inside"):
        await resolver.resolve("evil.example")
    with pytest.raises(OSError, match="no such name"):
        await resolver.resolve("nothing.example")


async def test_where_the_platform_is_inside_its_files_may_be_too() -> None:
    resolver = PublicResolver({"api.corp"}, Names({"api.corp": ["10.0.0.1"], "files.corp": ["10.0.0.2"]}))
    assert await found(resolver, "api.corp") == ["10.0.0.1"]
    assert await found(resolver, "files.corp") == ["10.0.0.2"]


async def test_a_name_that_leads_inside_is_not_connected_to(server: Server) -> None:
    """The real name server of this machine: localhost is here, and no platform's."""
    async with opened("https://api.dingtalk.com", others=("localhost",)) as transport:
        with pytest.raises(NetworkError) as caught:
            await transport.call("GET", server.root.replace("http://127.0.0.1", "https://localhost"))
        assert "inside" in str(caught.value)
    assert server.asked == []
