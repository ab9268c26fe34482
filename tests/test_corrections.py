"""What people edit, and what they take back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.limits import Limits
from gateway.message import Message
from gateway.session import Summary
from gateway.store.answers import Answer
from gateway.store.summaries import Summaries
from tests.adapters.host import until
from tests.scene import ABLE, Line, Scene, correction, staged, working
from tests.servers.model import Fault
from tests.words import ANN, BOB, GROUP, PRIVATE

SMALL = replace(ABLE, max_length=20)
PIECES = ["the first piece", "the second piece", "the third piece"]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with staged(tmp_path) as scene:
        yield scene


def long(count: int) -> str:
    return "\n\n".join(PIECES[:count])


# --- an answered question is edited


async def test_its_answer_is_edited_and_the_history_with_it(scene: Scene) -> None:
    one = await scene.ask("one")
    await scene.ask("two")
    await scene.correct(one, "uno")
    assert scene.asked() == [("user", "uno")]  # what was said later was no context of it
    assert scene.adapter.texts() == ["uno (1 turns)", "two (3 turns)"]
    assert await scene.history() == ["uno", "uno (1 turns)", "two", "two (3 turns)"]


async def test_its_context_is_what_was_said_before(scene: Scene) -> None:
    await scene.ask("one")
    two = await scene.ask("two")
    await scene.ask("three")
    await scene.correct(two, "due")
    assert scene.asked() == [("user", "one"), ("assistant", "one (1 turns)"), ("user", "due")]


async def test_a_summary_of_what_came_later_is_no_context(scene: Scene) -> None:
    """Regression: the model was told how the conversation went on."""
    scene.talk = replace(scene.talk, history="summarise")
    one = await scene.ask("one")
    await scene.ask("two")
    assert await Summaries(scene.database).save(PRIVATE.key, PRIVATE.key, Summary("one, two", 2, 1e12))
    await scene.correct(one, "uno")
    assert scene.asked() == [("user", "uno")]


async def test_it_can_be_edited_again_and_again(scene: Scene) -> None:
    scene.talk = replace(scene.talk, limits=Limits(messages_per_day=9))
    scene.adapter.capabilities = replace(SMALL, delete=True)
    scene.model.answer = long(1)
    one = await scene.ask("one")
    for number in (3, 1, 2):
        scene.model.answer = long(number)
        await scene.correct(one, f"now {number}")
        assert scene.adapter.texts() == PIECES[:number]
    assert await scene.history() == ["now 2", long(2)]


async def test_a_longer_answer_adds_pieces(scene: Scene) -> None:
    scene.adapter.capabilities = SMALL
    scene.model.answer = long(1)
    one = await scene.ask("one")
    scene.model.answer = long(3)
    await scene.correct(one, "uno")
    assert scene.adapter.texts() == PIECES
    assert [shown.id for shown in scene.adapter.messages] == ["1", "2", "3"]


@pytest.mark.parametrize("delete", [True, False])
async def test_a_shorter_answer_takes_the_surplus_away_where_it_can(scene: Scene, delete: bool) -> None:
    scene.adapter.capabilities = replace(SMALL, delete=delete)
    scene.model.answer = long(3)
    one = await scene.ask("one")
    scene.model.answer = "short"
    await scene.correct(one, "uno")
    assert scene.adapter.texts() == ["short", *([] if delete else PIECES[1:])]
    assert len(scene.adapter.asked("delete")) == (2 if delete else 0)
    scene.model.answer = long(2)
    await scene.correct(one, "eins")
    assert scene.adapter.texts() == [*PIECES[:2], *([] if delete else PIECES[2:])]
    # what was taken away is not asked after
    assert len(scene.adapter.asked("delete")) == (2 if delete else 0)


async def test_a_shorter_answer_is_finished_after_a_crash(scene: Scene) -> None:
    scene.adapter.capabilities = replace(SMALL, delete=True)
    scene.model.answer = long(3)
    one = await scene.ask("one")
    edited = correction(one, "uno")
    record = await scene.store.open(edited)
    await scene.store.commit(edited, Answer("short", receipts=record.receipts))
    await scene.respond(edited)
    assert scene.adapter.texts() == ["short"]
    await scene.respond(edited)
    assert scene.adapter.texts() == ["short"]


async def test_where_nothing_can_be_edited_the_answer_is_a_new_message(scene: Scene) -> None:
    scene.adapter.capabilities = replace(SMALL, edit=False)
    scene.model.answer = long(2)
    one = await scene.ask("one")
    scene.model.answer = "better"
    await scene.correct(one, "uno")
    assert scene.adapter.texts() == [*PIECES[:2], "better"]
    assert await scene.history() == ["uno", "better"]


async def test_an_answer_that_was_deleted_is_sent_anew(scene: Scene) -> None:
    one = await scene.ask("one")
    scene.adapter.messages.clear()
    await scene.correct(one, "uno")
    assert scene.adapter.texts() == ["uno (1 turns)"]


@pytest.mark.parametrize("where", [PRIVATE, GROUP], ids=["private", "group"])
async def test_what_says_nothing_new_is_left(scene: Scene, where: object) -> None:
    one = await scene.ask("one", where)  # type: ignore[arg-type] # one of two chats
    calls = len(scene.adapter.calls)
    await scene.correct(one, "one")
    assert (len(scene.adapter.calls), len(scene.model.requests)) == (calls, 1)
    await scene.correct(one, "uno")
    await scene.correct(one, "uno")
    assert len(scene.model.requests) == 2


async def test_a_question_that_became_a_command_shows_what_that_says(scene: Scene) -> None:
    one = await scene.ask("one")
    await scene.correct(one, "/status")
    (shown,) = scene.adapter.texts()
    assert shown.startswith("Model: default")


async def test_a_question_that_became_a_file_keeps_its_answer_and_gets_the_file(scene: Scene) -> None:
    """Regression: the answer was edited to be empty, and there was no file."""
    scene.adapter.capabilities = replace(ABLE, files=True)
    one = await scene.ask("one")
    await scene.correct(one, "/export")
    first, second = scene.adapter.messages
    assert (first.reply.text, first.reply.file) == ("one (1 turns)", None)
    assert second.reply.file is not None


async def test_a_correction_that_is_stopped_keeps_its_own_words(scene: Scene) -> None:
    """Regression: what was kept was the old question with the new answer."""
    one = await scene.ask("one")
    scene.model.answer = "first second third fourth fifth"
    scene.model.faults.append(Fault(after=2, end="hang"))
    answering = asyncio.create_task(scene.correct(one, "uno"))
    await until(lambda: scene.adapter.asked("view"))
    await scene.say("/stop")
    await answering
    question, answer = await scene.history()
    assert (question, answer) == ("uno", scene.adapter.texts()[0])


async def test_a_correction_after_another_answer_was_wanted(scene: Scene) -> None:
    one = await scene.ask("one")
    scene.model.answer = "better"
    await scene.ask("/retry")
    scene.model.answer = "best"
    await scene.correct(one, "uno")
    assert scene.adapter.texts() == ["best", "better"]
    assert await scene.history() == ["uno", "best"]


async def test_a_correction_counts_as_a_question(scene: Scene) -> None:
    scene.talk = replace(scene.talk, limits=Limits(messages_per_day=2))
    one = await scene.ask("one")
    await scene.correct(one, "uno")
    await scene.correct(one, "eins")
    assert scene.adapter.texts()[0].startswith("You have used up")
    assert len(scene.model.requests) == 2
    assert await scene.history() == ["uno", "uno (1 turns)"]


async def test_a_correction_of_what_has_no_answer_in_the_history_is_a_question(scene: Scene) -> None:
    helped = await scene.ask("/help")
    await scene.correct(helped, "help me")
    assert scene.adapter.texts() == ["help me (1 turns)"]
    assert await scene.history() == ["help me", "help me (1 turns)"]


async def test_nobody_corrects_another_s_context(scene: Scene) -> None:
    scene.talk = replace(scene.talk, group_context="member")
    one = await scene.ask("one", GROUP, ANN)
    await scene.ask("secret", GROUP, BOB)
    await scene.correct(one, "uno")
    assert scene.asked() == [("user", "uno")]
    assert await scene.history(GROUP, BOB) == ["secret", "secret (1 turns)"]


# --- a question is edited or recalled while it is answered


async def half_said(scene: Scene, line: Line, text: str = "count") -> Message:
    """A question whose answer has begun to show, and goes on no further."""
    scene.model.faults.append(Fault(after=2, end="hang"))
    message = scene.message(text)
    await line.put(message)
    await until(lambda: scene.adapter.texts())
    return message


async def test_an_edit_overtakes_the_answer_being_given(scene: Scene) -> None:
    async with working(scene) as line:
        message = await half_said(scene, line)
        await line.put(correction(message, "count to ten"))
        await line.idle()
        await scene.model.until(lambda: scene.model.aborted == 1)
    assert scene.adapter.texts() == ["count to ten (1 turns)"]
    assert len(scene.model.requests) == 2
    assert await scene.history() == ["count to ten", "count to ten (1 turns)"]


async def test_a_recall_ends_the_answer_being_given(scene: Scene) -> None:
    async with working(scene) as line:
        message = await half_said(scene, line)
        await line.recall(message)
        await line.idle()
        await scene.model.until(lambda: scene.model.aborted == 1)
        assert await scene.history() == []
        await line.put(scene.message("next"))
        await line.idle()
    assert scene.adapter.texts()[1:] == ["next (1 turns)"]


async def test_what_waits_and_is_recalled_is_not_answered(scene: Scene) -> None:
    async with working(scene) as line:
        await half_said(scene, line)
        waiting, last = scene.message("never mind"), scene.message("last")
        await line.put(waiting, last)
        await line.recall(waiting)
        scene.stops.stop(PRIVATE.key)
        await line.idle()
    assert [request.body["messages"][-1]["content"] for request in scene.model.requests] == ["count", "last"]


async def test_what_was_answered_and_is_recalled_is_forgotten(scene: Scene) -> None:
    scene.talk = replace(scene.talk, recent=5)
    async with working(scene) as line:
        secret = scene.message("secret")
        aside = scene.message("a secret aside", GROUP, mentioned=False)
        await line.put(secret, aside)
        await line.idle()
        await line.recall(secret)
        await line.recall(aside)
        await line.put(scene.message("what?"), scene.message("what?", GROUP))
        await line.idle()
    assert scene.adapter.texts() == ["secret (1 turns)", "what? (1 turns)"]
    assert scene.adapter.texts(GROUP.id) == ["Ann: what? (1 turns)"]
    texts = await scene.database.run(
        lambda connection: [row["text"] for row in connection.execute("SELECT text FROM answers")]
    )
    assert "secret (1 turns)" not in texts


async def test_what_is_recalled_as_its_answer_is_written_down_is_not_remembered(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regression: the answer that was on its way to the disk brought it back."""
    secret, recalling = scene.message("secret"), list[asyncio.Task[None]]()
    commit = scene.store.commit

    async def commit_behind_a_recall(*args: Any, **more: Any) -> None:
        recalling.append(asyncio.create_task(line.recall(secret)))
        await asyncio.sleep(0)  # it is handed to the database before the answer
        await commit(*args, **more)

    async with working(scene) as line:
        monkeypatch.setattr(scene.store, "commit", commit_behind_a_recall)
        await line.put(secret)
        await until(lambda: recalling)
        await asyncio.gather(*recalling)
        await line.idle()
    assert await scene.history() == []


async def test_what_is_recalled_is_in_no_summary_either(scene: Scene) -> None:
    """Regression: the model was told of it ever after."""
    scene.talk = replace(scene.talk, history="summarise")
    store = Summaries(scene.database)
    async with working(scene) as line:
        secret = scene.message("secret")
        await line.put(secret, scene.message("two"), scene.message("three"))
        await line.idle()
        for upto, text in ((2, "a secret, two"), (3, "a secret, two, three")):
            assert await store.save(PRIVATE.key, PRIVATE.key, Summary(text, upto, 1e12))
        await line.recall(secret)
        await line.put(scene.message("four"))
        await line.idle()
    assert [text for _, text in scene.asked()] == ["two", "two (3 turns)", "three", "three (5 turns)", "four"]


async def test_an_edit_of_what_is_answered_survives_a_crash(tmp_path: Path) -> None:
    async with staged(tmp_path) as scene:
        async with working(scene) as line:
            message = await half_said(scene, line)
            scene.model.latency = 60
            await line.put(correction(message, "count to ten"))
            await scene.model.until(lambda: len(scene.model.requests) == 2)
        shown = scene.adapter.messages
    async with staged(tmp_path) as scene:
        scene.adapter.messages += shown
        async with working(scene) as line:
            await line.idle()
        assert scene.adapter.texts() == ["count to ten (1 turns)"]
        assert await scene.history() == ["count to ten", "count to ten (1 turns)"]


async def test_an_edit_to_a_command_that_overtakes_finds_its_question(scene: Scene) -> None:
    """Regression: the correction looked for the question in the lane of what overtakes, and was lost."""
    async with working(scene) as line:
        message = await half_said(scene, line)
        await line.put(correction(message, "/stop"))
        await line.idle()
    assert scene.adapter.texts() == ["There is nothing to stop."]
