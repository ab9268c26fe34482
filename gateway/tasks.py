"""Ending tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")


async def cancel(*tasks: asyncio.Task[Any]) -> None:
    """End *tasks*, and wait until they have; what they were about to say does not matter any more."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def unless_cancelled(work: Awaitable[T]) -> T:
    """What *work* gives. Raises `RuntimeError` where it was cancelled and the task that waits here was not.

    Something in it was ended by somebody else. To a supervisor that looks like the end of its own task: it
    would go without a word, and leave undone what it was to see to.
    """
    try:
        return await work
    except asyncio.CancelledError as exc:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise RuntimeError("something that was waited for was cancelled") from exc
