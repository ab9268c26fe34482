"""The web server, over a socket."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from gateway import metrics
from gateway.errors import ConfigError
from gateway.web import WebServer
from tests.ports import free_port

PASSWORD = "p4ß:word"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Site:
    """A running server and a client for it."""

    def __init__(self, folder: Path, password: str | None) -> None:
        self.port = free_port()
        self.states: dict[str, str] = {"shop": "up"}
        self.server = WebServer(
            "127.0.0.1",
            self.port,
            password,
            [web.post("/hook/shop", self._hook)],
            lambda: self.states,
            folder,
        )
        self.client: aiohttp.ClientSession

    async def _hook(self, request: web.Request) -> web.Response:
        return web.Response(text=str(len(await request.read())))

    async def get(self, path: str, **more: object) -> tuple[int, str]:
        async with self.client.get(f"http://127.0.0.1:{self.port}{path}", **more) as answer:  # type: ignore[arg-type]
            return answer.status, await answer.text()

    async def post(self, path: str, size: int) -> tuple[int, str]:
        async with self.client.post(
            f"http://127.0.0.1:{self.port}{path}", data=io.BytesIO(b"x" * size)
        ) as answer:
            return answer.status, await answer.text()


async def running(folder: Path, password: str | None) -> AsyncIterator[Site]:
    site = Site(folder, password)
    async with site.server, aiohttp.ClientSession() as site.client:
        yield site


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async for site in running(tmp_path, None):
        yield site


@pytest.fixture
async def closed_site(tmp_path: Path) -> AsyncIterator[Site]:
    async for site in running(tmp_path, PASSWORD):
        yield site


async def test_it_is_healthy(site: Site) -> None:
    assert await site.get("/healthz") == (200, "ok\n")


async def test_it_is_ready_where_every_channel_is_up(site: Site) -> None:
    assert await site.get("/readyz") == (200, '{"ready": true, "channels": {"shop": "up"}}')
    site.states["cellar"] = "auth failed"
    status, text = await site.get("/readyz")
    assert status == 503
    assert '"cellar": "auth failed"' in text


async def test_figures_are_there_for_prometheus(site: Site) -> None:
    metrics.RECEIVED.labels("shop").inc(0)
    status, text = await site.get("/metrics")
    assert status == 200
    assert 'gateway_messages_received_total{channel="shop"}' in text


async def test_platforms_reach_their_adapters(site: Site) -> None:
    assert await site.post("/hook/shop", 5) == (200, "5")
    assert (await site.get("/elsewhere"))[0] == 404


async def test_what_is_too_large_is_refused(site: Site) -> None:
    assert (await site.post("/hook/shop", 5 * 1024 * 1024))[0] == 413


async def test_with_a_password_health_is_open_and_the_rest_is_not(closed_site: Site) -> None:
    assert (await closed_site.get("/healthz"))[0] == 200
    assert (await closed_site.post("/hook/shop", 1))[0] == 200
    for path in ("/readyz", "/metrics"):
        status, text = await closed_site.get(path)
        assert status == 401
        assert "shop" not in text


@pytest.mark.parametrize(
    "header",
    [
        basic("anybody", PASSWORD),
        f"Bearer {PASSWORD}",
        f"bearer  {PASSWORD}",
    ],
)
async def test_the_password_opens(closed_site: Site, header: str) -> None:
    assert (await closed_site.get("/readyz", headers={"Authorization": header}))[0] == 200


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic !!!",
        "Basic ß",
        "Basic /////w==",
        "Bearer",
        "Bearer wrong",
        basic("anybody", "wrong"),
        basic(PASSWORD, ""),
        b"Bearer \xff\xfe",
        b"Basic \xff\xfe",
    ],
)
async def test_nothing_else_opens(closed_site: Site, header: str | bytes) -> None:
    """Also what is no header at all: written to the socket as it is."""
    raw = header if isinstance(header, bytes) else header.encode()
    assert await status_of(closed_site.port, raw) == 401


async def status_of(port: int, authorization: bytes) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: "
    writer.write(head + authorization + b"\r\n\r\n")
    status = int((await reader.readline()).split()[1])
    writer.close()
    await writer.wait_closed()
    return status


async def test_an_address_that_is_taken_is_a_mistake_in_the_configuration(site: Site, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{site.port}"):
        async with WebServer("127.0.0.1", site.port, None, [], dict, tmp_path):
            pass
