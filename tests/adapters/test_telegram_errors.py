"""The one place where python-telegram-bot's errors become ours, and the transport below it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from telegram import error as library

from adapters.telegram.errors import TABLE, FloodWait, translate
from adapters.telegram.request import Request
from gateway import Reply
from gateway.errors import AdapterError, NetworkError, OutcomeUnknown, RateLimited
from gateway.http import dumps, loads

from .host import FakeHost
from .telegram_platform import TOKEN, chat_of, telegram


def every_error(
    kind: type[library.TelegramError] = library.TelegramError,
) -> Iterator[type[library.TelegramError]]:
    """Every error that the library can raise."""
    if kind.__module__ == library.__name__:
        yield kind
    for subclass in kind.__subclasses__():
        yield from every_error(subclass)


def test_every_error_of_the_library_is_in_the_table() -> None:
    assert set(every_error()) | {FloodWait} == set(TABLE)


@pytest.mark.parametrize("kind", [kind for kind in TABLE if kind is not library.RetryAfter])
def test_every_error_becomes_one_of_ours_without_the_token(kind: type[library.TelegramError]) -> None:
    exc = kind(5) if kind in (FloodWait, library.ChatMigrated) else kind("at /bot1:SECRET/getMe")
    ours = translate(exc, "1:SECRET")
    assert isinstance(ours, AdapterError)
    assert "SECRET" not in str(ours)


@pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")
def test_their_own_flood_wait_keeps_its_seconds() -> None:
    ours = translate(library.RetryAfter(17), "secret")
    assert isinstance(ours, RateLimited)
    assert ours.retry_after == 17


def test_json_survives_what_is_no_unicode() -> None:
    assert loads(b'"\\ud83d \\ud83d\\ude42"') == "� 🙂"
    assert loads(b'"\xff"') == "�"
    assert loads(dumps({"text": "\ud83d"})) == {"text": "�"}
    with pytest.raises(ValueError, match="Expecting"):
        loads(b"{")


async def test_nothing_listens_is_not_an_unknown_outcome() -> None:
    async with Request(None) as request:
        with pytest.raises(library.NetworkError) as caught:
            await request.post("http://127.0.0.1:1/bot1:SECRET/sendMessage")
        assert type(caught.value) is library.NetworkError
        assert "SECRET" not in str(caught.value)


async def test_no_answer_in_time_is_an_unknown_outcome(host: FakeHost) -> None:
    async with telegram(host) as (server, _), Request(None) as request:
        server.hang("getMe", after_acting=True)
        with pytest.raises(library.TimedOut) as caught:
            await request.post(f"{server.root}/bot{TOKEN}/getMe", read_timeout=0.1)
        ours = translate(caught.value, "secret")
        assert isinstance(ours, OutcomeUnknown)
        assert TOKEN not in str(caught.value)


@asynccontextmanager
async def proxy() -> AsyncIterator[tuple[int, list[bytes]]]:
    """A proxy that speaks SOCKS5 and plain HTTP; its port, and whom it was asked for."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(1)
        if first == b"\x05":
            await reader.readexactly((await reader.readexactly(1))[0])
            writer.write(b"\x05\x00")
            head = await reader.readexactly(4)
            size = 4 if head[3] == 1 else (await reader.readexactly(1))[0]
            host = await reader.readexactly(size)
            port = int.from_bytes(await reader.readexactly(2), "big")
            asked.append(b"socks5")
            host_name = ".".join(map(str, host)) if head[3] == 1 else host.decode()
            writer.write(b"\x05\x00\x00\x01" + bytes(6))
            await pipe(reader, writer, host_name, port)
        else:
            asked.append(b"http")
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], asked


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int) -> None:
    """Carry bytes both ways until one side ends."""
    there_reader, there_writer = await asyncio.open_connection(host, port)

    async def carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
        sink.close()

    await asyncio.gather(carry(reader, there_writer), carry(there_reader, writer))


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
async def test_everything_goes_through_the_proxy(host: FakeHost, scheme: str) -> None:
    async with proxy() as (port, asked):
        async with telegram(host, proxy=f"{scheme}://127.0.0.1:{port}") as (server, stage):
            chat = server.private(server.user())
            await stage.adapter.send(chat_of(chat), Reply("through"))
            assert server.sent(chat)[0].text == "through"
        assert len(asked) >= 2  # the poll and the calls


async def test_an_http_proxy_is_used(host: FakeHost) -> None:
    async with proxy() as (port, asked), Request(f"http://127.0.0.1:{port}") as request:
        with pytest.raises(library.TelegramError):
            await request.post("http://127.0.0.1:1/bot")
        assert asked == [b"http"]


@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_a_dead_proxy_is_never_passed_by(host: FakeHost, scheme: str) -> None:
    async with telegram(host) as (server, _), Request(f"{scheme}://127.0.0.1:1") as request:
        before = len(server.called("getMe"))
        with pytest.raises(library.NetworkError) as caught:
            await request.post(f"{server.root}/bot12345:x/getMe")
        assert type(translate(caught.value, "secret")) is NetworkError
        assert len(server.called("getMe")) == before


async def test_the_environment_is_not_asked_for_a_proxy(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with telegram(host) as (_, stage):
        await stage.up()
