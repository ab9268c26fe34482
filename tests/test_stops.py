"""Ending what is done for a chat: only that, and nothing of it leaks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gateway.stops import Stopped, Stops


@pytest.fixture
def stops() -> Stops:
    return Stops()


async def begin(stops: Stops, key: str, work: Callable[[], Awaitable[object]]) -> asyncio.Task[str]:
    """Work under *key* until it is stopped; the task says how it ended."""
    begun = asyncio.Event()

    async def run() -> str:
        try:
            with stops.open(key):
                begun.set()
                await work()
        except Stopped:
            task = asyncio.current_task()
            assert task is not None
            assert task.cancelling() == 0
            await asyncio.sleep(0)  # life goes on: nothing of the cancellation is left
            return "stopped"
        return "finished"

    task = asyncio.create_task(run())
    await begun.wait()
    return task


async def for_ever() -> None:
    await asyncio.Event().wait()


async def test_what_runs_is_stopped(stops: Stops) -> None:
    task = await begin(stops, "a", for_ever)
    assert stops.stop("a")
    assert await task == "stopped"
    assert not stops.stop("a")


async def test_nothing_to_stop_is_said(stops: Stops) -> None:
    assert not stops.stop("a")
    task = await begin(stops, "a", lambda: asyncio.sleep(0))
    assert await task == "finished"
    assert not stops.stop("a")


async def test_others_go_on(stops: Stops) -> None:
    goal = asyncio.Event()
    first, second = await begin(stops, "a", for_ever), await begin(stops, "b", goal.wait)
    stops.stop("a")
    goal.set()
    assert [await first, await second] == ["stopped", "finished"]


async def test_to_stop_twice_stops_once(stops: Stops) -> None:
    task = await begin(stops, "a", for_ever)
    assert stops.stop("a")
    assert stops.stop("a")
    assert await task == "stopped"


async def test_a_cancellation_from_elsewhere_is_none_of_ours(stops: Stops) -> None:
    task = await begin(stops, "a", for_ever)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not stops.stop("a")


@pytest.mark.parametrize("stop_first", [True, False])
async def test_a_shutdown_wins_over_a_stop(stops: Stops, stop_first: bool) -> None:
    task = await begin(stops, "a", for_ever)
    if stop_first:
        stops.stop("a")
    task.cancel()
    stops.stop("a")
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_on_the_way_out_is_not_hidden(stops: Stops) -> None:
    async def fail() -> None:
        try:
            await for_ever()
        finally:
            raise LookupError("the real reason")

    task = await begin(stops, "a", fail)
    stops.stop("a")
    with pytest.raises(LookupError, match="the real reason"):
        await task
    assert task.cancelling() == 0


async def test_a_stop_in_the_moment_of_the_last_step_does_not_leak(stops: Stops) -> None:
    """What it waited for is there already when it is stopped."""
    goal = asyncio.Event()
    task = await begin(stops, "a", goal.wait)
    goal.set()
    await asyncio.sleep(0)
    stops.stop("a")
    assert await task in ("stopped", "finished")
    assert not task.cancelled()


async def test_a_timeout_inside_works_as_ever(stops: Stops) -> None:
    async def impatient() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await for_ever()

    task = await begin(stops, "a", impatient)
    assert await task == "finished"


async def test_the_newest_of_a_key_is_stopped(stops: Stops) -> None:
    older, newer = await begin(stops, "a", for_ever), await begin(stops, "a", for_ever)
    stops.stop("a")
    assert await newer == "stopped"
    older.cancel()
    await asyncio.wait({older})
