"""Asking the model: what is judged, what is summed up, and what is booked."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.limits import Limits
from gateway.moderation import Moderator
from gateway.moderation.words import WordList
from gateway.texts import Sentence
from tests.adapters.host import until
from tests.scene import Scene, staged
from tests.servers.model import Body, Fault
from tests.words import PRIVATE, said


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with staged(tmp_path) as scene:
        yield scene


async def spent(scene: Scene) -> tuple[int, int]:
    """Answers and tokens on Ann's account of today."""
    today = (await scene.archive.account(said("?"))).today
    return today.answers, today.tokens


# --- moderation


@pytest.fixture
def strict(scene: Scene) -> Scene:
    scene.moderator = Moderator(WordList(["xyzzy"]))
    return scene


async def test_a_forbidden_question_is_not_asked(strict: Scene) -> None:
    assert await strict.say("tell me of xyzzy") == Sentence.FORBIDDEN_QUESTION.say("en")
    assert await strict.say("什么是 xyzzy？") == Sentence.FORBIDDEN_QUESTION.say("zh")
    assert strict.model.requests == []
    assert await strict.history() == []
    assert await strict.say("hello") == "hello (1 turns)"


@pytest.mark.parametrize("stream", [True, False])
async def test_a_forbidden_answer_is_never_seen(strict: Scene, stream: bool) -> None:
    strict.talk = replace(strict.talk, stream=stream)
    strict.model.answer = "This is long enough to be shown " * 3 + "and then comes xyzzy, which is not."
    strict.model.delay = 0.1
    assert await strict.say("go on") == Sentence.FORBIDDEN_ANSWER.say("en")
    assert not [call for call in strict.adapter.calls if "xyzzy" in call.text]
    assert len(strict.adapter.texts()) == 1  # what grew of it says the sentence now
    assert await strict.history() == []


async def test_a_forbidden_answer_that_was_whole_is_paid_for(strict: Scene) -> None:
    strict.talk = replace(strict.talk, stream=False)
    strict.model.answer = "xyzzy"
    await strict.say("go on")
    answers, tokens = await spent(strict)
    assert answers == 1
    assert tokens > 0


async def test_a_correction_that_is_forbidden_is_refused_in_place(strict: Scene) -> None:
    question = await strict.ask("hello")
    await strict.correct(question, "xyzzy")
    assert strict.adapter.texts() == [Sentence.FORBIDDEN_QUESTION.say("en")]
    assert len(strict.model.requests) == 1


async def test_what_is_asked_again_is_judged_again(strict: Scene) -> None:
    strict.moderator = None
    await strict.ask("xyzzy")
    strict.moderator = Moderator(WordList(["xyzzy"]))
    assert await strict.say("/retry") == Sentence.FORBIDDEN_QUESTION.say("en")


# --- summaries


def brief(body: Body) -> str:
    first = str(body["messages"][0]["content"])
    return "They count." if first.startswith("Summarise") else "word " * 60


async def test_a_long_conversation_is_summed_up_and_booked(tmp_path: Path) -> None:
    async with staged(tmp_path, context_tokens=600) as scene:
        scene.talk = replace(scene.talk, history="summarise")
        scene.model.answer = brief
        for number in range(8):
            await scene.say(f"question {number}")
            await scene.summariser.idle()
        asked = [scene.asked(number)[0] for number in range(len(scene.model.requests))]
        assert any(role == "system" and "They count." in text for role, text in asked)
        answers, _ = await spent(scene)
        assert answers == len(scene.model.requests) > 8


async def test_what_is_not_remembered_is_not_summed_up(tmp_path: Path) -> None:
    async with staged(tmp_path, context_tokens=600) as scene:
        scene.talk = replace(scene.talk, history="summarise")
        scene.model.answer = brief
        await scene.say("/history off")
        for number in range(8):
            await scene.say(f"question {number}")
            await scene.summariser.idle()
        assert len(scene.model.requests) == 8


# --- what an answer cost that was stopped


async def test_a_stopped_answer_is_booked_by_estimate(scene: Scene) -> None:
    scene.talk = replace(scene.talk, limits=Limits(tokens_per_day=1000), system_prompt="Be brief. " * 20)
    scene.model.answer = "one two three four five"
    scene.model.faults.append(Fault(after=3, end="hang"))
    answering = asyncio.create_task(scene.respond(scene.message("count")))
    await until(lambda: scene.adapter.texts())
    assert scene.stops.stop(PRIVATE.key)
    await answering
    answers, tokens = await spent(scene)
    assert answers == 1
    assert 40 < tokens < 100
    assert (await scene.archive.account(said("?"))).counted.tokens == tokens


async def test_an_answer_that_is_stopped_before_a_word_costs_nothing_that_we_know(scene: Scene) -> None:
    scene.model.latency = 60
    answering = asyncio.create_task(scene.respond(scene.message("count")))
    await until(lambda: scene.model.requests)
    scene.stops.stop(PRIVATE.key)
    await answering
    assert await spent(scene) == (0, 0)


async def test_what_is_stopped_while_it_is_looked_up_is_not_asked(scene: Scene) -> None:
    """Regression: what was stopped, corrected or recalled in that moment was answered all the same."""
    found = threading.Event()
    looking = scene.database.submit(lambda _: found.wait(10))
    answering = asyncio.create_task(scene.respond(scene.message("count")))
    await until(lambda: scene.stops.stop(PRIVATE.key))
    found.set()
    await looking
    await answering
    assert scene.model.requests == []
    assert scene.adapter.calls == []
