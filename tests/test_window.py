"""A platform that lets us write again only after the person has: what waits goes first, and nothing twice."""

from __future__ import annotations

from pathlib import Path

from gateway.errors import WindowClosed
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
