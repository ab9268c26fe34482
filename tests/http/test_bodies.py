"""Bodies that are too long are not read to their end."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aiohttp.base_protocol import BaseProtocol

from gateway.http import read_bounded


def stream(*chunks: bytes, ended: bool = True) -> aiohttp.StreamReader:
    reader = aiohttp.StreamReader(BaseProtocol(asyncio.get_running_loop()), 2**16)
    for chunk in chunks:
        reader.feed_data(chunk)
    if ended:
        reader.feed_eof()
    return reader


@pytest.mark.parametrize("chunks", [(), (b"ab", b"cd"), (b"abcd",)], ids=["empty", "pieces", "whole"])
async def test_what_fits_is_read(chunks: tuple[bytes, ...]) -> None:
    assert await read_bounded(stream(*chunks), 4) == b"".join(chunks)


async def test_what_is_longer_is_not_waited_for() -> None:
    assert await read_bounded(stream(b"abc", b"de", ended=False), 4) is None
