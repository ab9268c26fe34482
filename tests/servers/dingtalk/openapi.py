"""The calls a robot makes, each checking what the real server checks.

Every function takes the world and the call and returns the answer's JSON; it raises `Refusal`. Fields that
are not known are ignored, as there. https://open.dingtalk.com/document/orgapp/robot-overview
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from .cards import create, create_and_deliver, deliver, stream, update
from .refusals import Refusal, errcode, no_permission, refused, too_fast
from .world import Json, Robot, Sent, Ticket, World

TOKEN_HEADER = "x-acs-dingtalk-access-token"
MAX_RECIPIENTS = 20
MAX_WEBHOOK_BYTES = 20_000
_UPLOADS = {"image": 20 << 20, "voice": 2 << 20, "video": 20 << 20, "file": 20 << 20}


@dataclass(slots=True)
class Call:
    """One request of a robot's.

    `params`: query and body together. `robot`: whose token it bears. `time` is `time.monotonic()`; `status`
    is None while it has no answer, `answer` is what it was told.
    """

    method: str
    path: str
    params: Json
    headers: dict[str, str]
    time: float = field(default_factory=time.monotonic)
    status: int | None = None
    answer: Any = None
    robot: Robot | None = None

    @property
    def app(self) -> Robot:
        """The robot that makes it, which must be known by now."""
        if self.robot is None:
            raise refused("AuthenticationFailed.MissingParameter", f"缺少参数：{TOKEN_HEADER}")
        return self.robot


def open_gateway(world: World, call: Call) -> Json:
    """A ticket for one connection. https://open-dingtalk.github.io/developerpedia/docs/learn/stream/protocol"""
    robot = world.robots.get(str(call.params.get("clientId")))
    if robot is None or robot.client_secret != call.params.get("clientSecret"):
        raise refused("authFailed", "鉴权失败", 401)
    wanted = call.params.get("subscriptions")
    if not isinstance(wanted, list) or not wanted:
        raise refused("MissingSubscriptions", "Subscriptions is mandatory for this action.")
    topics = frozenset((str(one.get("type")), str(one.get("topic"))) for one in wanted)
    ticket = str(uuid.uuid4())
    world.tickets[ticket] = Ticket(robot, topics, time.monotonic() + world.ticket_seconds)
    return {"endpoint": f"{world.root.replace('http', 'ws', 1)}/connect", "ticket": ticket}


def new_token(world: World, call: Call) -> Json:
    """An access token, by POST."""
    robot = world.robots.get(str(call.params.get("appKey")))
    if robot is None or robot.client_secret != call.params.get("appSecret"):
        raise refused("invalidClientIdOrSecret", "无效的clientId或者clientSecret")
    token, seconds = _token(world, robot)
    return {"accessToken": token, "expireIn": seconds}


def old_token(world: World, call: Call) -> Json:
    """An access token, by GET from the older API; good for both."""
    if "appkey" not in call.params:
        raise errcode(40035, "缺少参数 corpid or appkey")
    robot = world.robots.get(str(call.params["appkey"]))
    if robot is None or robot.client_secret != call.params.get("appsecret"):
        raise errcode(40096, "不合法的appKey或appSecret")
    token, seconds = _token(world, robot)
    return {"errcode": 0, "access_token": token, "errmsg": "ok", "expires_in": seconds}


def _token(world: World, robot: Robot) -> tuple[str, int]:
    now = time.time()
    for token, (owner, until) in world.tokens.items():
        if owner is robot and until > now:  # asked again, it gives the same one
            return token, int(until - now)
    token = uuid.uuid4().hex
    world.tokens[token] = (robot, now + world.token_seconds)
    return token, int(world.token_seconds)


def send_to_people(world: World, call: Call) -> Json:
    """A message to people in the organisation, each in the conversation with the robot."""
    robot, (msgtype, text, title, params) = _sender(call), _sample(call)
    staff_ids = call.params.get("userIds")
    if not isinstance(staff_ids, list) or not staff_ids:
        raise refused("MissinguserIds", "userIds is mandatory for this action.")
    if len(staff_ids) > MAX_RECIPIENTS:
        raise refused("invalidParameter.userIds", "userIds 超过最大限制")
    found = {staff_id: world.staff(str(staff_id)) for staff_id in staff_ids}
    users = [user for user in found.values() if user is not None]
    if not users:
        raise refused("staffId.notExisted", "staffId.notExisted")
    for user in users:
        sent = Sent(text, title, msgtype, "openapi", (), robot, params, time.monotonic())
        world.show(world.private(user, robot), sent)
    missing = [staff_id for staff_id, user in found.items() if user is None]
    key = world.mark("pqk")
    return {"processQueryKey": key, "invalidStaffIdList": missing, "flowControlledStaffIdList": []}


def send_to_group(world: World, call: Call) -> Json:
    """A message to a group that the robot is in."""
    robot, (msgtype, text, title, params) = _sender(call), _sample(call)
    room = world.rooms.get(str(call.params.get("openConversationId")))
    if room is None or room.private:
        raise refused("invalidParameter.openConversationId", "openConversationId 不合法")
    if robot not in room.robots:
        raise refused("robot.notInGroup", "机器人不在群内")
    sent = Sent(text, title, msgtype, "openapi", (), robot, params, time.monotonic())
    world.show(room, sent)
    return {"processQueryKey": world.mark("pqk")}


def find_file(world: World, call: Call) -> Json:
    """Where a file that somebody sent can be fetched from."""
    _sender(call)
    code = str(call.params.get("downloadCode"))
    if code not in world.files:
        raise refused("invalidParameter.downloadCode", "downloadCode 不合法")
    return {"downloadUrl": f"{world.root}/files/{code}"}


def upload(world: World, call: Call) -> Json:
    """Keep a file to be sent; its media id."""
    kind, content = str(call.params.get("type")), call.params.get("media")
    if kind not in _UPLOADS:
        raise errcode(40004, "不合法的媒体文件类型")
    if not isinstance(content, bytes) or not content:
        raise errcode(41005, "缺少多媒体文件数据")
    if len(content) > _UPLOADS[kind]:
        raise errcode(40009, "不合法的媒体文件大小")
    media_id = world.mark("@lAD")
    world.media[media_id] = content
    return {
        "errcode": 0,
        "errmsg": "ok",
        "type": kind,
        "media_id": media_id,
        "created_at": int(time.time() * 1000),
    }


def answer_session(world: World, call: Call) -> Json:
    """A message into the conversation that a sessionWebhook stands for."""
    session = world.sessions.get(str(call.params.get("session")))
    if session is None or session.until <= time.time():
        raise errcode(300001, "session 不存在")
    call.robot = session.robot
    limit = world.webhook_per_minute
    if limit is not None and world.too_often(session.robot.client_id, session.room.id, limit, 60):
        raise errcode(130101, "send too fast, exceed 20 times per minute")
    if len(orjson.dumps(call.params)) > MAX_WEBHOOK_BYTES:
        raise errcode(460101, "message too long, exceed 20000 bytes")
    world.show(session.room, plain(session.robot, call.params, "webhook"))
    return {"errcode": 0, "errmsg": "ok"}


_PARTS = {
    "text": ("content",),
    "markdown": ("title", "text"),
    "link": ("title", "text", "messageUrl"),
    "actionCard": ("title", "text"),
    "feedCard": ("links",),
}


def plain(robot: Robot, body: Json, via: str) -> Sent:
    """The message that *body* says in the words of the custom robots' API."""
    msgtype = body.get("msgtype")
    if msgtype in ("file", "image", "voice", "video"):
        raise errcode(401102, "不支持的消息类型")
    if msgtype not in _PARTS:
        raise errcode(400105, "不支持的消息类型")
    content = body.get(msgtype)
    if not isinstance(content, dict):
        raise errcode(40035, f"缺少参数 {msgtype}")
    for part in _PARTS[msgtype]:
        if not content.get(part):
            raise errcode(40035, f"缺少参数 {msgtype}.{part}")
    at = body.get("at") or {}
    people = tuple(str(who) for who in at.get("atUserIds") or () if who)
    everybody = ("@ALL",) if at.get("isAtAll") else ()
    text = content.get("content" if msgtype == "text" else "text") or ""
    title = str(content.get("title") or "")
    return Sent(text, title, msgtype, via, people + everybody, robot, content, time.monotonic())


def _sender(call: Call) -> Robot:
    robot = call.app
    if "robotCode" not in call.params:
        raise refused("MissingrobotCode", "robotCode is mandatory for this action.")
    if call.params["robotCode"] != robot.code:
        raise refused("resource.not.found", "robot 不存在")
    return robot


_SAMPLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "sampleText": ("text", ("content",)),
    "sampleMarkdown": ("markdown", ("title", "text")),
    "sampleImageMsg": ("image", ("photoURL",)),
    "sampleLink": ("link", ("title", "text", "messageUrl")),
    "sampleActionCard": ("actionCard", ("title", "text")),
    "sampleAudio": ("audio", ("mediaId", "duration")),
    "sampleFile": ("file", ("mediaId", "fileName", "fileType")),
    "sampleVideo": ("video", ("videoMediaId", "videoType", "picMediaId")),
}


def _sample(call: Call) -> tuple[str, str, str, Json]:
    """Type, text, title and parameters of the message template that *call* fills."""
    key, given = call.params.get("msgKey"), call.params.get("msgParam")
    if key not in _SAMPLES:
        raise refused("invalidParameter.msgKey", "msgKey 不合法")
    try:
        params = orjson.loads(given) if isinstance(given, str) else None
    except orjson.JSONDecodeError:
        params = None
    msgtype, parts = _SAMPLES[key]
    if not isinstance(params, dict) or not all(params.get(part) for part in parts):
        raise refused("invalidParameter.msgParam", "msgParam 不合法")
    text = params.get("content" if msgtype == "text" else "text") or ""
    return msgtype, str(text), str(params.get("title") or ""), params


@dataclass(frozen=True, slots=True)
class Action:
    """What a path does; who may: anybody (it checks by itself), or who has a token and *scope*."""

    act: Callable[[World, Call], Json]
    scope: str = ""
    token: bool = True


_INSTANCE, _STREAMING, _MESSAGES = "Card.Instance.Write", "Card.Streaming.Write", "qyapi_robot_sendmsg"

ACTIONS: dict[tuple[str, str], Action] = {
    ("POST", "/v1.0/gateway/connections/open"): Action(open_gateway, token=False),
    ("POST", "/v1.0/oauth2/accessToken"): Action(new_token, token=False),
    ("GET", "/gettoken"): Action(old_token, token=False),
    ("POST", "/robot/sendBySession"): Action(answer_session, token=False),
    ("POST", "/media/upload"): Action(upload),
    ("POST", "/v1.0/robot/oToMessages/batchSend"): Action(send_to_people, _MESSAGES),
    ("POST", "/v1.0/robot/groupMessages/send"): Action(send_to_group, _MESSAGES),
    ("POST", "/v1.0/robot/messageFiles/download"): Action(find_file),
    ("POST", "/v1.0/card/instances"): Action(create, _INSTANCE),
    ("PUT", "/v1.0/card/instances"): Action(update, _INSTANCE),
    ("POST", "/v1.0/card/instances/deliver"): Action(deliver, _INSTANCE),
    ("POST", "/v1.0/card/instances/createAndDeliver"): Action(create_and_deliver, _INSTANCE),
    ("PUT", "/v1.0/card/streaming"): Action(stream, _STREAMING),
}


def perform(world: World, call: Call) -> Json:
    """Do what *call* asks. Raises `Refusal`."""
    action = ACTIONS.get((call.method, call.path))
    if action is None:
        if call.path.startswith("/v1.0/"):
            words = "Specified api is not found, please check your url and method."
            raise refused("InvalidAction.NotFound", words, 404)
        raise errcode(22, "不合法ApiName", sub_msg=f"不合法ApiName，ApiName = {call.path}")
    if action.token:
        call.robot = _bearer(world, call)
        if action.scope and action.scope not in call.robot.scopes:
            raise no_permission(call.robot, action.scope)
        if call.path.startswith("/v1.0/card/"):
            _pace(world, call.robot, f"{call.method} {call.path}")
    return action.act(world, call)


def _pace(world: World, robot: Robot, what: str) -> None:
    if world.card_qps is not None and world.too_often(robot.client_id, what, world.card_qps, 1.0):
        raise too_fast()


def _bearer(world: World, call: Call) -> Robot:
    """Whose token *call* bears: in a header for the newer API, in the query for the older one."""
    new = call.path.startswith("/v1.0/")
    token = call.headers.get(TOKEN_HEADER) if new else call.params.get("access_token")
    if not token:
        if new:
            raise refused("AuthenticationFailed.MissingParameter", f"缺少参数：{TOKEN_HEADER}")
        raise _strange_token("40000", "access_token is blank")
    robot, until = world.tokens.get(str(token), (None, 0.0))
    if robot is None or until <= time.time():
        if new:
            raise refused("InvalidAuthentication", "不合法的access_token", world.token_status)
        raise _strange_token("40014", "不合法的access_token")
    return robot


def _strange_token(number: str, words: str) -> Refusal:
    return errcode(88, f"ding talk error[subcode={number},submsg={words}]", sub_code=number, sub_msg=words)
