"""Our moderation against an endpoint that others wrote."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr

from gateway.backend.base import ModelOptions
from gateway.backend.models import Models
from gateway.moderation import Finding, Forbidden, ModerationOptions, Moderator
from gateway.session import Turn
from tests.judges.aimock import AimockServer, Fixture

pytestmark = pytest.mark.judge


def says(question: str, content: str) -> Fixture:
    pace = {"ttft": 10, "tps": 200, "jitter": 0}
    return {"match": {"userMessage": question}, "response": {"content": content}, "streamingProfile": pace}


TALK = says("talk", "and on and on, " * 30)
FIGHT = says("fight", "a story, " * 30 + "and an axe, " * 30)


@asynccontextmanager
async def moderated() -> AsyncIterator[tuple[AimockServer, Moderator, Models]]:
    async with AimockServer([TALK, FIGHT], flagged={"axe": "violence"}) as server:
        options = ModelOptions(api_key=SecretStr("sk-test"), base_url=server.base_url)
        moderator = Moderator.build(ModerationOptions(endpoint=True), options)
        assert moderator is not None
        models = Models({"default": options})
        try:
            yield server, moderator, models
        finally:
            await models.aclose()
            await moderator.aclose()


async def test_questions_are_judged() -> None:
    async with moderated() as (server, moderator, _):
        assert await moderator.judge("question", "a flower") is None
        assert await moderator.judge("question", "an axe") == Finding("question", "category", "violence")
        entries = await server.journal()
    assert [(entry["path"], entry["response"]["status"]) for entry in entries] == [
        ("/v1/moderations", 200)
    ] * 2
    assert all("authorization" in entry["headers"] for entry in entries)


async def test_answers_are_judged_while_they_grow() -> None:
    shown: list[str] = []

    async def show(text: str) -> None:
        shown.append(text)

    async with moderated() as (_, moderator, models):
        await models.answer("default", [Turn("user", "talk")], moderator.gate(show))
        assert len(shown) >= 2
        shown.clear()
        with pytest.raises(Forbidden):
            await models.answer("default", [Turn("user", "fight")], moderator.gate(show))
    assert shown
    assert not any("axe" in text for text in shown)
