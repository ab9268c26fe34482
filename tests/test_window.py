"""A platform that lets us write again only after the person has: what waits goes first, and nothing twice."""

from __future__ import annotations

from pathlib import Path

from gateway.errors import RateLimited, WindowClosed
from tests.scene import staged, working
from tests.words import said


async def test_what_could_not_be_sent_goes_out_before_the_next_answer(tmp_path: Path) -> None:
    async with staged(tmp_path) as scene, working(scene) as line:
        scene.adapter.faults.append(WindowClosed("nobody wrote for 48 hours"))
        await line.put(said("one", "1"))
        await line.idle()
        assert scene.adapter.texts() == []
    async with staged(tmp_path) as scene, working(scene) as line:
        await line.put(said("two", "2"))
        await line.idle()
        first, second = scene.adapter.texts()
        assert await scene.history() == ["one", first, "two", second]
        assert len(scene.model.requests) == 1, "the first answer was there"


async def test_what_could_not_be_sent_is_stopped_and_what_came_later_goes_on(tmp_path: Path) -> None:
    """Regression: there was nothing to stop, and it went out before the next answer."""
    async with staged(tmp_path) as scene, working(scene) as line:
        scene.adapter.faults.append(WindowClosed("nobody wrote for 48 hours"))
        await line.put(said("one", "1"))
        await line.idle()
        await line.put(said("/stop", "2"))
        await line.idle()
        assert scene.adapter.texts() == ["Stopped."]
        await line.put(said("/stop", "3"))
        await line.idle()
    async with staged(tmp_path) as scene, working(scene) as line:
        await line.put(said("two", "4"))
        await line.idle()
        assert scene.adapter.texts() == ["two (3 turns)"]


async def test_what_is_put_off_is_stopped_and_what_waits_behind_it_is_not(tmp_path: Path) -> None:
    async with staged(tmp_path) as scene, working(scene) as line:
        scene.adapter.faults.append(RateLimited("too fast", 3600))
        await line.put(said("one", "1"))
        await line.idle()
        await line.put(said("two", "2"), said("/stop", "3"))
        await line.idle()
        assert sorted(scene.adapter.texts()) == ["Stopped.", "two (3 turns)"]
