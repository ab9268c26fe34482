"""What one person writes in several messages is one question, where that is wished."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.errors import OutcomeUnknown
from gateway.inbox import deadletters
from gateway.message import Image, Message
from tests.adapters.host import until
from tests.scene import Line, Scene, correction, staged, working
from tests.servers.model import Fault
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


async def test_what_follows_an_answer_that_is_tried_again_is_answered(scene: Scene) -> None:
    """Regression: it became part of a question whose answer was there already, and was lost."""
    scene.adapter.faults.append(OutcomeUnknown("timeout"))
    async with working(scene, PAUSE) as line:
        await line.put(scene.message("one"))
        await line.idle()
        assert await scene.database.run(deadletters.retry) == 1
        await line.put(scene.message("two"))
        await line.idle()
    assert scene.adapter.texts()[2:] == ["one (1 turns)", "two (3 turns)"]


async def half_said(scene: Scene, line: Line, *texts: str) -> list[Message]:
    """Messages that are one question, whose answer has begun to show, and goes on no further."""
    scene.model.faults.append(Fault(after=2, end="hang"))
    messages = [scene.message(text) for text in texts]
    await line.put(*messages)
    await until(lambda: scene.adapter.texts())
    return messages


@pytest.mark.parametrize(
    ("recalled", "left"), [((0,), "two\nthree"), ((1,), "one\nthree"), ((2,), "one\ntwo"), ((0, 2), "two")]
)
async def test_of_what_was_merged_only_what_is_recalled_goes(
    scene: Scene, recalled: tuple[int, ...], left: str
) -> None:
    """Regression: with the first of them all was lost, and any other was answered and remembered."""
    async with working(scene, PAUSE) as line:
        messages = await half_said(scene, line, "one", "two", "three")
        for number in recalled:
            await line.recall(messages[number])
        await line.idle()
    assert scene.adapter.texts() == [f"{left} (1 turns)"]
    assert await scene.history() == [left, f"{left} (1 turns)"]


async def test_what_was_merged_and_is_all_recalled_is_not_answered(scene: Scene) -> None:
    async with working(scene, PAUSE) as line:
        messages = await half_said(scene, line, "one", "two")
        for message in messages:
            await line.recall(message)
        await line.put(scene.message("next"))
        await line.idle()
    assert scene.adapter.texts()[1:] == ["next (1 turns)"]


@pytest.mark.parametrize("number", [0, 1])
async def test_what_was_answered_as_one_is_not_remembered_without_a_part(scene: Scene, number: int) -> None:
    """Regression: the second of them stayed in the history."""
    messages = [scene.message("one"), scene.message("two")]
    async with working(scene, PAUSE) as line:
        await line.put(*messages)
        await line.idle()
        await line.recall(messages[number])
        await line.idle()
    assert scene.adapter.texts() == ["one\ntwo (1 turns)"]
    assert await scene.history() == []


async def test_a_part_is_corrected_though_one_before_it_was_recalled(scene: Scene) -> None:
    """Regression: the correction looked at what was recalled, and was lost."""
    one, two, three = (scene.message(text) for text in ("one", "two", "three"))
    async with working(scene, PAUSE) as line:
        scene.model.faults.append(Fault(after=2, end="hang"))
        await line.put(one, two, three)
        await line.recall(two)
        await until(lambda: scene.adapter.texts())
        await line.put(correction(three, "drei"))
        await line.idle()
    assert scene.adapter.texts() == ["one\ndrei (1 turns)"]


async def test_what_was_merged_twice_is_recalled_by_its_own_id(scene: Scene) -> None:
    messages = [scene.message(text) for text in ("one", "two", "three")]
    joined = messages[0].joined(messages[1].joined(messages[2]))
    assert [part_of for part_of, _ in joined.joins] == [message.id for message in messages]
    left = joined.without(messages[1].id)
    assert left is not None
    assert left.text == "one\nthree"


LONG = 4 * PAUSE


@pytest.mark.parametrize("edits", [True, False], ids=["edits", "no edits"])
async def test_a_correction_while_its_author_may_go_on_keeps_the_rest(scene: Scene, edits: bool) -> None:
    """Regression: it was answered once more, without what was merged with it, in the answer's place."""
    scene.adapter.capabilities = replace(scene.adapter.capabilities, edit=edits)
    async with working(scene, LONG) as line:
        one, two = scene.message("wrnog"), scene.message("two")
        await line.put(one)
        await until(lambda: line.begun)
        await line.put(two)
        await line.put(correction(one, "right"))
        await line.idle()
    assert scene.adapter.texts() == ["right\ntwo (1 turns)"]
    assert await scene.history() == ["right\ntwo", "right\ntwo (1 turns)"]


async def test_a_recall_while_its_author_may_go_on_keeps_the_rest(scene: Scene) -> None:
    """Regression: the same with a recall."""
    async with working(scene, LONG) as line:
        one, two, three = map(scene.message, ("one", "two", "three"))
        await line.put(one, two)
        await until(lambda: "two" in line.begun)
        await line.put(three)
        await line.recall(two)
        await line.idle()
    assert scene.adapter.texts() == ["one\nthree (1 turns)"]


async def test_what_is_written_after_a_correction_is_a_question_of_its_own(scene: Scene) -> None:
    """Regression: it became part of the correction, and changed an answer further up."""
    async with working(scene, PAUSE) as line:
        one = scene.message("one")
        await line.put(one)
        await line.idle()
        await line.put(correction(one, "uno"))
        await line.put(scene.message("two"))
        await line.idle()
    assert scene.adapter.texts() == ["uno (1 turns)", "two (3 turns)"]


async def test_a_recall_lets_the_newest_correction_have_the_last_word(scene: Scene) -> None:
    """Regression: what was left of an older one came behind it."""
    scene.model.faults += [Fault(after=2, end="hang") for _ in range(2)]
    async with working(scene, PAUSE) as line:
        one, two, three = map(scene.message, ("one", "two", "three"))
        await line.put(one, two, three)
        await until(lambda: len(scene.model.requests) == 1)
        await line.put(correction(one, "older", 1), correction(one, "newer", 2))
        await until(lambda: len(scene.model.requests) == 2)
        await line.recall(three)
        await line.idle()
    assert scene.adapter.texts() == ["newer\ntwo (1 turns)"]
