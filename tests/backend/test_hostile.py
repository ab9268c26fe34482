"""A model's server that means harm: what it sends costs it its answer, and nobody else anything."""

from __future__ import annotations

import asyncio
import contextlib
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.backend.base import ModelOptions
from gateway.backend.moderation import ModerationClient
from gateway.errors import BackendBusy, BackendRefused
from tests.backend.test_openai import ask, backend, fails
from tests.servers.model import ModelServer, Refusal

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"


@asynccontextmanager
async def sending(*parts: bytes) -> AsyncIterator[str]:
    """A server that answers whatever it is asked with *parts*, and then says no more; its base_url."""
    over = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            for part in parts:
                writer.write(part)
                await writer.drain()
            await over.wait()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        over.set()
        server.close()
        await server.wait_closed()


def packed(*parts: bytes) -> bytes:
    """*parts*, compressed."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([*map(packer.compress, parts), packer.flush()])


async def standstill(task: asyncio.Task[object]) -> float:
    """The longest time in which nobody else had a turn on the event loop, of all until *task* is done."""
    loop = asyncio.get_running_loop()
    last = began = loop.time()
    longest = 0.0
    while not task.done():
        await asyncio.sleep(0)
        longest, last = max(longest, loop.time() - last), loop.time()
    return longest / (last - began)


BLANK, EMPTY = b"\n" * 2**20, b'data: {"choices":[]}\n\n' * 2**15


@pytest.mark.parametrize("content", [BLANK, EMPTY], ids=["blank", "empty"])
async def test_a_packed_stream_that_says_nothing_lets_others_have_their_turn(content: bytes) -> None:
    """Read from memory without a pause, it stopped the event loop; a minute of that ends the process."""
    bomb = OK + b"Content-Encoding: gzip\r\n\r\n" + packed(*[content] * 30, b"data: [DONE]\n\n")
    async with sending(bomb) as url, ModelServer() as other, backend(other, base_url=url) as model:
        asking = asyncio.create_task(ask(model))
        assert await standstill(asking) < 0.4
        assert (await asking)[0] == ""


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_key_and_no_word_goes_where_a_server_points(status: int) -> None:
    """Followed, it would have had the headers that hold a key at Azure, and all that was said."""
    async with ModelServer() as thief, ModelServer() as server:
        server.faults.append(Refusal(status, headers={"Location": f"{thief.base_url}/chat/completions?k=1"}))
        async with backend(server, extra_headers={"api-key": "SECRET"}) as model:
            error = await fails(model, BackendRefused, "base_url is not where the server is")
        assert thief.requests == []
        assert str(thief.base_url.rpartition("/")[0]) in str(error)
        assert "k=1" not in str(error)


async def test_what_is_moderated_does_not_go_where_a_server_points() -> None:
    async with ModelServer() as thief, ModelServer() as server:
        server.moderation_faults.append(Refusal(307, headers={"Location": f"{thief.base_url}/moderations"}))
        options = ModelOptions(base_url=server.base_url, api_key="key", extra_headers={"api-key": "SECRET"})
        client = ModerationClient(options, "m")
        try:
            with pytest.raises(BackendRefused):
                await client.judge("hello")
        finally:
            await client.aclose()
        assert thief.moderations == []


async def test_an_answer_that_is_no_http_says_nothing_of_the_query() -> None:
    head = b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: a\r\n" % number for number in range(1000))
    keys = {"extra_query": {"who": "SECRET"}}
    async with sending(head) as url, ModelServer() as other, backend(other, base_url=url, **keys) as model:
        error = await fails(model, BackendBusy, "speaks no HTTP")
    assert "SECRET" not in str(error)
