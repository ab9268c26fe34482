"""Bodies that are read no further than somebody wants them."""

from __future__ import annotations

import aiohttp


async def read_bounded(stream: aiohttp.StreamReader, most: int) -> bytes | None:
    """All that *stream* brings; None where that is more than *most* bytes: it is read no further then.

    Raises what aiohttp raises where the other end breaks off.
    """
    body = bytearray()
    async for chunk in stream.iter_any():
        body += chunk
        if len(body) > most:
            return None
    return bytes(body)
