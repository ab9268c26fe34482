"""What happens to one message: the whole story, with a simulated model on a socket."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from gateway.access import Rules
from gateway.errors import ConfigError
from gateway.message import Audio, Chat, File, Image, Part, Quote, Sender, Text
from gateway.store.answers import Answer
from tests.adapters.host import until
from tests.scene import ABLE, Scene, staged
from tests.servers.model import Fault, Refusal
from tests.servers.model import Rules as ModelRules
from tests.words import ANN, BOB, GROUP, PRIVATE, said

BOT = Sender("r2", "R2", bot=True)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with staged(tmp_path) as scene:
        yield scene


# --- who is answered


async def test_a_question_is_answered_and_remembered(scene: Scene) -> None:
    scene.talk = replace(scene.talk, system_prompt="Be brief.")
    scene.model.answer = "Fine."
    assert await scene.say("How are you?") == "Fine."
    assert await scene.say("And now?") == "Fine."
    assert scene.asked() == [
        ("system", "Be brief."),
        ("user", "How are you?"),
        ("assistant", "Fine."),
        ("user", "And now?"),
    ]


@pytest.mark.parametrize(
    ("where", "who"),
    [(PRIVATE, BOT), (GROUP, BOT), (PRIVATE, Sender("me")), (GROUP, ANN)],
    ids=["a bot", "a bot in a group", "ourselves", "somebody in a group who does not mean us"],
)
async def test_what_is_not_for_us_is_passed_over(scene: Scene, where: Chat, who: Sender) -> None:
    assert await scene.say("hello", where, who, mentioned=where is GROUP and who is BOT) == ""
    assert (scene.adapter.calls, scene.model.requests) == ([], [])


async def test_who_may_not_speak_is_told_so_with_the_id_to_ask_for(scene: Scene) -> None:
    scene.talk = replace(scene.talk, rules=Rules(allow=frozenset({"shop:bob"})))
    assert await scene.say("hello") == "Sorry, you may not use this bot. Your id is ann."
    assert await scene.say("/reset") == "Sorry, you may not use this bot. Your id is ann."
    assert scene.model.requests == []
    assert await scene.say("hello", who=BOB) == "hello (1 turns)"


async def test_a_message_of_a_channel_that_is_gone_is_an_error(scene: Scene) -> None:
    with pytest.raises(ConfigError, match="no channel 'cellar'"):
        await scene.respond(said("hello", where=replace(PRIVATE, channel="cellar")))


# --- commands


@pytest.mark.parametrize("text", ["/help", "/start", "/HELP me", "/help\nplease"])
async def test_help_lists_the_commands(scene: Scene, text: str) -> None:
    found = await scene.say(text)
    assert found.startswith("Ask me anything.")
    assert all(f"/{name}" in found for name in ("help", "reset", "stop", "status"))
    assert "下一个问题" in found
    assert "帮助" not in found


async def test_help_is_in_the_language_of_whoever_asks(scene: Scene) -> None:
    assert (await scene.say("帮助")).startswith("请直接提问")
    scene.talk = replace(scene.talk, language="zh")
    assert (await scene.say("/help")).startswith("请直接提问")


@pytest.mark.parametrize("text", ["/helpless", "/ help", "/", "help", "清空 please"])
async def test_what_is_no_command_goes_to_the_model(scene: Scene, text: str) -> None:
    assert await scene.say(text) == f"{text} (1 turns)"


@pytest.mark.parametrize("text", ["/reset", "/new", "清空", "下一个问题", "那么下一个问题是什么"])
async def test_a_context_is_cleared(scene: Scene, text: str) -> None:
    await scene.say("one")
    assert await scene.say(text) in (
        "The context is cleared. What is your next question?",
        "上下文已经清空，请问下一个问题。",
    )
    assert await scene.say("two") == "two (1 turns)"


@pytest.mark.parametrize(
    ("text", "mentioned", "cleared"),
    [("next!", False, True), ("so next! then", False, False), ("so next! then", True, True)],
)
async def test_in_a_group_the_token_counts_alone_or_where_we_are_meant(
    scene: Scene, text: str, mentioned: bool, cleared: bool
) -> None:
    scene.talk = replace(scene.talk, session_clear_token="next!")
    await scene.say("one", GROUP)
    assert bool(await scene.say(text, GROUP, mentioned=mentioned)) == cleared
    assert await scene.say("two", GROUP) == f"Ann: two ({1 if cleared else 3} turns)"


async def test_without_a_token_no_text_clears(scene: Scene) -> None:
    scene.talk = replace(scene.talk, session_clear_token="")
    await scene.say("one")
    assert await scene.say("下一个问题") == "下一个问题 (3 turns)"
    assert "clears" not in await scene.say("/help")


async def test_status_tells_what_is_remembered(scene: Scene) -> None:
    assert await scene.say("/status") == (
        "Model: default\nContext: 0 messages, about 0 tokens\nThis chat: shop:7\nYou: shop:ann"
    )
    await scene.say("one")
    assert (await scene.say("/status")).startswith("Model: default\nContext: 2 messages")


async def test_status_forgets_what_the_model_will_not_see(scene: Scene) -> None:
    await scene.say("one")
    scene.talk = replace(scene.talk, session_timeout=1e-6)
    assert "Context: 0 messages" in await scene.say("/status")


# --- what a message holds


async def test_a_bare_mention_gets_help(scene: Scene) -> None:
    assert (await scene.say("", GROUP, parts=())).startswith("Ask me anything.")
    assert (await scene.say("", parts=())).startswith("Ask me anything.")


@pytest.mark.parametrize(
    "part", [Image("ref"), Audio("ref"), File("ref", "a.pdf")], ids=lambda part: part.type
)
async def test_what_we_cannot_read_is_said_in_a_sentence(scene: Scene, part: Part) -> None:
    assert await scene.say("", parts=(part,)) == "I can only read text for now. Please write your question."
    assert scene.model.requests == []


async def test_the_model_is_told_what_it_cannot_see_and_what_is_quoted(scene: Scene) -> None:
    quote = Quote("1", "Bob", "two\nlines")
    spoken = Audio("ref", transcript=" and that")
    await scene.say("", parts=(quote, Image("ref"), Text("what is this"), spoken))
    assert scene.asked() == [("user", "> two\n> lines\n[image]\nwhat is this and that")]


async def test_a_trigger_is_not_part_of_the_question(scene: Scene) -> None:
    scene.talk = replace(scene.talk, rules=Rules(triggers=("bot",)))
    assert (
        await scene.say("bot what time is it?", GROUP, mentioned=False) == "Ann: what time is it? (1 turns)"
    )
    assert await scene.say("bot what?") == "bot what? (1 turns)"


@pytest.mark.parametrize(
    ("where", "expected"), [(PRIVATE, "[bot]\nfine"), (GROUP, "fine")], ids=["private", "group"]
)
async def test_a_prefix_goes_before_answers_in_private(scene: Scene, where: Chat, expected: str) -> None:
    scene.model.answer = "fine"
    scene.talk = replace(scene.talk, reply_prefix="[bot]")
    assert await scene.say("hello", where) == expected
    assert await scene.history(where) == ["Ann: hello" if where is GROUP else "hello", "fine"]


async def test_the_gateway_s_own_sentences_have_no_prefix(scene: Scene) -> None:
    scene.talk = replace(scene.talk, reply_prefix="[bot]")
    scene.model.faults.append(Refusal(401, "Incorrect API key"))
    for text in ("/status", "hello"):
        assert "[bot]" not in await scene.say(text)


# --- contexts


async def test_nobody_sees_another_s_context(scene: Scene) -> None:
    scene.talk = replace(scene.talk, group_context="member")
    places = [
        *(replace(PRIVATE, account=a, id=i) for a, i in product(("me", "me2"), ("7", "8"))),
        *(replace(GROUP, account=a, thread=t) for a, t in product(("me", "me2"), ("", "1"))),
    ]
    for number in range(2):
        for place, who in product(places, (ANN, BOB)):
            if place.kind == "private" and who is BOB:
                continue
            secret = f"secret of {place.key} {who.id}"
            await scene.say(secret, place, who)
            seen = {text.partition(" (")[0] for _, text in scene.asked()}
            assert seen == {secret}
            assert len(scene.asked()) == 1 + 2 * number


async def test_a_group_shares_its_context_unless_told_otherwise(scene: Scene) -> None:
    await scene.say("one", GROUP, ANN)
    assert await scene.say("two", GROUP, BOB) == "Bob: two (3 turns)"


async def test_a_context_ends_after_a_while(scene: Scene) -> None:
    scene.talk = replace(scene.talk, session_timeout=1e-6)
    await scene.say("one")
    assert await scene.say("two") == "two (1 turns)"
    scene.talk = replace(scene.talk, session_timeout=0)
    assert await scene.say("three") == "three (5 turns)"


# --- what goes wrong with the model


async def test_a_model_that_fails_is_one_sentence_and_no_history(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.model.faults.append(Refusal(401, "Incorrect API key provided", "invalid_api_key"))
    found = await scene.say("hello")
    assert found.startswith("The model cannot answer right now. Please try again in a moment. (error ")
    assert found[-9:-1] in caplog.text
    assert "key" not in found
    assert await scene.history() == []
    assert await scene.say("hello") == "hello (1 turns)"


async def test_a_failure_is_told_in_the_person_s_language(scene: Scene) -> None:
    scene.model.faults.append(Refusal(500, "oops"))
    assert (await scene.say("你好")).startswith("模型暂时无法回答")


async def test_a_context_that_is_too_long_is_cut_once(scene: Scene) -> None:
    scene.model.answer = "x" * 400
    for number in range(4):
        await scene.say(f"question {number}")
    scene.model.rules = ModelRules(context_tokens=300)
    assert await scene.say("one more") == "x" * 400
    assert len(scene.model.requests) == 6
    assert len(scene.asked(-2)) > len(scene.asked(-1)) > 1
    assert scene.asked()[-1] == ("user", "one more")


async def test_what_is_too_long_by_itself_is_said_to_be(scene: Scene) -> None:
    await scene.say("hello")
    scene.model.rules = ModelRules(context_tokens=3)
    assert (await scene.say("one more")).startswith("This is more than the model can read at once.")
    assert len(scene.model.requests) == 3
    assert await scene.history() == ["hello", "hello (1 turns)"]
    scene.model.rules = ModelRules()
    assert await scene.say("better") == "better (3 turns)"


async def test_what_has_no_context_to_cut_is_asked_once(scene: Scene) -> None:
    scene.model.rules = ModelRules(context_tokens=3)
    assert (await scene.say("one more")).startswith("This is more than the model can read at once.")
    assert len(scene.model.requests) == 1


# --- crashes


async def test_a_decided_answer_is_sent_and_not_asked_for_again(scene: Scene) -> None:
    message = said("hello")
    await scene.store.commit(message, Answer("decided"))
    await scene.respond(message)
    assert scene.adapter.texts() == ["decided"]
    assert scene.model.requests == []


async def test_a_message_that_grew_before_a_crash_is_the_one_that_is_finished(scene: Scene) -> None:
    message = scene.message("hello")
    scene.model.faults.append(Fault(after=2, end="hang"))
    working = asyncio.create_task(scene.respond(message))
    await until(lambda: scene.adapter.texts())
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert await scene.history() == []
    await scene.respond(message)
    assert scene.adapter.texts() == ["hello (1 turns)"]
    assert await scene.history() == ["hello", "hello (1 turns)"]


# --- stop


async def test_stop_keeps_what_was_seen(scene: Scene) -> None:
    scene.model.answer = "one two three four five"
    scene.model.faults.append(Fault(after=2, end="hang"))
    working = asyncio.create_task(scene.respond(scene.message("count")))
    await until(lambda: scene.adapter.texts())
    before = scene.adapter.texts()
    assert await scene.say("/stop") == "Stopped."
    async with asyncio.timeout(1):
        await working
    assert scene.adapter.texts() == [*before, "Stopped."]
    assert scene.model.answer.startswith(before[0])
    assert await scene.history() == ["count", before[0]]
    scene.model.answer = "fine"
    assert await scene.say("go on") == "fine"
    assert scene.asked()[:2] == [("user", "count"), ("assistant", before[0])]


async def test_stop_before_there_is_a_word_says_and_remembers_nothing(scene: Scene) -> None:
    scene.model.latency = 60
    working = asyncio.create_task(scene.respond(scene.message("count")))
    await until(lambda: scene.model.requests)
    assert await scene.say("停止") == "已停止。"
    await working
    assert scene.adapter.texts() == ["已停止。"]
    assert await scene.history() == []


async def test_there_may_be_nothing_to_stop(scene: Scene) -> None:
    assert await scene.say("/stop") == "There is nothing to stop."


async def test_another_chat_is_not_stopped(scene: Scene) -> None:
    scene.model.latency = 0.2
    working = asyncio.create_task(scene.respond(scene.message("count", GROUP)))
    await until(lambda: scene.model.requests)
    assert await scene.say("/stop") == "There is nothing to stop."
    await working
    assert scene.adapter.texts(GROUP.id) == ["Ann: count (1 turns)"]


async def test_stop_while_a_long_answer_is_sent_says_nothing_twice(scene: Scene) -> None:
    scene.adapter.capabilities = replace(ABLE, max_length=20, edit=False)
    scene.model.answer = "the first piece\n\nthe second piece\n\nthe third piece"
    scene.adapter.heard = lambda number: scene.adapter.gate.clear() if number == 2 else None
    working = asyncio.create_task(scene.respond(scene.message("count")))
    await until(lambda: len(scene.adapter.calls) == 2)
    assert scene.stops.stop(PRIVATE.key)
    await working
    scene.adapter.gate.set()
    assert scene.adapter.texts() == ["the first piece"]
    assert await scene.history() == ["count", scene.model.answer]


async def test_stop_while_the_answer_is_written_down_does_not_write_it_twice(scene: Scene) -> None:
    gate = threading.Event()

    def answer(body: object) -> str:
        scene.database.submit(lambda connection: gate.wait(5))
        return "fine"

    scene.model.answer = answer
    working = asyncio.create_task(scene.respond(scene.message("count")))
    await until(lambda: scene.database.submitted == 3)  # the reading, the gate, and the answer behind it
    assert scene.stops.stop(PRIVATE.key)
    gate.set()
    await working
    assert await scene.history() == ["count", "fine"]


async def test_a_shutdown_is_no_stop(scene: Scene) -> None:
    scene.model.latency = 60
    working = asyncio.create_task(scene.respond(scene.message("count")))
    await until(lambda: scene.model.requests)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert scene.adapter.calls == []
    assert not scene.stops.stop(PRIVATE.key)


# --- bookkeeping


async def test_what_an_answer_cost_is_counted(scene: Scene) -> None:
    await scene.say("hello")
    await scene.say("/status")
    row = await scene.database.run(lambda connection: connection.execute("SELECT * FROM usage").fetchone())
    assert (row["channel"], row["chat"], row["sender"]) == ("shop", PRIVATE.key, "ann")
    assert (row["model"], row["answers"]) == ("default", 1)
    assert row["prompt_tokens"] > 0
    assert row["completion_tokens"] > 0


async def test_a_conversation_may_do_without_streaming(scene: Scene) -> None:
    scene.talk = replace(scene.talk, stream=False)
    await scene.say("hello")
    assert not scene.model.requests[0].body.get("stream")
