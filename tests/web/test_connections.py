"""Slow, many and huge: what raw sockets can do to the web server, and cannot."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from gateway.web import WebServer
from gateway.web.connections import Connections, most
from gateway.web.patience import Patience
from tests.adapters.host import until
from tests.ports import free_port
from tests.webchat.test_door import PASSWORD, door

HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
# Bytes, more than the sockets of both sides hold.
HUGE = 32 * 2**20


class Wire:
    """A connection, byte by byte."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> Wire:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._writer.close()
        await asyncio.gather(self._writer.wait_closed(), return_exceptions=True)

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def status(self) -> int:
        """The status of the next answer, whose body is thrown away; 0 where the connection is closed."""
        try:
            async with asyncio.timeout(10):
                head = await self._reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                await self._reader.readexactly(int(length or 0))
        except (asyncio.IncompleteReadError, ConnectionError):
            return 0
        return int(head.split()[1])

    async def ask(self) -> int:
        """Ask for the page."""
        self.send(HEAD + b"\r\n")
        return await self.status()


class House:
    """A server with small limits. `release` lets the slow page end."""

    def __init__(self, connections: Connections) -> None:
        self.connections = connections
        self.release = asyncio.Event()
        self.read: list[int] = []
        self.port = 0

    async def page(self, request: web.Request) -> web.Response:
        if request.query.get("slow"):
            await self.release.wait()
        self.read.append(len(await request.read()))
        if request.query.get("huge"):
            return web.Response(body=bytes(HUGE))
        return web.Response(text="page")


@asynccontextmanager
async def house(
    most: int = 100, head_seconds: float = 60, body_seconds: float = 60, read_seconds: float = 60
) -> AsyncIterator[House]:
    made = House(Connections(most, head_seconds, read_seconds))
    patience = Patience(body_seconds)
    application = web.Application(middlewares=[made.connections.serve, patience.wait])
    application.add_routes([web.route("*", "/", made.page)])
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1, lingering_time=0.1)
    await runner.setup()
    assert runner.server is not None
    factory = made.connections.watched(runner.server)
    server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await runner.cleanup()


# --- slow


@pytest.mark.parametrize("said", [b"", b"GET / HT", HEAD, b"\r\n"])
async def test_who_says_nothing_whole_is_hung_up_on(said: bytes) -> None:
    async with house(head_seconds=0.2) as made, Wire(made.port) as wire:
        wire.send(said)
        assert await wire.status() == 0


async def test_a_connection_that_was_used_has_time() -> None:
    async with house(head_seconds=0.2) as made, Wire(made.port) as wire:
        assert await wire.ask() == 200
        await asyncio.sleep(0.4)
        assert await wire.ask() == 200


@pytest.mark.parametrize(
    "head",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nslow",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nslow\r\n",
    ],
)
async def test_a_body_that_does_not_come_is_not_waited_for(head: bytes) -> None:
    async with house(body_seconds=0.2) as made, Wire(made.port) as wire:
        wire.send(head)
        assert await wire.status() == 408
        assert await wire.status() == 0
        assert made.read == []


async def test_what_is_done_with_a_body_may_take_longer() -> None:
    async with house(body_seconds=0.2) as made, Wire(made.port) as wire:
        wire.send(b"POST /?slow=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nfast")
        await asyncio.sleep(0.4)
        made.release.set()
        assert await wire.status() == 200
        assert made.read == [4]


async def test_a_body_that_comes_late_but_in_time_is_read() -> None:
    async with house(body_seconds=10) as made, Wire(made.port) as wire:
        wire.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nhalf")
        await asyncio.sleep(0.05)
        wire.send(b"half")
        assert await wire.status() == 200
        assert await wire.ask() == 200
        assert made.read == [8, 0]


async def test_who_does_not_read_what_it_asked_for_is_hung_up_on() -> None:
    """It held its place for ever, as one that is busy: enough of them, and nobody else came in."""
    async with house(most=1, read_seconds=0.2) as made, Wire(made.port) as greedy:
        greedy.send(b"GET /?huge=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        async with asyncio.timeout(10):
            while True:
                async with Wire(made.port) as other:
                    if await other.ask() == 200:
                        break
        assert await greedy.status() == 0


async def test_who_reads_what_it_asked_for_has_time() -> None:
    async with house(read_seconds=10) as made, Wire(made.port) as wire:
        wire.send(b"GET /?huge=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert await wire.status() == 200
        assert await wire.ask() == 200


# --- many


async def test_where_all_places_are_taken_the_idle_make_room() -> None:
    async with house(most=4) as made:
        silent = [await Wire(made.port).__aenter__() for _ in range(4)]
        async with Wire(made.port) as wire:
            assert await wire.ask() == 200
        assert await silent[0].status() == 0
        assert await silent[1].ask() == 200
        for one in silent:
            await one.__aexit__()


async def test_who_is_served_keeps_the_place_and_one_more_is_turned_away() -> None:
    async with house(most=2) as made, Wire(made.port) as first, Wire(made.port) as second:
        for wire in (first, second):
            wire.send(b"GET /?slow=1 HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(lambda: not made.connections._idle)
        async with Wire(made.port) as third:
            assert await third.ask() == 0
        made.release.set()
        assert [await first.status(), await second.status()] == [200, 200]
        async with Wire(made.port) as fourth:
            assert await fourth.ask() == 200


async def test_a_thousand_that_come_and_go_leave_nothing() -> None:
    async with house(most=8) as made:
        for _ in range(20):
            wires = [await Wire(made.port).__aenter__() for _ in range(50)]
            await asyncio.gather(*(wire.__aexit__() for wire in wires))
        async with Wire(made.port) as wire:
            assert await wire.ask() == 200
        await until(lambda: not made.connections._peers, lambda: made.connections._peers)
        assert not made.connections._of
        assert not made.connections._idle


class From(asyncio.Transport):
    """A connection from somewhere."""

    def __init__(self, address: str) -> None:
        super().__init__({"peername": (address, 1)})

    def abort(self) -> None:
        """Nobody is there."""


async def test_one_address_has_a_share_and_a_proxy_beside_us_has_all() -> None:
    connections = Connections(8)
    strangers = [From("8.8.8.1") for _ in range(3)]
    assert [connections.admit(one) for one in strangers] == [True, True, False]
    assert connections.admit(From("8.8.8.2"))
    assert all(connections.admit(From("172.17.0.1")) for _ in range(5))
    connections.forget(strangers[0])
    connections.forget(strangers[0])
    assert connections.admit(strangers[2])


def test_half_of_the_files_are_for_others() -> None:
    assert 8 <= most() <= 2000


# --- huge, and no HTTP


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        HEAD + b"X: " + b"x" * 10_000 + b"\r\n\r\n",
        HEAD + b"".join(b"X-%d: x\r\n" % number for number in range(100)) + b"\r\n",
        HEAD + b"Authorization: Bearer secret\x00\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD.replace(b"HTTP/1.1", b"HTTP/9.9") + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"secret" * 10 + b"\r\n\r\n",
    ],
)
async def test_what_is_no_request_is_answered_400_and_hardly_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, head: bytes
) -> None:
    caplog.set_level(logging.DEBUG)
    async with door(tmp_path, None) as client, Wire(int(client.root.rpartition(":")[2])) as wire:
        wire.send(head)
        assert await wire.status() == 400
    assert "secret" not in caplog.text
    assert [record.levelname for record in caplog.records if record.levelno > logging.INFO] == []
    assert "Traceback" not in caplog.text


async def test_an_error_of_ours_is_logged_whole(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def broken(request: web.Request) -> web.Response:
        raise LookupError("a mistake of ours")

    port = free_port()
    async with WebServer("127.0.0.1", port, None, [web.get("/", broken)], dict, tmp_path), Wire(port) as wire:
        assert await wire.ask() == 500
    assert "LookupError: a mistake of ours" in caplog.text
    assert "Traceback" in caplog.text


async def test_who_hangs_up_amid_a_body_is_no_error_of_ours(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with door(tmp_path, PASSWORD) as client:
        async with Wire(int(client.root.rpartition(":")[2])) as wire:
            head: Any = b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 90\r\n"
            wire.send(head + b"Content-Type: application/x-www-form-urlencoded\r\n\r\npassword=")
            await asyncio.sleep(0.05)
        assert (await client.ask("GET", "/healthz"))[0] == 200
    assert [record.levelname for record in caplog.records if record.levelno > logging.INFO] == []
