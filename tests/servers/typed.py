"""What is typed by somebody who talks to a simulated platform by hand."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator


async def typed() -> AsyncIterator[str]:
    """Every line of stdin until it ends, without white space around it and never empty."""
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        if text := line.decode(errors="replace").strip():
            yield text
