"""A conversation far longer than what the model can read: within its budget, and nothing forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from gateway.session import Turn
from tests.flows.conftest import Configure
from tests.flows.test_talk import asked
from tests.servers.model import Body, ModelServer, count_tokens
from tests.servers.telegram import TelegramServer
from tests.test_summary import is_summary, memory

BUDGET = 4000
TALK: Mapping[str, Any] = {"context_tokens": BUDGET, "history": "summarise", "system_prompt": "Be brief."}


def small_talk(turns: int, facts: int) -> Iterator[str]:
    """What a person says in so many turns: facts, at the same distances, and other things."""
    questions = turns // 2
    for number in range(questions):
        fact, rest = divmod(number * facts, questions)
        filler = f"Let us talk about subject number {number}, " + "and on and on, " * 20
        yield f"fact {fact} is word{fact}. {filler}" if rest < facts else filler


def tokens(body: Body) -> int:
    """What a request costs, by the stricter count: the model server's own, or the gateway's estimate."""
    estimated = sum(Turn(turn["role"], str(turn["content"])).tokens for turn in body["messages"])
    return max(count_tokens(body), estimated)


async def talk_long(
    telegram: TelegramServer, model: ModelServer, gateway: Configure, turns: int, facts: int
) -> str:
    """Talk for *turns* turns, every so often about a fact, and ask for all of them; the figures."""
    model.answer = memory
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    said = list(small_talk(turns, facts))
    async with gateway(**TALK) as process:
        for count, text in enumerate(said, 1):
            telegram.say(chat, ann, text)
            await telegram.answers(chat, count, timeout=20)
        await process.idle()
        await model.until(lambda: model.open == 0)
        for number in range(facts):
            telegram.say(chat, ann, f"what is fact {number}?")
            sent = await telegram.answers(chat, len(said) + number + 1)
            assert sent[-1].text == f"word{number}"
        assert not [turn for turn in asked(model)[1:] if "fact 0 is" in turn], "it is in the summary alone"
    costs = [tokens(request.body) for request in model.requests]
    assert max(costs) <= BUDGET
    whole = sum(Turn("user", text).tokens for text in said)
    assert whole > BUDGET * turns / 100, "most of it does not fit"
    summaries = sum(is_summary(request.body) for request in model.requests)
    return (
        f"{turns} turns, {whole} tokens said, requests of {max(costs)} tokens at most, {summaries} summaries"
    )


async def test_what_was_said_first_is_known_after_a_hundred_turns(
    telegram: TelegramServer, model: ModelServer, gateway: Configure
) -> None:
    await talk_long(telegram, model, gateway, turns=120, facts=5)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_what_was_said_first_is_known_after_a_thousand_turns(
    telegram: TelegramServer, model: ModelServer, gateway: Configure
) -> None:
    print(await talk_long(telegram, model, gateway, turns=1000, facts=20))  # noqa: T201 - the figure is what it is for


async def test_without_summaries_the_first_is_forgotten(
    telegram: TelegramServer, model: ModelServer, gateway: Configure
) -> None:
    """The stand-in of a model knows nothing that it is not sent: what is shown above is no illusion."""
    model.answer = memory
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    said = [*small_talk(120, 4), "what is fact 0?"]
    async with gateway(**{**TALK, "history": "trim"}):
        for count, text in enumerate(said, 1):
            telegram.say(chat, ann, text)
            await telegram.answers(chat, count, timeout=20)
    assert telegram.sent(chat)[-1].text == "unknown"
    assert max(tokens(request.body) for request in model.requests) <= BUDGET
