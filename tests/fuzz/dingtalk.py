"""DingTalk: frames, callbacks, answers of both generations of interfaces, what is kept."""

from __future__ import annotations

import json
from typing import Any

from adapters.dingtalk.api import Api
from adapters.dingtalk.begun import Begun
from adapters.dingtalk.cards import Cards
from adapters.dingtalk.frames import read
from adapters.dingtalk.intake import Intake
from adapters.dingtalk.limits import Limits
from adapters.dingtalk.options import DingTalkOptions
from adapters.dingtalk.ways import Ways
from gateway import Chat
from gateway.errors import AdapterError
from gateway.http import loads
from tests.adapters.dingtalk_messages import BOT, GROUP, ME, PRIVATE

from .stage import Host, Transport, drive, receive
from .target import Target, decoded

_TREE = {"elementType": "LAYOUT", "children": [{"elementType": "TEXT", "value": "on a card"}]}
_QUOTED = [
    {"msgType": "text", "msgId": "m0", "senderNick": "Bo", "content": {"text": "before"}},
    {"msgType": "picture", "content": {"downloadCode": "x"}},
    {"msgType": "richText", "content": {"richText": [{"content": "a"}, {"downloadCode": "b"}]}},
    {"msgType": "interactiveCard", "content": {"cardContent": [_TREE, _TREE]}},
]
MESSAGES: list[Any] = [
    PRIVATE,
    GROUP,
    PRIVATE | {"msgtype": "richText", "content": {"richText": [{"text": "see"}, {"downloadCode": "code"}]}},
    PRIVATE | {"msgtype": "picture", "content": {"downloadCode": "code"}},
    PRIVATE | {"msgtype": "audio", "content": {"downloadCode": "code", "recognition": "hello"}},
    PRIVATE | {"msgtype": "video", "content": {"downloadCode": "code", "videoType": "mp4", "duration": "3"}},
    PRIVATE | {"msgtype": "file", "content": {"downloadCode": "code", "fileName": "a.pdf"}},
    *(GROUP | {"text": {"content": "so?", "isReplyMsg": True, "repliedMsg": quoted}} for quoted in _QUOTED),
]


def _frame(type: str, topic: str, data: Any) -> dict[str, Any]:
    headers = {"topic": topic, "messageId": "f1", "contentType": "application/json", "time": "1700000000"}
    return {"specVersion": "1.0", "type": type, "headers": headers, "data": data}


_TOPIC = "/v1.0/im/bot/messages/get"
FRAMES: list[Any] = [
    *(_frame("CALLBACK", _TOPIC, json.dumps(message)) for message in MESSAGES[:5]),
    _frame("SYSTEM", "ping", '{"opaque":"0d2a"}'),
    _frame("SYSTEM", "disconnect", '{"reason":"idle"}'),
    _frame("EVENT", "*", {"eventType": "x", "more": [1, {"a": None}]}),
]
ANSWERS: list[Any] = [
    {"accessToken": "token", "expireIn": 7200},
    {"endpoint": "wss://wss-open-connection.dingtalk.com/connect", "ticket": "t"},
    {"accessToken": "token", "media_id": "@m", "errcode": 0, "errmsg": "ok", "processQueryKey": "p"},
    {
        "accessToken": "token",
        "success": True,
        "result": {"deliverResults": [{"success": False, "errorMsg": "no"}]},
    },
    {"accessToken": "token", "errcode": 130101, "errmsg": "send too fast"},
    {"accessToken": "token", "errcode": 300001, "errmsg": "token is not exist"},
    {"accessToken": "token", "code": "Forbidden.AccessDenied.QpsLimitForApi", "message": "busy"},
    {
        "accessToken": "token",
        "code": "Forbidden.AccessDenied.AccessTokenPermissionDenied",
        "message": "no",
        "accessdenieddetail": {"requiredScopes": ["Card.Streaming.Write"]},
    },
]
WAY = {"webhook": "https://oapi.dingtalk.com/robot/x", "until": 1_700_005_400.0, "staff_id": "staff1"}
_OPTIONS = DingTalkOptions.model_validate(
    {"client_id": "app", "client_secret": "secret", "card_template_id": "t.schema", "pacing": None}
)
_CHAT = Chat("ding", "cid1", "group", account="app")
_PRIVATE_CHAT = Chat("ding", "cid1", "private", account="app")


def _take(payload: Any) -> None:
    host: Any = Host()
    intake = Intake(ME, Ways(host), receive)
    drive(intake.take([payload]))


def _message(data: bytes) -> None:
    _take(loads(data))


def _read_frame(data: bytes) -> None:
    frame = read(data)
    if frame is not None:
        _ = frame.is_farewell, frame.is_sign_of_life
        frame.acknowledgement().encode()
        _take(frame.payload)


def _packed(data: bytes) -> bytes:
    """A message as the text that it is inside a frame."""
    return json.dumps(_frame("CALLBACK", _TOPIC, data.decode("utf-8", "replace"))).encode()


def _api(data: bytes) -> Api:
    transport: Any = Transport(data)
    return Api(transport, _OPTIONS)


def _call(data: bytes) -> None:
    drive(_api(data).call("POST", "/v1.0/robot/groupMessages/send", {}))


def _open(data: bytes) -> None:
    drive(_api(data).open_stream([_TOPIC], "agent"))


def _upload(data: bytes) -> None:
    drive(_api(data).upload("file", "a.pdf", b"%PDF"))


def _card(data: bytes) -> None:
    host: Any = Host()
    cards = Cards(_api(data), Limits(None), Begun(host), _OPTIONS)
    drive(cards.begin(_CHAT, "", None, "hello"))


def _way(data: bytes) -> None:
    host: Any = Host(decoded(data))
    for chat in (_CHAT, _PRIVATE_CHAT):
        way = drive(Ways(host).find(chat))
        assert way.open in (True, False)
        way.webhook.encode()
        way.staff_id.encode()


def _begun(data: bytes) -> None:
    host: Any = Host(decoded(data))
    drive(Begun(host).add("card"))


_WORDS = ("text", "richText", "1", "2", "TEXT", "children", "cardContent", BOT, "CALLBACK", "SYSTEM", _TOPIC)
_REFUSED = (AdapterError,)
TARGETS = (
    Target("dingtalk callback bodies", _message, MESSAGES, allowed=(ValueError,), words=_WORDS),
    Target("dingtalk frames", _read_frame, FRAMES, words=_WORDS),
    Target("dingtalk messages in frames", _read_frame, MESSAGES, words=_WORDS, dress=_packed),
    Target("dingtalk answers", _call, ANSWERS, allowed=_REFUSED),
    Target("dingtalk streams", _open, ANSWERS, allowed=_REFUSED),
    Target("dingtalk uploads", _upload, ANSWERS, allowed=_REFUSED),
    Target("dingtalk cards", _card, ANSWERS, allowed=_REFUSED),
    Target("dingtalk ways", _way, [WAY], words=("staff1",)),
    Target("dingtalk begun cards", _begun, [["a", "b"], []]),
)
