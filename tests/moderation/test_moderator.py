"""Questions and answers, judged by a list and by a server's endpoint."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from gateway.backend.base import ModelOptions
from gateway.backend.models import Models
from gateway.moderation import Finding, Forbidden, ModerationOptions, Moderator
from gateway.session import Turn
from gateway.texts import Sentence
from tests.servers.model import ModelServer, Refusal, Rules

TURNS = [Turn("user", "hello")]


def violent(text: str) -> Sequence[str]:
    return ["violence", "harassment"] if "fight" in text else []


class Screen:
    """What a person saw, text after text."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def __call__(self, text: str) -> None:
        self.texts.append(text)


@asynccontextmanager
async def moderated(server: ModelServer, **options: Any) -> AsyncIterator[tuple[Moderator, Models]]:
    async with server:
        model = ModelOptions(model="test", api_key=SecretStr("sk-test"), base_url=server.base_url)
        moderator = Moderator.build(ModerationOptions(**options), model)
        assert moderator is not None
        models = Models({"default": model}, pause=0.01)
        try:
            yield moderator, models
        finally:
            await moderator.aclose()
            await models.aclose()


def test_nothing_is_asked_for_and_nothing_is_there() -> None:
    assert Moderator.build(ModerationOptions(), ModelOptions()) is None


async def test_a_list_needs_no_server(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("敏感词\n", "utf-8")
    moderator = Moderator.build(ModerationOptions(words=str(path)), ModelOptions(type="echo"))
    assert moderator is not None
    assert await moderator.judge("question", "敏 感 词?") == Finding("question", "entry", "敏感词")
    assert await moderator.judge("question", "敏锐") is None
    await moderator.aclose()


@pytest.mark.parametrize(
    ("finding", "sentence"),
    [
        (Finding("question", "entry", "x"), Sentence.FORBIDDEN_QUESTION),
        (Finding("question", "category", "x"), Sentence.FORBIDDEN_QUESTION),
        (Finding("answer", "category", "x"), Sentence.FORBIDDEN_ANSWER),
        (Finding("answer", "unjudged", "x"), Sentence.UNJUDGED),
    ],
)
def test_the_person_is_told_what_is_refused(finding: Finding, sentence: Sentence) -> None:
    assert finding.sentence is sentence
    assert "x" not in sentence.say("en").split()


# --- the endpoint


async def test_the_endpoint_says_what_is_forbidden(caplog: pytest.LogCaptureFixture) -> None:
    server = ModelServer(rules=Rules(api_key="sk-test"))
    server.flag = violent
    async with moderated(server, endpoint=True) as (moderator, _):
        assert await moderator.judge("question", "let us dance") is None
        found = await moderator.judge("question", "let us fight")
    assert found == Finding("question", "category", "harassment, violence")
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        "the question is refused, category: harassment, violence"
    ]
    (first, _) = server.moderations
    assert first.body == {"model": "omni-moderation-latest", "input": ["let us dance"]}


async def test_what_the_list_forbids_is_not_asked_about(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("dance\n")
    server = ModelServer()
    async with moderated(server, endpoint=True, words=str(tmp_path / "words.txt")) as (moderator, _):
        assert await moderator.judge("question", "let us dance") is not None
    assert server.moderations == []


async def test_a_long_text_is_judged_whole() -> None:
    server = ModelServer()
    server.flag = violent
    async with moderated(server, endpoint=True) as (moderator, _):
        assert await moderator.judge("answer", "好" * 50_000 + "fight") is not None
    (request,) = server.moderations
    assert [len(piece) for piece in request.body["input"]] == [20_000, 20_000, 10_005]


BROKEN = Refusal(500, "broken")
ABSENT = Refusal(404, "Invalid URL (POST /v1/moderations)")


async def test_a_passing_failure_of_the_endpoint_goes_unnoticed() -> None:
    server = ModelServer()
    async with moderated(server, endpoint=True) as (moderator, _):
        server.moderation_faults.append(BROKEN)
        assert await moderator.judge("question", "hello") is None
    assert len(server.moderations) == 2


@pytest.mark.parametrize("fault", [BROKEN, ABSENT, Refusal(200, raw="{}"), Refusal(200, raw="<html>")])
@pytest.mark.parametrize("on_error", ["allow", "refuse"])
async def test_what_the_endpoint_does_not_judge_is_refused_unless_that_is_allowed(
    fault: Refusal, on_error: str
) -> None:
    server = ModelServer()
    async with moderated(server, endpoint=True, on_error=on_error) as (moderator, _):
        server.moderation_faults.extend([fault, fault])
        found = await moderator.judge("question", "hello")
    assert (found.kind if found else None) == (None if on_error == "allow" else "unjudged")


# --- while an answer grows


async def test_an_answer_grows_as_far_as_it_was_judged() -> None:
    text = "".join(f"sentence number {number}. " for number in range(60)).strip()
    server, screen = ModelServer(text, chunks=200, delay=0.0005), Screen()
    async with moderated(server, endpoint=True) as (moderator, models):
        answer = await models.answer("default", TURNS, moderator.gate(screen))
        assert await moderator.judge("answer", answer.text) is None
    judged = [request.body["input"][0] for request in server.moderations]
    assert screen.texts == judged[:-1]
    assert judged[-1] == text
    assert len(screen.texts) >= 4  # it grows,
    assert len(server.moderations) <= 12  # and does not ask about every word
    assert len(screen.texts[0]) < 200


async def test_an_answer_ends_where_it_becomes_forbidden() -> None:
    text = "they talk " * 30 + "and then they fight " + "and so on " * 300
    server, screen = ModelServer(text, chunks=400, delay=0.001), Screen()
    server.flag = violent
    async with moderated(server, endpoint=True) as (moderator, models):
        with pytest.raises(Forbidden, match="harassment, violence"):
            await models.answer("default", TURNS, moderator.gate(screen))
        await server.until(lambda: server.aborted == 1)
    assert screen.texts
    assert not any("fight" in shown for shown in screen.texts)
    assert len(server.requests) == 1


async def test_a_word_of_the_list_ends_the_request_at_once(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("敏感词\n", "utf-8")
    server, screen = ModelServer("这是一个敏感词，" + "以及其他。" * 200, chunks=500, delay=0.001), Screen()
    async with moderated(server, words=str(tmp_path / "words.txt")) as (moderator, models):
        with pytest.raises(Forbidden, match="敏感词"):
            await models.answer("default", TURNS, moderator.gate(screen))
        await server.until(lambda: server.aborted == 1)
    assert screen.texts[-1] == "这是一个"
    assert len(server.requests) == 1


@pytest.mark.parametrize(("on_error", "grows"), [("allow", True), ("refuse", False)])
async def test_what_was_not_judged_grows_only_where_errors_are_allowed(on_error: str, grows: bool) -> None:
    server, screen = ModelServer("word " * 100, chunks=20, delay=0.001), Screen()
    server.moderation_faults.extend([ABSENT] * 20)
    async with moderated(server, endpoint=True, on_error=on_error) as (moderator, models):
        await models.answer("default", TURNS, moderator.gate(screen))
    assert bool(screen.texts) == grows
