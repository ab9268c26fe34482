"""What one person writes in several messages is one question, where that is wished."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.message import Image
from tests.adapters.host import until
from tests.scene import Scene, correction, staged, working
from tests.words import ANN, BOB, GROUP, PRIVATE

PAUSE = 0.15


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with staged(tmp_path) as scene:
        yield scene


async def test_what_is_written_together_is_one_question(scene: Scene) -> None:
    async with working(scene, PAUSE) as line:
        await line.put(scene.message("Look", parts=(Image("ref"),)))
        await line.put(scene.message("what is this?"))
        await until(lambda: "what is this?" in line.begun)  # the first pause is over, the second begins
        await line.put(scene.message("and where?"))
        await line.idle()
    assert scene.adapter.texts() == ["[image]\nwhat is this?\nand where? (1 turns)"]


async def test_each_is_its_own_unless_it_is_wished(scene: Scene) -> None:
    async with working(scene) as line:
        await line.put(scene.message("one"), scene.message("two"))
        await line.idle()
    assert scene.adapter.texts() == ["one (1 turns)", "two (3 turns)"]


async def test_what_somebody_else_says_between_ends_it(scene: Scene) -> None:
    async with working(scene, PAUSE) as line:
        await line.put(
            *(scene.message(text, GROUP, who) for text, who in [("a", ANN), ("b", BOB), ("c", ANN)])
        )
        await line.idle()
    assert scene.adapter.texts(GROUP.id) == ["Ann: a (1 turns)", "Bob: b (3 turns)", "Ann: c (5 turns)"]


async def test_who_goes_on_after_naming_us_need_not_name_us_again(scene: Scene) -> None:
    async with working(scene, PAUSE) as line:
        await line.put(scene.message("first", GROUP, mentioned=False), scene.message("then", GROUP))
        await line.idle()
    assert scene.adapter.texts(GROUP.id) == ["Ann: first\nthen (1 turns)"]


@pytest.mark.parametrize("command", ["/status", "清空"])
async def test_a_command_is_never_part_of_a_question(scene: Scene, command: str) -> None:
    async with working(scene, PAUSE) as line:
        await line.put(scene.message("one"), scene.message(command), scene.message("two"))
        await line.idle()
    first, _, last = scene.adapter.texts()
    assert first == "one (1 turns)"
    assert last.startswith("two (")


async def test_a_correction_is_never_part_of_a_question(scene: Scene) -> None:
    one = await scene.ask("one")
    async with working(scene, PAUSE) as line:
        await line.put(scene.message("two"), replace(correction(one, "uno"), mentioned=True))
        await line.idle()
    assert scene.adapter.texts() == ["uno (1 turns)", "two (3 turns)"]


async def test_what_waits_long_already_does_not_wait_longer(tmp_path: Path) -> None:
    async with staged(tmp_path) as scene:
        async with working(scene, 30) as line:
            await line.put(scene.message("one"))
        await scene.database.run(lambda connection: connection.execute("UPDATE inbox SET received = 1"))
        async with working(scene, 30) as line:
            await line.idle()
        assert scene.adapter.texts() == ["one (1 turns)"]


async def test_what_was_merged_is_one_after_a_crash(tmp_path: Path) -> None:
    async with staged(tmp_path) as scene:
        scene.model.latency = 60
        async with working(scene, PAUSE) as line:
            await line.put(scene.message("one"), scene.message("two"))
            await until(lambda: scene.model.requests)
    async with staged(tmp_path) as scene:
        async with working(scene, PAUSE) as line:
            await line.idle()
        assert scene.adapter.texts() == ["one\ntwo (1 turns)"]
        assert await scene.history() == ["one\ntwo", "one\ntwo (1 turns)"]


async def test_what_comes_again_after_it_was_merged_is_known(scene: Scene) -> None:
    one, two = scene.message("one"), scene.message("two")
    async with working(scene, PAUSE) as line:
        await line.put(one, two)
        await line.idle()
        await line.put(one, two)
        await line.idle()
    assert scene.adapter.texts() == ["one\ntwo (1 turns)"]


async def test_what_is_recalled_while_its_author_may_go_on_is_not_answered(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """Regression: a recall in that pause was an unforeseen error, and was tried again."""
    async with working(scene, PAUSE) as line:
        message, following = scene.message("never mind"), scene.message("hello")
        await line.put(message)
        await until(lambda: line.begun)
        await line.recall(message)
        await line.put(following)
        await line.idle()
    assert scene.adapter.texts(PRIVATE.id) == ["hello (1 turns)"]
    assert "unexpected" not in caplog.text
