"""Failures that nobody waits for any more."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from gateway.store.database import Database


async def complaints(call: Coroutine[Any, Any, object], database: Database) -> list[object]:
    """What the event loop says when *call*, which will fail in *database*, is given up before it does."""
    found: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: found.append(context))
    calling = asyncio.create_task(call)
    await asyncio.sleep(0)
    calling.cancel()
    await asyncio.wait({calling})
    await database.run(lambda connection: None)
    del calling
    await asyncio.sleep(0)
    return found
