"""The DingTalk simulator opens connections, delivers over them and goes silent as DingTalk does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web

from tests.servers.dingtalk import Connection, DingTalkServer, Room, User, sign
from tests.servers.dingtalk.client import RawClient, ack, hear
from tests.servers.dingtalk.stream import MESSAGES
from tests.servers.listening import Port

Json = dict[str, Any]


@pytest.fixture
async def dingtalk() -> AsyncIterator[DingTalkServer]:
    async with DingTalkServer(redelivery=(0.2, 0.4), announces=False) as server:
        yield server


@pytest.fixture
async def client(dingtalk: DingTalkServer) -> AsyncIterator[RawClient]:
    async with RawClient(dingtalk) as client:
        yield client


@pytest.fixture
def ann(dingtalk: DingTalkServer) -> User:
    return dingtalk.user("Ann")


@pytest.fixture
def chat(dingtalk: DingTalkServer, ann: User) -> Room:
    return dingtalk.private(ann)


# -- opening a connection


async def test_the_gateway_wants_the_secret_and_subscriptions(client: RawClient) -> None:
    path = "/v1.0/gateway/connections/open"
    wrong = {"clientId": "ding-app", "clientSecret": "guessed", "subscriptions": [{}]}
    status, body = await client.call("POST", path, wrong)
    assert (status, body["code"]) == (401, "authFailed")
    status, body = await client.call("POST", path, {**wrong, "clientSecret": "secret", "subscriptions": []})
    assert status == 400


async def test_the_gateway_answers_xml_to_who_does_not_ask_for_json(client: RawClient) -> None:
    body = {"clientId": "ding-app", "clientSecret": "secret", "subscriptions": [{}]}
    with pytest.raises(orjson.JSONDecodeError):
        await client.call("POST", "/v1.0/gateway/connections/open", body, Accept="*/*")


async def test_a_ticket_opens_one_connection(dingtalk: DingTalkServer, client: RawClient) -> None:
    given = await client.ticket()
    async with await client.socket(given):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await client.socket(given)
        assert len(dingtalk.connections["ding-app"]) == 1
    await dingtalk.until(lambda: not dingtalk.connections["ding-app"])


async def test_a_ticket_is_good_for_its_time_only() -> None:
    async with DingTalkServer(ticket_seconds=0.05) as dingtalk, RawClient(dingtalk) as client:
        given = await client.ticket()
        await asyncio.sleep(0.06)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await client.socket(given)


async def test_a_connection_may_begin_with_system_frames() -> None:
    async with DingTalkServer() as dingtalk, RawClient(dingtalk) as client:
        socket = await client.connect()
        topics = [(await hear(socket))["headers"]["topic"] for _ in range(2)]
    assert topics == ["CONNECTED", "REGISTERED"]


# -- what is delivered


async def test_a_private_message_has_what_a_robot_needs(
    dingtalk: DingTalkServer, client: RawClient, chat: Room, ann: User
) -> None:
    socket = await client.connect()
    number = dingtalk.say(chat, ann, "hello")
    frame = await hear(socket)
    data = frame["data"]
    assert (frame["type"], frame["headers"]["topic"]) == ("CALLBACK", MESSAGES)
    assert data["msgId"] == number
    assert (data["conversationType"], data["conversationId"]) == ("1", chat.id)
    assert (data["senderId"], data["senderStaffId"], data["senderNick"]) == (ann.id, "staff1", "Ann")
    assert data["robotCode"] == "ding-app"
    assert data["text"] == {"content": "hello"}
    assert data["sessionWebhookExpiredTime"] - data["createAt"] == pytest.approx(5_400_000, abs=100)
    assert "isInAtList" not in data


async def test_only_mentions_reach_a_robot_in_a_group(
    dingtalk: DingTalkServer, client: RawClient, ann: User
) -> None:
    socket = await client.connect()
    group = dingtalk.group("Friends", ann)
    dingtalk.say(group, ann, "among us", mention=False)
    dingtalk.say(group, ann, "to the robot")
    data = (await hear(socket))["data"]
    assert data["text"] == {"content": " to the robot"}
    assert (data["conversationType"], data["conversationTitle"], data["isInAtList"]) == ("2", "Friends", True)
    assert data["atUsers"] == [{"dingtalkId": data["chatbotUserId"]}]


async def test_people_from_outside_have_no_user_id(dingtalk: DingTalkServer, client: RawClient) -> None:
    socket = await client.connect()
    eve = dingtalk.user("Eve", staff_id=None)
    dingtalk.say(dingtalk.private(eve), eve, "hi")
    assert "senderStaffId" not in (await hear(socket))["data"]


async def test_media_come_with_a_code_to_fetch_them(
    dingtalk: DingTalkServer, client: RawClient, chat: Room, ann: User
) -> None:
    socket = await client.connect()
    await client.log_in()
    dingtalk.picture(chat, ann, content=b"pixels")
    dingtalk.audio(chat, ann, content=b"sound", recognition="what I said")
    dingtalk.file(chat, ann, content=b"bytes", name="a.txt")
    dingtalk.video(chat, ann, content=b"film")
    dingtalk.rich_text(chat, ann, "look:", b"more pixels")
    found = []
    for _ in range(5):
        data = (await hear(socket))["data"]
        content = data["content"]
        code = content.get("downloadCode") or content["richText"][1]["downloadCode"]
        body = {"robotCode": "ding-app", "downloadCode": code}
        answer = await client.post("/v1.0/robot/messageFiles/download", body)
        found.append((data["msgtype"], await client.get(answer["downloadUrl"])))
        if data["msgtype"] == "audio":
            assert content["recognition"] == "what I said"
    assert found == [
        ("picture", b"pixels"),
        ("audio", b"sound"),
        ("file", b"bytes"),
        ("video", b"film"),
        ("richText", b"more pixels"),
    ]


async def test_a_quotation_has_the_text_of_people_and_nothing_of_robots(
    dingtalk: DingTalkServer, client: RawClient, chat: Room, ann: User
) -> None:
    socket = await client.connect()
    first = dingtalk.say(chat, ann, "first")
    webhook = (await hear(socket))["data"]["sessionWebhook"]
    await client.post(webhook, {"msgtype": "text", "text": {"content": "answer"}})
    dingtalk.say(chat, ann, "that one", quote=first)
    text = (await hear(socket))["data"]["text"]
    assert (text["content"], text["isReplyMsg"]) == ("that one", True)
    assert text["repliedMsg"]["content"] == {"text": "first"}
    [answer] = dingtalk.sent(chat)
    dingtalk.say(chat, ann, "this one", quote=answer)
    assert "content" not in (await hear(socket))["data"]["text"]["repliedMsg"]


async def test_only_what_was_subscribed_to_is_delivered(
    dingtalk: DingTalkServer, client: RawClient, chat: Room, ann: User
) -> None:
    socket = await client.connect(topics=[("EVENT", "*")])
    dingtalk.say(chat, ann, "hello")
    number = dingtalk.event(dingtalk.first, "user_add_org", {"userId": ["staff1"]})
    frame = await hear(socket)
    assert (frame["type"], frame["headers"]["eventId"]) == ("EVENT", number)


async def test_each_robot_gets_its_own(dingtalk: DingTalkServer, ann: User) -> None:
    one, two = dingtalk.robot("one"), dingtalk.robot("two")
    group = dingtalk.group("Both", ann, robot=(one, two))
    async with RawClient(dingtalk, one) as first, RawClient(dingtalk, two) as second:
        sockets = await first.connect(), await second.connect()
        dingtalk.say(group, ann, "for one", mention=one)
        dingtalk.say(group, ann, "for two", mention=two)
        dingtalk.say(dingtalk.private(ann, two), ann, "also for two")
        assert (await hear(sockets[0]))["data"]["text"]["content"] == " for one"
        heard = {(await hear(sockets[1]))["data"]["text"]["content"] for _ in range(2)}
    assert heard == {" for two", "also for two"}


# -- acknowledgements


async def test_what_is_not_acknowledged_comes_again_twice(
    dingtalk: DingTalkServer, client: RawClient, chat: Room, ann: User
) -> None:
    socket = await client.connect()
    began = time.monotonic()
    number = dingtalk.say(chat, ann, "hello")
    frames = [await hear(socket) for _ in range(3)]
    assert 0.39 < time.monotonic() - began < 5
    assert {frame["data"]["msgId"] for frame in frames} == {number}
    assert len({frame["headers"]["messageId"] for frame in frames}) == 1
    with pytest.raises(TimeoutError):
        await hear(socket, 0.3)


async def test_what_is_acknowledged_comes_once(
    dingtalk: DingTalkServer, client: RawClient, chat: Room, ann: User
) -> None:
    socket = await client.connect()
    number = dingtalk.say(chat, ann, "hello")
    await ack(socket, await hear(socket))
    await dingtalk.until(lambda: number in dingtalk.acks)
    with pytest.raises(TimeoutError):
        await hear(socket, 0.5)


@pytest.mark.parametrize(
    "wrong", [{"code": 500}, {"data": {"response": None}}, {"data": "done"}, {"headers": {"messageId": "x"}}]
)
async def test_a_wrong_acknowledgement_is_none(
    dingtalk: DingTalkServer, client: RawClient, chat: Room, ann: User, wrong: Json
) -> None:
    socket = await client.connect()
    dingtalk.say(chat, ann, "hello")
    await ack(socket, await hear(socket), **wrong)
    await dingtalk.until(lambda: dingtalk.complaints)
    assert dingtalk.acks == {}
    assert await hear(socket)


async def test_an_event_can_be_put_off(dingtalk: DingTalkServer, client: RawClient) -> None:
    socket = await client.connect()
    number = dingtalk.event(dingtalk.first, "user_add_org", {})
    await ack(socket, await hear(socket), data='{"status": "LATER"}')
    await ack(socket, await hear(socket), data='{"status": "SUCCESS"}')
    await dingtalk.until(lambda: number in dingtalk.acks)


async def test_an_acknowledged_message_can_come_again(
    dingtalk: DingTalkServer, client: RawClient, chat: Room, ann: User
) -> None:
    socket = await client.connect()
    number = dingtalk.say(chat, ann, "hello")
    first = await hear(socket)
    await ack(socket, first)
    await dingtalk.redeliver(number)
    second = await hear(socket)
    await dingtalk.redeliver(number, fresh=False)
    third = await hear(socket)
    assert {frame["data"]["msgId"] for frame in (first, second, third)} == {number}
    assert first["headers"]["messageId"] == third["headers"]["messageId"] != second["headers"]["messageId"]


async def test_a_message_waits_for_a_connection_until_its_last_time(
    dingtalk: DingTalkServer, client: RawClient, chat: Room, ann: User
) -> None:
    number = dingtalk.say(chat, ann, "hello")
    socket = await client.connect()
    assert (await hear(socket))["data"]["msgId"] == number


async def test_what_was_not_acknowledged_is_delivered_after_an_outage(
    dingtalk: DingTalkServer, client: RawClient, chat: Room, ann: User
) -> None:
    before = await client.connect()
    await dingtalk.__aexit__()
    number = dingtalk.say(chat, ann, "hello")
    await dingtalk.__aenter__()
    socket = await client.connect()
    assert (await hear(socket))["data"]["msgId"] == number
    assert (await before.receive(timeout=2)).type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)


# -- silence


async def test_pings_come_and_answers_are_counted() -> None:
    async with DingTalkServer(ping_every=0.05, announces=False) as dingtalk, RawClient(dingtalk) as client:
        socket = await client.connect()
        ping = await hear(socket)
        assert ping["headers"]["topic"] == "ping"
        await ack(socket, ping, data=orjson.dumps(ping["data"]).decode())
        [connection] = dingtalk.connections["ding-app"]
        await dingtalk.until(lambda: connection.pongs == 1)
        await ack(socket, await hear(socket), data="{}")
        await dingtalk.until(lambda: dingtalk.complaints)


async def test_after_a_disconnect_frame_nothing_comes_and_then_the_connection_ends(
    dingtalk: DingTalkServer, client: RawClient, chat: Room, ann: User
) -> None:
    old = await client.connect()
    dingtalk.disconnect(dingtalk.first, after=0.3)
    assert (await hear(old))["headers"]["topic"] == "disconnect"
    told = time.monotonic()
    dingtalk.say(chat, ann, "lost on the old one")
    new = await client.connect()
    assert (await hear(new))["data"]["text"]["content"] == "lost on the old one"
    message = await old.receive(timeout=5)
    assert message.type is aiohttp.WSMsgType.CLOSED
    assert 0.25 < time.monotonic() - told < 5


async def test_a_dropped_connection_ends_at_once(dingtalk: DingTalkServer, client: RawClient) -> None:
    socket = await client.connect()
    dingtalk.drop(dingtalk.first)
    message = await socket.receive(timeout=2)
    assert message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
    await dingtalk.until(lambda: not dingtalk.connections["ding-app"])


async def test_a_zombie_answers_pings_and_delivers_nothing(
    dingtalk: DingTalkServer, client: RawClient, chat: Room, ann: User
) -> None:
    socket = await client.connect()
    dingtalk.zombie(dingtalk.first)
    dingtalk.say(chat, ann, "hello")
    with pytest.raises(TimeoutError):
        await hear(socket, 0.3)
    await socket.ping()
    assert not socket.closed
    assert len(dingtalk.connections["ding-app"]) == 1


async def test_a_zombie_takes_messages_from_its_successor(
    dingtalk: DingTalkServer, client: RawClient, chat: Room, ann: User
) -> None:
    forgotten = await client.connect()
    dingtalk.zombie(dingtalk.first)
    socket = await client.connect()

    def oldest(candidates: list[Connection]) -> Connection:
        return candidates[0]

    dingtalk.deliveries.pick = oldest
    dingtalk.say(chat, ann, "stolen")
    with pytest.raises(TimeoutError):
        await hear(socket, 0.5)
    await forgotten.close()
    dingtalk.say(chat, ann, "not stolen")
    assert (await hear(socket))["data"]["text"]["content"] == "not stolen"


# -- the callback


class Hook:
    """A web server that takes callbacks."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], Json]] = []
        self.answers = [web.Response()]
        self.url = ""

    async def handle(self, request: web.BaseRequest) -> web.Response:
        self.requests.append((dict(request.headers), orjson.loads(await request.read())))
        return self.answers.pop(0) if self.answers else web.Response()


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    async with Port(hook.handle) as port:
        hook.url = f"{port.root}/hook"
        yield hook


def test_a_callback_is_signed_with_the_secret() -> None:
    assert sign("1577262236757", "this is a secret") == "DJrE6qdyVGCQz9z5r2MDuNcNAhwYnuAkyj13cx169CA="


async def test_a_callback_has_the_message_and_its_signature(
    dingtalk: DingTalkServer, chat: Room, ann: User, hook: Hook
) -> None:
    dingtalk.callback(dingtalk.first, hook.url)
    number = dingtalk.say(chat, ann, "hello")
    await dingtalk.until(lambda: number in dingtalk.acks)
    [(headers, data)] = hook.requests
    assert data["msgId"] == number
    assert abs(int(headers["timestamp"]) - time.time() * 1000) < 10_000
    assert headers["sign"] == sign(headers["timestamp"], "secret")


async def test_the_answer_to_a_callback_can_be_a_message(
    dingtalk: DingTalkServer, chat: Room, ann: User, hook: Hook
) -> None:
    body = orjson.dumps({"msgtype": "text", "text": {"content": "at once"}})
    hook.answers = [web.Response(body=body, content_type="application/json")]
    dingtalk.callback(dingtalk.first, hook.url)
    dingtalk.say(chat, ann, "hello")
    [sent] = await dingtalk.answers(chat)
    assert (sent.text, sent.via) == ("at once", "response")


async def test_a_callback_that_fails_comes_again(
    dingtalk: DingTalkServer, chat: Room, ann: User, hook: Hook
) -> None:
    hook.answers = [web.Response(status=503)]
    dingtalk.callback(dingtalk.first, hook.url)
    number = dingtalk.say(chat, ann, "hello")
    await dingtalk.until(lambda: number in dingtalk.acks)
    assert [data["msgId"] for _, data in hook.requests] == [number, number]
    assert dingtalk.complaints == ["/hook answered 503"]


# -- waiting


async def test_waiting_in_vain_says_what_was_seen(
    dingtalk: DingTalkServer, client: RawClient, chat: Room, ann: User
) -> None:
    socket = await client.connect()
    dingtalk.say(chat, ann, "hello")
    with pytest.raises(AssertionError, match=r"not within 0\.1 s") as caught:
        await dingtalk.answers(chat, timeout=0.1)
    seen = str(caught.value)
    assert "/v1.0/gateway/connections/open" in seen
    assert "connection of ding-app: open" in seen
    assert not socket.closed
