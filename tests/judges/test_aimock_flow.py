"""The gateway as a process, in front of a model's server that others wrote."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows.conftest import Configure
from tests.flows.conftest import gateway as gateway
from tests.flows.conftest import model as model
from tests.flows.conftest import telegram as telegram
from tests.judges.aimock import AimockServer, Fixture
from tests.servers.telegram import TelegramServer

pytestmark = pytest.mark.judge

LINES = [f"{number}. 这是第 {number} 行 with some words 🙂" for number in range(800)]
LONG = "\n\n".join(LINES)


def says(question: str, answer: str, **match: Any) -> Fixture:
    return {"match": {"userMessage": question, **match}, "response": {"content": answer}}


FIXTURES: list[Fixture] = [
    says("my name is Ann", "Hello Ann."),
    says("what is my name", "You are Ann."),
    says("how are you", "Fine."),
    says("everything", LONG),
    {
        "match": {"userMessage": "limited", "sequenceIndex": 0},
        "response": {"error": {"message": "slow down", "code": "rate_limit_exceeded"}, "status": 429},
    },
    says("limited", "At last."),
]


async def test_people_talk_through_the_gateway_with_a_model_of_others(
    telegram: TelegramServer, gateway: Configure
) -> None:
    ann = telegram.user("Ann")
    chat, group = telegram.private(ann), telegram.group("Friends", ann)
    async with AimockServer(FIXTURES) as server:
        async with gateway(base_url=server.base_url, session_clear_token="清空会话", api_key="sk-test"):
            for count, text in enumerate(("my name is Ann", "what is my name?", "清空会话", "limited"), 1):
                telegram.say(chat, ann, text)
                await telegram.answers(chat, count, timeout=20)
            telegram.say(group, ann, "how are you all?")
            telegram.say(group, ann, "@gateway_bot how are you?")
            await telegram.answers(group, 1)
            telegram.say(chat, ann, "tell me everything")
            await telegram.until(lambda: "第 799 行" in telegram.sent(chat)[-1].text, timeout=30)
        journal = await server.journal()
    sent = [message.text for message in telegram.sent(chat)]
    assert sent[:2] == ["Hello Ann.", "You are Ann."]
    assert "context is cleared" in sent[2] or "上下文已经清空" in sent[2]
    assert sent[3] == "At last."
    assert [line for text in sent[4:] for line in text.split("\n") if line] == LINES
    assert [message.text for message in telegram.sent(group)] == ["Fine."]
    asked = [[turn["content"] for turn in entry["body"]["messages"]] for entry in journal]
    assert asked[1] == ["my name is Ann", "Hello Ann.", "what is my name?"]
    assert asked[2] == asked[3] == ["limited"]
    assert asked[4] == ["Ann: how are you?"]
    assert asked[5] == ["limited", "At last.", "tell me everything"]
    assert [entry["response"]["status"] for entry in journal] == [200, 200, 429, 200, 200, 200]
