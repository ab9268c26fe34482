"""A long conversation stays within its budget, and nothing that was said is lost with it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import pytest

from gateway.backend.base import ModelOptions
from gateway.backend.models import Answer as Completion
from gateway.backend.models import Models
from gateway.conversation import Conversation
from gateway.message import Message
from gateway.session import Turn
from gateway.store.answers import Answer
from gateway.store.archive import Archive
from gateway.store.database import Database
from gateway.store.history import Exchange
from gateway.store.store import Store
from gateway.store.summaries import Summaries
from gateway.summary import Summariser
from tests.servers.model import Body, ModelServer, Refusal, Rules, count_tokens
from tests.words import PRIVATE, said

KEY = PRIVATE.key
TALK = Conversation(system_prompt="Answer briefly.", session_timeout=3600, history="summarise")
BUDGET = 4000

_FACT = re.compile(r"fact (\d+) is (\w+)")
_QUESTION = re.compile(r"what is fact (\d+)\?")


def is_summary(body: Body) -> bool:
    return str(body["messages"][0]["content"]).startswith(("Summarise", "请用对话"))


def memory(body: Body) -> str:
    """A model that knows what it was sent and nothing else."""
    sent = " ".join(turn["content"] for turn in body["messages"])
    facts = dict(_FACT.findall(sent))
    if is_summary(body):
        return "; ".join(f"fact {number} is {value}" for number, value in facts.items()) or "nothing"
    asked = _QUESTION.fullmatch(body["messages"][-1]["content"])
    return facts.get(asked[1], "unknown") if asked else "I see. " + "So it goes. " * 8


class Scene:
    """A conversation, without platforms."""

    def __init__(self, database: Database, server: ModelServer, models: Models) -> None:
        self.server = server
        self.models = models
        self.store, self.archive = Store(database), Archive(database)
        self.summaries = Summaries(database)
        self.booked: list[Completion] = []
        self.summariser = Summariser(self.summaries, models, self.book)
        self.talk = TALK
        self.clock = count(1_000_000.0)
        self._ids = count(1)

    async def book(self, message: Message, answer: Completion) -> None:
        self.booked.append(answer)

    async def say(self, text: str) -> str:
        """What the model answers; the same steps as for a message, without waiting for a summary."""
        message = said(text, str(next(self._ids)))
        backlog = await self.summaries.load(KEY, KEY)
        session = backlog.session(self.talk.session_timeout)
        question = Turn("user", text, next(self.clock))
        window = session.window(self.talk.system_prompt, question, self.models.context_tokens("default"))
        completion = await self.models.answer("default", window)
        answer = Turn("assistant", completion.text, next(self.clock))
        exchange = Exchange(KEY, text, answer.text, question.time, answer.time)
        await self.store.commit(message, Answer(answer.text), exchange)
        self.summariser.consider(message, KEY, self.talk, [*session.turns, question, answer])
        return completion.text

    def summaries_asked(self) -> list[Body]:
        return [request.body for request in self.server.requests if is_summary(request.body)]


@asynccontextmanager
async def staged(
    folder: Path, budget: int = BUDGET, server: ModelServer | None = None
) -> AsyncIterator[Scene]:
    server = server or ModelServer(memory, rules=Rules(context_tokens=budget))
    async with server, Database(folder / "gateway.db") as database:
        options = ModelOptions(model="test", base_url=server.base_url, context_tokens=budget)
        models = Models({"default": options}, tries=1)
        scene = Scene(database, server, models)
        try:
            yield scene
        finally:
            await scene.summariser.aclose()
            await models.aclose()


def chatter(turns: int, facts: int) -> Iterator[str]:
    """What is said in so many turns: facts, at the same distances, and other things."""
    questions = turns // 2
    for number in range(questions):
        fact, rest = divmod(number * facts, questions)
        filler = f"Let us talk about subject number {number}, " + "and on and on, " * 6
        yield f"fact {fact} is word{fact}. {filler}" if rest < facts else filler


@pytest.mark.parametrize(("turns", "facts"), [(150, 6), (1000, 20)])
async def test_what_was_said_first_is_known_after_hundreds_of_turns(
    tmp_path: Path, turns: int, facts: int
) -> None:
    async with staged(tmp_path) as scene:
        for text in chatter(turns, facts):
            await scene.say(text)
        await scene.summariser.idle()
        for number in range(facts):
            assert await scene.say(f"what is fact {number}?") == f"word{number}"
        costs = [count_tokens(request.body) for request in scene.server.requests]
        assert len(scene.summaries_asked()) >= turns // 150
        assert len(scene.booked) == len(scene.summaries_asked())
    assert max(costs) <= BUDGET
    # all that was said is several times what fits
    assert sum(Turn("user", text).tokens + 30 for text in chatter(turns, facts)) > BUDGET * turns / 150


async def test_without_summaries_the_first_is_forgotten(tmp_path: Path) -> None:
    """The stand-in of a model knows nothing that it is not sent: what is shown above is no illusion."""
    async with staged(tmp_path) as scene:
        scene.talk = Conversation(system_prompt="Answer briefly.", session_timeout=3600)
        for text in chatter(150, 6):
            await scene.say(text)
        assert await scene.say("what is fact 0?") == "unknown"
        assert scene.summaries_asked() == []


async def test_an_answer_does_not_wait_for_the_summary(tmp_path: Path) -> None:
    async with staged(tmp_path, 400) as scene:
        scene.server.latency = lambda body: 60.0 if is_summary(body) else 0.0
        for text in chatter(40, 2):
            await scene.say(text)
        # one at a time, and given up at the end
        assert len(scene.summaries_asked()) == 1
        assert (await scene.summaries.load(KEY, KEY)).summary is None
    assert scene.server.aborted == 1


async def test_a_summary_that_failed_is_made_after_the_next_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with staged(tmp_path, 400) as scene:
        failing = iter([Refusal(500, "broken")])
        scene.server.fault = lambda body: next(failing, None) if is_summary(body) else None
        for text in chatter(20, 1):
            await scene.say(text)
            await scene.summariser.idle()
        assert "it will be tried again: HTTP 500" in caplog.text
        assert (await scene.summaries.load(KEY, KEY)).summary is not None
        assert await scene.say("what is fact 0?") == "word0"


async def test_a_model_that_takes_less_than_configured_is_asked_for_less(tmp_path: Path) -> None:
    async with staged(tmp_path, 4000) as scene:
        for text in chatter(70, 1):
            await scene.say(text)
        await scene.summariser.idle()
        before = await scene.summaries.load(KEY, KEY)
        scene.server.rules.context_tokens = 1300
        scene.server.requests.clear()
        message, session = said("hello", "x"), before.session(0)
        scene.talk = Conversation(history="summarise", session_timeout=0)
        while not scene.summaries_asked():
            exchange = Exchange(KEY, "on and on " * 50, "I see.", next(scene.clock), next(scene.clock))
            await scene.store.commit(said("more", str(next(scene.clock))), Answer("I see."), exchange)
            session = (await scene.summaries.load(KEY, KEY)).session(0)
            scene.summariser.consider(message, KEY, scene.talk, session.turns)
            await scene.summariser.idle()
        after = await scene.summaries.load(KEY, KEY)
    first, second, *_ = map(count_tokens, scene.summaries_asked())
    assert second <= 1300 < first
    assert after.summary is not None
    assert after.summary.upto > (before.summary.upto if before.summary else 0)


async def test_a_cleared_context_has_no_summary_though_one_was_being_made(tmp_path: Path) -> None:
    async with staged(tmp_path, 400) as scene:
        scene.server.latency = lambda body: 0.2 if is_summary(body) else 0.0
        for text in chatter(40, 1):
            await scene.say(text)
            if scene.summaries_asked():
                break
        await scene.server.until(lambda: bool(scene.summaries_asked()))
        await scene.archive.clear(KEY, KEY)
        await scene.summariser.idle()
        assert (await scene.summaries.load(KEY, KEY)).summary is None
        assert len(scene.booked) == 1  # it was paid for all the same
        assert await scene.say("what is fact 0?") == "unknown"


async def test_a_new_conversation_is_not_summed_up_with_the_one_before(tmp_path: Path) -> None:
    async with staged(tmp_path, 400) as scene:
        for text in chatter(30, 1):
            await scene.say(text)
            await scene.summariser.idle()
        scene.clock = count(2_000_000.0)
        scene.server.requests.clear()
        for _ in range(12):
            await scene.say("Something else altogether, " + "and on and on, " * 6)
            await scene.summariser.idle()
        assert scene.summaries_asked()
        assert not any("fact 0" in str(request.body) for request in scene.server.requests)


async def test_a_message_longer_than_all_the_room_is_summed_up_too(tmp_path: Path) -> None:
    async with staged(tmp_path, 600) as scene:
        exchange = Exchange(
            KEY, "fact 7 is long. " + "长" * 5000, "fact 8 is short. " + "长" * 5000, 1e6, 1e6
        )
        await scene.store.commit(said("long", "long"), Answer("long"), exchange)
        await scene.say("hello")
        await scene.summariser.idle()
        assert scene.summaries_asked()[0]["messages"][0]["content"].startswith("请用对话")
        assert await scene.say("what is fact 7?") == "long"
        assert await scene.say("what is fact 8?") == "short"
        assert all(count_tokens(request.body) <= 600 for request in scene.server.requests)


async def test_a_prompt_that_leaves_no_room_asks_for_no_summaries(tmp_path: Path) -> None:
    async with staged(tmp_path, 400) as scene:
        scene.talk = Conversation(system_prompt="Be brief. " * 130, history="summarise")
        turns = [Turn("user", "on and on " * 500, 1.0), Turn("assistant", "I see.", 1.0)]
        scene.summariser.consider(said("hello"), KEY, scene.talk, turns)
        await scene.summariser.idle()
        assert scene.summaries_asked() == []
