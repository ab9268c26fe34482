"""The official clients, which we did not write, use the DingTalk simulator as they use DingTalk."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.judges import npm, pypi
from tests.servers.dingtalk import DingTalkServer, Room, User

pytestmark = pytest.mark.judge

_HERE = Path(__file__).parent
PYTHON = (pypi.DINGTALK, pypi.DINGTALK_NEXT)
EVERYBODY = (*PYTHON, npm.DINGTALK)


def command(judge: str, server: DingTalkServer) -> tuple[list[str], dict[str, str]]:
    """The program that *judge* is run with, and its environment."""
    robot = server.first
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    if judge not in PYTHON:
        folder = str(npm.find(judge))
        script = str(_HERE / "dingtalk_bot.cjs")
        return ["node", script, folder, server.root, robot.client_id, robot.client_secret], environment
    environment |= {"DINGTALK_OPENAPI_ENDPOINT": server.root, "PYTHONPATH": str(pypi.find(judge))}
    script = str(_HERE / "dingtalk_bot.py")
    return [sys.executable, script, robot.client_id, robot.client_secret], environment


@asynccontextmanager
async def running(judge: str, server: DingTalkServer) -> AsyncIterator[Process]:
    """*judge*, connected; what it wrote is shown where the test fails."""
    words, environment = command(judge, server)
    with tempfile.TemporaryFile() as log:
        process = await asyncio.create_subprocess_exec(*words, env=environment, stdout=log, stderr=log)
        try:
            await server.connected(timeout=30)
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            log.seek(0)
            sys.stdout.write(log.read().decode())


@pytest.fixture
async def dingtalk() -> AsyncIterator[DingTalkServer]:
    async with DingTalkServer() as server:
        yield server


@pytest.fixture
def ann(dingtalk: DingTalkServer) -> User:
    return dingtalk.user("Ann")


@pytest.fixture
def chat(dingtalk: DingTalkServer, ann: User) -> Room:
    return dingtalk.private(ann)


@pytest.mark.parametrize("judge", EVERYBODY)
async def test_it_receives_acknowledges_and_replies(
    dingtalk: DingTalkServer, ann: User, chat: Room, judge: str
) -> None:
    group = dingtalk.group("Friends", ann)
    async with running(judge, dingtalk):
        number = dingtalk.say(chat, ann, "hello")
        [reply] = await dingtalk.answers(chat)
        assert (reply.text, reply.via, reply.at) == ("hello", "webhook", ("staff1",))
        await dingtalk.until(lambda: number in dingtalk.acks)
        dingtalk.say(group, ann, "in a group")
        assert [sent.text for sent in await dingtalk.answers(group)] == ["in a group"]
    assert dingtalk.complaints == []


@pytest.mark.parametrize("judge", EVERYBODY)
async def test_it_survives_a_disconnect_frame(
    dingtalk: DingTalkServer, ann: User, chat: Room, judge: str
) -> None:
    async with running(judge, dingtalk):
        [first] = await dingtalk.connected()
        dingtalk.disconnect(dingtalk.first, after=0.5)
        [second] = await dingtalk.connected(timeout=20)
        assert second is not first
        dingtalk.say(chat, ann, "again")
        assert [sent.text for sent in await dingtalk.answers(chat)] == ["again"]
    assert dingtalk.complaints == []


@pytest.mark.parametrize("judge", EVERYBODY)
async def test_it_answers_pings(dingtalk: DingTalkServer, judge: str) -> None:
    async with running(judge, dingtalk):
        [connection] = await dingtalk.connected()
        connection.ping()
        await dingtalk.until(lambda: connection.pongs)
    assert dingtalk.complaints == []


@pytest.mark.parametrize("judge", EVERYBODY)
async def test_it_gets_an_event(dingtalk: DingTalkServer, judge: str) -> None:
    async with running(judge, dingtalk):
        number = dingtalk.event(dingtalk.first, "user_add_org", {"timeStamp": "1"})
        await dingtalk.until(lambda: number in dingtalk.acks)
    assert dingtalk.complaints == []


@pytest.mark.parametrize("judge", [npm.DINGTALK])
async def test_it_gets_a_token_from_the_older_api(
    dingtalk: DingTalkServer, ann: User, chat: Room, judge: str
) -> None:
    async with running(judge, dingtalk):
        dingtalk.say(chat, ann, "hello")
        await dingtalk.answers(chat)
    [call] = dingtalk.called("/gettoken")
    [reply] = dingtalk.called("/robot/sendBySession")
    assert reply.headers["x-acs-dingtalk-access-token"] == call.answer["access_token"]


@pytest.mark.parametrize("judge", PYTHON)
@pytest.mark.parametrize("where", ["private", "group"])
async def test_it_writes_ai_cards(
    dingtalk: DingTalkServer, ann: User, chat: Room, judge: str, where: str
) -> None:
    room = chat if where == "private" else dingtalk.group("Friends", ann)
    async with running(judge, dingtalk):
        dingtalk.say(room, ann, "card")
        await dingtalk.until(lambda: any(card.state == "FINISHED" for card in dingtalk.cards(room)))
        [sent] = dingtalk.sent(room)
        assert (sent.text, sent.title, sent.via) == ("one two three", "thinking", "card")
        assert [text for text in sent.history if text] == ["one", "one two", "one two three"]
        dingtalk.say(room, ann, "fail")
        await dingtalk.until(lambda: dingtalk.cards(room)[-1].state == "FAILED")
    assert {call.status for call in dingtalk.calls} <= {200, 101}


@pytest.mark.parametrize("judge", PYTHON)
async def test_it_fetches_a_picture_and_uploads_it_again(
    dingtalk: DingTalkServer, ann: User, chat: Room, judge: str
) -> None:
    async with running(judge, dingtalk):
        dingtalk.picture(chat, ann, content=b"a picture")
        [reply] = await dingtalk.answers(chat)
        dingtalk.rich_text(chat, ann, "look", b"another")
        [_, other] = await dingtalk.answers(chat, 2)
    assert dingtalk.world.media[reply.text.removeprefix("1 picture: ")] == b"a picture"
    assert dingtalk.world.media[other.text.removeprefix("1 picture: ")] == b"another"


@pytest.mark.parametrize("judge", PYTHON)
async def test_it_replies_in_markdown_to_people_from_outside(dingtalk: DingTalkServer, judge: str) -> None:
    eve = dingtalk.user("Eve", staff_id=None)
    chat = dingtalk.private(eve)
    async with running(judge, dingtalk):
        dingtalk.say(chat, eve, "markdown")
        [reply] = await dingtalk.answers(chat)
    assert (reply.msgtype, reply.title, reply.text, reply.at) == ("markdown", "title", "# hello", ())
