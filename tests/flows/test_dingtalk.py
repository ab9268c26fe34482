"""People talk to the gateway through DingTalk's protocol."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.flows.conftest import Configure
from tests.flows.process import GatewayProcess
from tests.flows.test_talk import asked
from tests.ports import free_port
from tests.servers.dingtalk import Card, DingTalkServer, Room, User
from tests.servers.model import ModelServer

CARDS = {"card_template_id": "8aebdfb9-28f4-4a98-98f5-396c3dde41a0.schema"}


@pytest.fixture
def ann(dingtalk: DingTalkServer) -> User:
    return dingtalk.user("Ann")


@pytest.fixture
def chat(dingtalk: DingTalkServer, ann: User) -> Room:
    return dingtalk.private(ann)


def texts(dingtalk: DingTalkServer, room: Room) -> list[str]:
    """What people read in *room*."""
    return [sent.text for sent in dingtalk.sent(room)]


async def test_a_private_talk_has_context(
    dingtalk: DingTalkServer, ann: User, chat: Room, model: ModelServer, robot_gateway: Configure
) -> None:
    async with robot_gateway(system_prompt="Be brief."):
        dingtalk.say(chat, ann, "my name is Ann")
        await dingtalk.answers(chat, 1, timeout=20)
        dingtalk.say(chat, ann, "what is my name?")
        sent = await dingtalk.answers(chat, 2)
    assert [message.text for message in sent] == ["my name is Ann (2 turns)", "what is my name? (4 turns)"]
    assert [message.via for message in sent] == ["webhook", "webhook"]
    assert asked(model) == ["Be brief.", "my name is Ann", "my name is Ann (2 turns)", "what is my name?"]
    assert dingtalk.complaints == []


async def test_a_mention_in_a_group_is_answered_and_the_asker_called(
    dingtalk: DingTalkServer, ann: User, model: ModelServer, robot_gateway: Configure
) -> None:
    bob = dingtalk.user("Bob")
    group = dingtalk.group("Friends", ann, bob)
    async with robot_gateway(reply_prefix="Bot:"):
        dingtalk.say(group, ann, "hello everybody", mention=False)
        dingtalk.say(group, bob, "how are you?")
        sent = await dingtalk.answers(group, 1, timeout=20)
        dingtalk.say(group, ann, "and you?", quote=sent[0])
        sent = await dingtalk.answers(group, 2)
    assert [message.at for message in sent] == [(bob.staff_id,), (ann.staff_id,)]
    assert sent[0].text == f"@{bob.staff_id} Bob: how are you? (1 turns)"
    assert asked(model, 0) == ["Bob: how are you?"]
    assert len(model.requests) == 2


async def test_the_clear_token_ends_the_context_and_the_prefix_stands_before_answers(
    dingtalk: DingTalkServer, ann: User, chat: Room, robot_gateway: Configure
) -> None:
    async with robot_gateway(session_clear_token="清空会话", reply_prefix="来自机器人回复："):
        for number, text in enumerate(["一", "清空会话", "二"], 1):
            dingtalk.say(chat, ann, text)
            await dingtalk.answers(chat, number, timeout=20)
    first, cleared, second = texts(dingtalk, chat)
    assert (first.split(), second.split()) == (
        ["来自机器人回复：", "一", "(1", "turns)"],
        ["来自机器人回复：", "二", "(1", "turns)"],
    )
    assert cleared == "上下文已经清空，请问下一个问题。"


async def test_a_message_posted_to_us_is_answered(
    dingtalk: DingTalkServer, ann: User, chat: Room, robot_gateway: Configure
) -> None:
    robot, port = dingtalk.first, free_port()
    dingtalk.callback(robot, f"http://127.0.0.1:{port}/hook/{robot.client_id}")
    async with robot_gateway({"mode": "http"}, web={"port": port}):
        dingtalk.say(chat, ann, "hello")
        await dingtalk.answers(chat, 1, timeout=20)
    assert texts(dingtalk, chat) == ["hello (1 turns)"]
    assert dingtalk.called("connections/open") == []


async def test_two_robots_in_one_process_each_answer_their_own(
    dingtalk: DingTalkServer, ann: User, robot_gateway: Configure
) -> None:
    rooms = {
        name: dingtalk.private(ann, dingtalk.robot(name, f"secret of {name}")) for name in ("one", "two")
    }
    async with robot_gateway() as process:
        await dingtalk.connected(2, timeout=20)
        for name, room in rooms.items():
            dingtalk.say(room, ann, f"hello {name}")
        for name, room in rooms.items():
            (sent,) = await dingtalk.answers(room)
            assert (sent.text, sent.robot.client_id) == (f"hello {name} (1 turns)", name)
        status = await process.idle()
    assert all(name in status for name in rooms)


# A model that takes its time.


async def answer_late(
    dingtalk: DingTalkServer, ann: User, chat: Room, model: ModelServer, process: GatewayProcess, late: float
) -> None:
    """Ask a model that answers *late* seconds later, while DingTalk delivers again, on two connections."""
    model.latency = late
    async with process:
        (first,) = await dingtalk.connected(timeout=20)
        said = time.monotonic()
        number = dingtalk.say(chat, ann, "hello")
        await dingtalk.until(lambda: number in dingtalk.acks)
        waited = dingtalk.acks[number] - said
        print(f"acknowledged in {waited * 1000:.0f} ms, the model takes {late:g} s")  # noqa: T201 - the figure is asked for
        assert waited < 1
        await dingtalk.redeliver(number, fresh=False)
        dingtalk.disconnect(first)
        (second,) = await dingtalk.connected()
        await dingtalk.redeliver(number)
        await dingtalk.until(lambda: len(second.heard) > 0)
        assert texts(dingtalk, chat) == []
        await dingtalk.answers(chat, timeout=late + 20)
        assert await process.terminate() == 0  # whatever else was to be said is said by now
    assert texts(dingtalk, chat) == ["hello (1 turns)"]
    assert (len(model.requests), dingtalk.complaints) == (1, [])


async def test_dingtalk_hears_at_once_that_we_have_a_message_and_the_answer_comes_once(
    dingtalk: DingTalkServer, ann: User, chat: Room, model: ModelServer, robot_gateway: Configure
) -> None:
    await answer_late(dingtalk, ann, chat, model, robot_gateway(), 1)


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_two_minutes_later_the_answer_still_comes_once(
    dingtalk: DingTalkServer, ann: User, chat: Room, model: ModelServer, robot_gateway: Configure
) -> None:
    process = robot_gateway(timeouts={"first_token": 180})
    await answer_late(dingtalk, ann, chat, model, process, 120)


async def test_a_webhook_that_expires_while_the_model_works_is_not_needed(
    dingtalk: DingTalkServer, ann: User, chat: Room, model: ModelServer, robot_gateway: Configure
) -> None:
    group = dingtalk.group("Friends", ann)
    model.latency = 0.5
    async with robot_gateway():
        for room in (chat, group):
            dingtalk.say(room, ann, "hello")
        await dingtalk.until(lambda: len(dingtalk.acks) == 2, timeout=20)
        dingtalk.expire_webhooks()
        sent = [(await dingtalk.answers(room))[0] for room in (chat, group)]
    assert [message.via for message in sent] == ["openapi", "openapi"]
    assert texts(dingtalk, chat) == ["hello (1 turns)"]
    assert len(dingtalk.sent(group)) == 1


# Cards.


def slow(model: ModelServer) -> str:
    """Let *model* give a long answer, for about two seconds."""
    model.answer = " ".join(f"word{number}" for number in range(200))
    model.chunks, model.delay = 30, 0.06
    return model.answer


async def grown(dingtalk: DingTalkServer, room: Room, condition: Callable[[Card], bool]) -> Card:
    """The one card in *room*, once *condition* is true of it."""
    await dingtalk.until(lambda: any(map(condition, dingtalk.cards(room))), timeout=20)
    (card,) = dingtalk.cards(room)
    return card


async def test_an_answer_grows_in_a_card_that_is_finished(
    dingtalk: DingTalkServer, ann: User, chat: Room, model: ModelServer, robot_gateway: Configure
) -> None:
    whole = slow(model)
    async with robot_gateway(CARDS):
        dingtalk.say(chat, ann, "a long one")
        card = await grown(dingtalk, chat, lambda card: card.state == "FINISHED")
    assert texts(dingtalk, chat) == [whole]
    assert len(card.history) > 2
    assert all(later.startswith(view) for view, later in zip(card.history, card.history[1:], strict=False))


async def test_stop_finishes_a_card_with_what_is_there(
    dingtalk: DingTalkServer, ann: User, chat: Room, model: ModelServer, robot_gateway: Configure
) -> None:
    whole = slow(model)
    model.delay = 0.5
    async with robot_gateway(CARDS):
        dingtalk.say(chat, ann, "a long one")
        await grown(dingtalk, chat, lambda card: bool(card.text))
        said = time.monotonic()
        dingtalk.say(chat, ann, "/stop")
        card = await grown(dingtalk, chat, lambda card: card.state == "FINISHED")
        assert time.monotonic() - said < 2
        await dingtalk.answers(chat, 2)
    assert whole.startswith(card.text)
    assert card.text != whole
    assert "Stopped." in texts(dingtalk, chat)


async def test_a_crash_at_the_birth_of_a_card_leaves_none_that_looks_unfinished(
    dingtalk: DingTalkServer, ann: User, chat: Room, model: ModelServer, robot_gateway: Configure
) -> None:
    whole = slow(model)
    async with robot_gateway(CARDS) as process:
        dingtalk.say(chat, ann, "a long one")
        await grown(dingtalk, chat, lambda card: bool(card.text))
        await process.kill()
        model.delay = 0
        await process.start()
        await dingtalk.until(lambda: texts(dingtalk, chat)[-1] == whole, timeout=20)
        await process.idle()
    assert texts(dingtalk, chat).count(whole) == 1
    assert all(card.state in ("FINISHED", "FAILED") for card in dingtalk.cards(chat))


async def test_a_card_is_finished_after_a_crash(
    dingtalk: DingTalkServer, ann: User, chat: Room, model: ModelServer, robot_gateway: Configure
) -> None:
    whole = slow(model)
    async with robot_gateway(CARDS) as process:
        dingtalk.say(chat, ann, "a long one")
        card = await grown(dingtalk, chat, lambda card: len(card.history) > 1)
        await process.kill()
        assert card.state == "INPUTING"
        model.delay = 0
        await process.start()
        await grown(dingtalk, chat, lambda card: card.state == "FINISHED")
        await process.idle()
    assert texts(dingtalk, chat) == [whole]


async def test_no_answer_of_a_model_has_a_link_that_speaks_for_a_person(
    dingtalk: DingTalkServer, ann: User, chat: Room, model: ModelServer, robot_gateway: Configure
) -> None:
    """One tap, and DingTalk sent the command in it as the person's own message."""
    link = "(dtmd://dingtalkclient/sendMessage?content=%2Fforget)"
    model.answer = f"[Yes, please!]{link} or [read](https://example.org)"
    async with robot_gateway():
        dingtalk.say(chat, ann, "hello")
        (sent,) = await dingtalk.answers(chat, 1, timeout=20)
    assert sent.text == f"[Yes, please!] {link} or [read] (https://example.org)"
