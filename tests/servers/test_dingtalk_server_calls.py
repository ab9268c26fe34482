"""The DingTalk simulator does what robots ask, and refuses what DingTalk refuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest

from tests.servers.dingtalk import DingTalkServer, Room, User
from tests.servers.dingtalk.client import RawClient, hear

Json = dict[str, Any]
TO_PEOPLE = "/v1.0/robot/oToMessages/batchSend"
TO_GROUP = "/v1.0/robot/groupMessages/send"
CARDS = "/v1.0/card/instances"
STREAMING = "/v1.0/card/streaming"
TEXT: Json = {"msgKey": "sampleText", "msgParam": '{"content": "hi"}', "robotCode": "ding-app"}


@pytest.fixture
async def dingtalk() -> AsyncIterator[DingTalkServer]:
    async with DingTalkServer(announces=False) as server:
        yield server


@pytest.fixture
async def client(dingtalk: DingTalkServer) -> AsyncIterator[RawClient]:
    async with RawClient(dingtalk) as client:
        await client.log_in()
        yield client


@pytest.fixture
def ann(dingtalk: DingTalkServer) -> User:
    return dingtalk.user("Ann")


@pytest.fixture
def chat(dingtalk: DingTalkServer, ann: User) -> Room:
    return dingtalk.private(ann)


@pytest.fixture
def group(dingtalk: DingTalkServer, ann: User) -> Room:
    return dingtalk.group("Friends", ann)


async def refused(client: RawClient, path: str, body: Json, method: str = "POST") -> tuple[int, str]:
    """Status and code of a call that must fail."""
    status, answer = await client.call(method, path, body)
    assert status >= 400, answer
    assert set(answer) >= {"code", "message", "requestid"}
    return status, answer["code"]


# -- tokens


async def test_both_ways_to_get_a_token_give_the_same_one(client: RawClient) -> None:
    status, old = await client.call("GET", "/gettoken?appkey=ding-app&appsecret=secret")
    assert status == 200
    assert 7100 < old.pop("expires_in") <= 7200
    assert old == {"errcode": 0, "errmsg": "ok", "access_token": client.token}


async def test_a_wrong_secret_gets_no_token(client: RawClient) -> None:
    wrong = {"appKey": "ding-app", "appSecret": "guessed"}
    assert await refused(client, "/v1.0/oauth2/accessToken", wrong) == (400, "invalidClientIdOrSecret")
    status, old = await client.call("GET", "/gettoken?appkey=ding-app&appsecret=guessed")
    assert (status, old["errcode"]) == (200, 40096)


async def test_a_call_needs_a_token_that_lives(
    dingtalk: DingTalkServer, client: RawClient, ann: User
) -> None:
    body = {**TEXT, "userIds": ["staff1"]}
    await client.post(TO_PEOPLE, body)
    dingtalk.expire_tokens()
    assert await refused(client, TO_PEOPLE, body) == (400, "InvalidAuthentication")
    dingtalk.expire_tokens(status=401)
    assert await refused(client, TO_PEOPLE, body) == (401, "InvalidAuthentication")
    client.token = ""
    assert await refused(client, TO_PEOPLE, body) == (400, "AuthenticationFailed.MissingParameter")
    await client.log_in()
    await client.post(TO_PEOPLE, body)


async def test_a_token_ends_after_its_time() -> None:
    async with DingTalkServer(token_seconds=0.1) as dingtalk, RawClient(dingtalk) as client:
        old = await client.log_in()
        await asyncio.sleep(0.11)
        body = {**TEXT, "userIds": ["staff1"]}
        assert await refused(client, TO_PEOPLE, body) == (400, "InvalidAuthentication")
        assert await client.log_in() != old


async def test_an_unknown_path_is_refused_as_each_host_does(client: RawClient) -> None:
    assert await refused(client, "/v1.0/robot/telepathy", {}) == (404, "InvalidAction.NotFound")
    status, body = await client.call("POST", "/robot/telepathy", {})
    assert (status, body["errcode"]) == (200, 22)


async def test_a_body_that_is_not_json_is_none(client: RawClient) -> None:
    status, body = await client.call("POST", TO_PEOPLE, {}, **{"Content-Type": "text/plain"})
    assert (status, body["code"]) == (400, "Missingbody")


# -- webhooks


@pytest.fixture
async def webhook(dingtalk: DingTalkServer, client: RawClient, chat: Room, ann: User) -> str:
    socket = await client.connect()
    dingtalk.say(chat, ann, "hello")
    url: str = (await hear(socket))["data"]["sessionWebhook"]
    return url


async def test_a_webhook_shows_texts_and_markdown(
    dingtalk: DingTalkServer, client: RawClient, chat: Room, webhook: str
) -> None:
    client.token = ""  # it needs none
    at = {"atUserIds": ["staff1", None], "isAtAll": False}
    assert await client.post(webhook, {"msgtype": "text", "text": {"content": "a"}, "at": at}) == {
        "errcode": 0,
        "errmsg": "ok",
    }
    await client.post(webhook, {"msgtype": "markdown", "markdown": {"title": "b", "text": "**c**"}})
    first, second = dingtalk.sent(chat)
    assert (first.msgtype, first.text, first.at, first.via) == ("text", "a", ("staff1",), "webhook")
    assert (second.msgtype, second.title, second.text) == ("markdown", "b", "**c**")


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        ({"msgtype": "file", "file": {"media_id": "@x"}}, 401102),
        ({"msgtype": "smoke", "smoke": {}}, 400105),
        ({"msgtype": "text"}, 40035),
        ({"msgtype": "markdown", "markdown": {"text": "no title"}}, 40035),
        ({"msgtype": "text", "text": {"content": "长" * 7000}}, 460101),
    ],
)
async def test_a_webhook_refuses_with_an_errcode_in_a_200(
    dingtalk: DingTalkServer, client: RawClient, chat: Room, webhook: str, body: Json, errcode: int
) -> None:
    assert (await client.post(webhook, body))["errcode"] == errcode
    assert dingtalk.sent(chat) == []


async def test_an_expired_webhook_does_not_exist(
    dingtalk: DingTalkServer, client: RawClient, webhook: str
) -> None:
    dingtalk.expire_webhooks()
    answer = await client.post(webhook, {"msgtype": "text", "text": {"content": "late"}})
    assert answer == {"errcode": 300001, "errmsg": "session 不存在"}


async def test_a_webhook_expires_when_its_message_says() -> None:
    async with (
        DingTalkServer(announces=False, webhook_seconds=0.1) as dingtalk,
        RawClient(dingtalk) as client,
    ):
        ann = dingtalk.user()
        socket = await client.connect()
        dingtalk.say(dingtalk.private(ann), ann, "hello")
        data = (await hear(socket))["data"]
        assert data["sessionWebhookExpiredTime"] - data["createAt"] == pytest.approx(100, abs=20)
        await asyncio.sleep(0.12)
        answer = await client.post(data["sessionWebhook"], {"msgtype": "text", "text": {"content": "late"}})
        assert answer["errcode"] == 300001


async def test_a_conversation_can_take_so_many_webhook_messages(
    dingtalk: DingTalkServer, client: RawClient, webhook: str
) -> None:
    dingtalk.limits(webhook_per_minute=2)
    body = {"msgtype": "text", "text": {"content": "a"}}
    assert [(await client.post(webhook, body))["errcode"] for _ in range(3)] == [0, 0, 130101]


# -- messages without a webhook


async def test_a_robot_writes_to_people_by_user_id(
    dingtalk: DingTalkServer, client: RawClient, chat: Room
) -> None:
    bob = dingtalk.user("Bob")
    answer = await client.post(TO_PEOPLE, {**TEXT, "userIds": ["staff1", "staff2", "nobody"]})
    assert answer["invalidStaffIdList"] == ["nobody"]
    assert [sent.text for sent in dingtalk.sent(chat)] == ["hi"]
    assert [sent.via for sent in dingtalk.sent(dingtalk.private(bob))] == ["openapi"]


async def test_a_robot_writes_to_its_groups(dingtalk: DingTalkServer, client: RawClient, group: Room) -> None:
    markdown = {"msgKey": "sampleMarkdown", "msgParam": '{"title": "t", "text": "# x"}'}
    await client.post(TO_GROUP, {**TEXT, **markdown, "openConversationId": group.id})
    [sent] = dingtalk.sent(group)
    assert (sent.msgtype, sent.title, sent.text) == ("markdown", "t", "# x")
    other = dingtalk.group("Other", robot=dingtalk.robot("other"))
    assert (await refused(client, TO_GROUP, {**TEXT, "openConversationId": other.id}))[0] == 400


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"robotCode": "somebody"}, "resource.not.found"),
        ({"userIds": ["nobody"]}, "staffId.notExisted"),
        ({"userIds": ["staff1"] * 21}, "invalidParameter.userIds"),
        ({"msgKey": "sampleSmoke"}, "invalidParameter.msgKey"),
        ({"msgParam": {"content": "no JSON text"}}, "invalidParameter.msgParam"),
        ({"msgParam": '{"title": "no content"}'}, "invalidParameter.msgParam"),
    ],
)
async def test_a_wrong_message_is_refused(
    dingtalk: DingTalkServer, client: RawClient, chat: Room, change: Json, code: str
) -> None:
    body = {**TEXT, "userIds": ["staff1"], **change}
    assert await refused(client, TO_PEOPLE, body) == (400, code)
    assert dingtalk.sent(chat) == []


async def test_a_permission_that_is_missing_is_named(
    dingtalk: DingTalkServer, client: RawClient, chat: Room
) -> None:
    dingtalk.forbid(dingtalk.first, "qyapi_robot_sendmsg")
    status, answer = await client.call("POST", TO_PEOPLE, {**TEXT, "userIds": ["staff1"]})
    assert (status, answer["code"]) == (403, "Forbidden.AccessDenied.AccessTokenPermissionDenied")
    assert answer["accessdenieddetail"] == {"requiredScopes": ["qyapi_robot_sendmsg"]}
    dingtalk.permit(dingtalk.first, "qyapi_robot_sendmsg")
    await client.post(TO_PEOPLE, {**TEXT, "userIds": ["staff1"]})


# -- files


async def test_what_is_uploaded_can_be_sent(dingtalk: DingTalkServer, client: RawClient, chat: Room) -> None:
    form = aiohttp.FormData()
    form.add_field("type", "image")
    form.add_field("media", b"pixels", filename="a.png", content_type="image/png")
    answer = await client.post(f"/media/upload?access_token={client.token}", form)
    assert answer["errcode"] == 0
    param = orjson.dumps({"photoURL": answer["media_id"]}).decode()
    body = {**TEXT, "msgKey": "sampleImageMsg", "msgParam": param, "userIds": ["staff1"]}
    await client.post(TO_PEOPLE, body)
    [sent] = dingtalk.sent(chat)
    assert dingtalk.world.media[sent.params["photoURL"]] == b"pixels"


async def test_an_upload_with_a_dead_token_is_refused_in_a_200(
    dingtalk: DingTalkServer, client: RawClient
) -> None:
    dingtalk.expire_tokens()
    form = aiohttp.FormData({"type": "file"}, default_to_multipart=True)
    answer = await client.post(f"/media/upload?access_token={client.token}", form)
    assert (answer["errcode"], answer["sub_code"]) == (88, "40014")


async def test_an_unknown_file_cannot_be_fetched(client: RawClient) -> None:
    body = {"robotCode": "ding-app", "downloadCode": "guessed"}
    status, _ = await refused(client, "/v1.0/robot/messageFiles/download", body)
    assert status == 400


# -- cards


def card(space: str, number: str = "card1", **changes: Any) -> Json:
    """The body that makes a card and delivers it."""
    return {
        "cardTemplateId": "ai.schema",
        "outTrackId": number,
        "cardData": {"cardParamMap": {"flowStatus": "1", "title": "AI"}},
        "callbackType": "STREAM",
        "imGroupOpenSpaceModel": {"supportForward": True},
        "imRobotOpenSpaceModel": {"supportForward": True},
        "openSpaceId": f"dtv1.card//{space}",
        "imGroupOpenDeliverModel": {"robotCode": "ding-app"},
        "imRobotOpenDeliverModel": {"spaceType": "IM_ROBOT", "robotCode": "ding-app"},
        **changes,
    }


def piece(content: str, **changes: Any) -> Json:
    """The body that writes on the card."""
    body = {"outTrackId": "card1", "guid": "g", "key": "content", "content": content}
    return {**body, "isFull": True, "isFinalize": False, "isError": False, **changes}


async def write(client: RawClient, content: str, **changes: Any) -> None:
    """Write on the card."""
    status, answer = await client.call("PUT", STREAMING, piece(content, **changes))
    assert (status, answer) == (200, {"success": True, "result": True})


async def test_a_card_is_written_on_until_it_is_finished(
    dingtalk: DingTalkServer, client: RawClient, chat: Room
) -> None:
    answer = await client.post(f"{CARDS}/createAndDeliver", card("IM_ROBOT.staff1"))
    assert answer["result"]["deliverResults"][0]["success"] is True
    [shown] = dingtalk.cards(chat)
    assert shown.state == "PROCESSING"
    await write(client, "one")
    assert shown.state == "INPUTING"
    await write(client, " two", isFull=False)
    await write(client, "one two three", isFinalize=True)
    [sent] = dingtalk.sent(chat)
    assert (sent.text, sent.title, sent.state, sent.via) == ("one two three", "AI", "FINISHED", "card")
    assert sent.history == ("one", "one two", "one two three")
    assert await refused(client, STREAMING, piece("more"), "PUT") == (400, "param.invalid")


async def test_a_card_can_fail(dingtalk: DingTalkServer, client: RawClient, group: Room) -> None:
    await client.post(f"{CARDS}/createAndDeliver", card(f"IM_GROUP.{group.id}"))
    await write(client, "half an ans", isError=True)
    [sent] = dingtalk.sent(group)
    assert (sent.text, sent.state) == ("half an ans", "FAILED")


async def test_a_card_can_be_made_delivered_and_updated_one_by_one(
    dingtalk: DingTalkServer, client: RawClient, group: Room
) -> None:
    body = card(f"IM_GROUP.{group.id}")
    await client.post(CARDS, body)
    assert dingtalk.cards(group) == []
    await client.post(f"{CARDS}/deliver", body)
    await write(client, "text")
    data = {"cardParamMap": {"flowStatus": "3"}}
    options = {"updateCardDataByKey": True}
    update = {"outTrackId": "card1", "cardData": data, "cardUpdateOptions": options}
    assert (await client.call("PUT", CARDS, update))[0] == 200
    [sent] = dingtalk.sent(group)
    assert (sent.text, sent.state) == ("text", "FINISHED")


async def test_a_card_with_more_than_3000_han_is_blank(
    dingtalk: DingTalkServer, client: RawClient, chat: Room
) -> None:
    await client.post(f"{CARDS}/createAndDeliver", card("IM_ROBOT.staff1"))
    await write(client, "长" * 3000 + " and so on")
    assert dingtalk.sent(chat)[0].text.startswith("长")
    await write(client, "长" * 3001)
    [sent] = dingtalk.sent(chat)
    assert sent.text == ""
    assert len(dingtalk.cards(chat)[0].content) == 3001


async def test_too_many_card_updates_in_a_second_meet_403(
    dingtalk: DingTalkServer, client: RawClient, chat: Room
) -> None:
    dingtalk.limits(card_qps=3)
    await client.post(f"{CARDS}/createAndDeliver", card("IM_ROBOT.staff1"))
    for number in range(3):
        await write(client, f"{number}")
    fast = (403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi")
    assert await refused(client, STREAMING, piece("3"), "PUT") == fast
    assert dingtalk.sent(chat)[0].text == "2"
    dingtalk.limits(card_qps=None)
    await write(client, "3")


@pytest.mark.parametrize("scope", ["Card.Instance.Write", "Card.Streaming.Write"])
async def test_each_half_of_cards_has_its_permission(
    dingtalk: DingTalkServer, client: RawClient, chat: Room, scope: str
) -> None:
    await client.post(f"{CARDS}/createAndDeliver", card("IM_ROBOT.staff1"))
    dingtalk.forbid(dingtalk.first, scope)
    calls = [
        ("Card.Instance.Write", "POST", f"{CARDS}/createAndDeliver", card("IM_ROBOT.staff1", "card2")),
        ("Card.Streaming.Write", "PUT", STREAMING, piece("x")),
    ]
    for needed, method, path, body in calls:
        status, answer = await client.call(method, path, body)
        assert status == (403 if needed == scope else 200)
        assert status == 200 or scope in answer["message"]


@pytest.mark.parametrize(
    "change",
    [
        {"cardData": {"cardParamMap": {"flowStatus": 1}}},
        {"cardData": {}},
        {"outTrackId": ""},
    ],
)
async def test_a_wrong_card_is_refused(
    dingtalk: DingTalkServer, client: RawClient, chat: Room, change: Json
) -> None:
    body = card("IM_ROBOT.staff1", **change)
    assert await refused(client, f"{CARDS}/createAndDeliver", body) == (400, "param.invalid")
    assert dingtalk.sent(chat) == []


@pytest.mark.parametrize(
    ("space", "change", "why"),
    [
        ("IM_ROBOT.nobody", {}, "spaces of card is empty"),
        ("IM_ROBOT.staff1", {"imRobotOpenSpaceModel": None}, "spaces of card is empty"),
        ("IM_ROBOT.staff1", {"imRobotOpenDeliverModel": None}, "spaces of card is empty"),
        ("IM_GROUP.nowhere", {}, "robot is not a member of the group"),
    ],
)
async def test_a_card_that_nobody_gets_says_so_in_a_200(
    dingtalk: DingTalkServer, client: RawClient, chat: Room, space: str, change: Json, why: str
) -> None:
    answer = await client.post(f"{CARDS}/createAndDeliver", card(space, **change))
    [result] = answer["result"]["deliverResults"]
    assert (answer["success"], result["success"], result["errorMsg"]) == (True, False, why)
    assert dingtalk.sent(chat) == []


async def test_only_a_card_made_for_it_can_be_streamed(client: RawClient, chat: Room) -> None:
    await client.post(f"{CARDS}/createAndDeliver", card("IM_ROBOT.staff1", callbackType="HTTP"))
    assert await refused(client, STREAMING, piece("x"), "PUT") == (500, "unknownError")


# -- faults


async def test_calls_fail_on_request(dingtalk: DingTalkServer, client: RawClient, chat: Room) -> None:
    body = {**TEXT, "userIds": ["staff1"]}
    dingtalk.fail("batchSend", status=503, times=2)
    assert [(await client.call("POST", TO_PEOPLE, body))[0] for _ in range(3)] == [503, 503, 200]
    dingtalk.fail("batchSend", status=403, when=lambda params: params["msgKey"] == "sampleText")
    assert (await refused(client, TO_PEOPLE, body))[1].endswith("QpsLimitForAppkeyAndApi")
    dingtalk.fail("batchSend", status=500, after_acting=True, times=None)
    await client.call("POST", TO_PEOPLE, body)
    dingtalk.heal()
    await client.post(TO_PEOPLE, body)
    assert len(dingtalk.sent(chat)) == 3
    assert [call.status for call in dingtalk.called("batchSend")] == [503, 503, 200, 403, 500, 200]


async def test_calls_hang_and_break_on_request(dingtalk: DingTalkServer, client: RawClient) -> None:
    dingtalk.hang("/gettoken")
    waiting = asyncio.create_task(client.call("GET", "/gettoken?appkey=ding-app&appsecret=secret"))
    await dingtalk.until(lambda: dingtalk.called("/gettoken"))
    waiting.cancel()
    dingtalk.fail("/gettoken", status=200, body=b'{"errcode": 0}', cut=True)
    with pytest.raises(aiohttp.ClientPayloadError):
        await client.call("GET", "/gettoken?appkey=ding-app&appsecret=secret")
