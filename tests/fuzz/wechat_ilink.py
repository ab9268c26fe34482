"""iLink: updates, answers, what became of a code, keys of files, what is kept."""

from __future__ import annotations

from typing import Any

from adapters.wechat_ilink.api import Api
from adapters.wechat_ilink.cdn import Cdn
from adapters.wechat_ilink.intake import Intake
from adapters.wechat_ilink.login import QrLogin
from adapters.wechat_ilink.media import Ref, unseal
from adapters.wechat_ilink.parse import Account
from adapters.wechat_ilink.people import People
from adapters.wechat_ilink.polling import Polling
from adapters.wechat_ilink.recent import Recent
from adapters.wechat_ilink.session import Session, Sessions
from gateway import ChannelState
from gateway.errors import AdapterError
from gateway.health import Health
from gateway.http import loads

from .stage import Host, Transport, drive, receive, settle
from .target import Target, decoded

ROOT = "https://ilinkai.weixin.qq.com"
ME = Account("weixin", "o9owner@im.wechat", "bot@im.bot")
SESSION = Session("first", "token", ROOT, "bot@im.bot", "o9owner@im.wechat")
_KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
MEDIA = {
    "encrypt_query_param": "param",
    "aes_key": _KEY,
    "full_url": "https://novac2c.cdn.weixin.qq.com/c2c/x",
}


def _payload(*items: Any, **more: Any) -> dict[str, Any]:
    return {
        "message_id": 7,
        "from_user_id": "o9ann@im.wechat",
        "message_type": 1,
        "create_time_ms": 1_700_000_000_500,
        "context_token": "context",
        "item_list": list(items) or [{"type": 1, "text_item": {"text": " hello "}}],
        **more,
    }


_TEXT = {"type": 1, "msg_id": 5, "text_item": {"text": "hello"}}
_IMAGE = {"type": 2, "image_item": {"media": MEDIA, "aeskey": "30" * 16}}
_VOICE = {"type": 3, "voice_item": {"media": MEDIA, "encode_type": 6, "text": "spoken"}}
_FILE = {"type": 4, "file_item": {"media": MEDIA, "file_name": "a.pdf", "md5": "ab" * 16, "len": "300"}}
_VIDEO = {"type": 5, "video_item": {"media": MEDIA}}
_QUOTE = {"svr_id": 3, "title": "before", "message_item": _FILE, "partial_text": {"start": "a", "end": "z"}}
MESSAGES: list[Any] = [
    _payload(),
    _payload(_TEXT | {"ref_msg": _QUOTE}),
    _payload(_IMAGE),
    _payload(_VOICE, _FILE),
    _payload(_VIDEO, {"type": 11}, {"type": 99}),
    _payload(group_id="room@chatroom"),
]
UPDATES: list[Any] = [
    {"ret": 0, "msgs": MESSAGES[:3], "get_updates_buf": "buf2", "longpolling_timeout_ms": 35_000},
    {"ret": 0, "msgs": MESSAGES[3:], "get_updates_buf": "buf3"},
    {"ret": -14, "errcode": -14, "errmsg": "session timeout"},
]
CODES: list[Any] = [
    {"ret": 0, "qrcode": "id", "qrcode_img_content": "https://liteapp.weixin.qq.com/q/x", "status": "wait"},
    {
        "qrcode": "id",
        "qrcode_img_content": "https://x/",
        "status": "confirmed",
        "bot_token": "t",
        "ilink_bot_id": "b@im.bot",
        "baseurl": ROOT,
        "ilink_user_id": "o9",
    },
    {
        "qrcode": "id",
        "qrcode_img_content": "x",
        "status": "scaned_but_redirect",
        "redirect_host": "sz.weixin.qq.com",
    },
    {"qrcode": "id", "qrcode_img_content": "x", "status": "binded_redirect"},
    {"qrcode": "id", "qrcode_img_content": "x", "status": "expired"},
]
ANSWERS: list[Any] = [
    {"ret": 0, "message_id": 9, "typing_ticket": "ticket"},
    {"ret": 0, "upload_full_url": "https://novac2c.cdn.weixin.qq.com/c2c/up", "upload_param": "p"},
    {"ret": -2, "errmsg": "prevented"},
    {"errcode": -3, "errmsg": "invalid arguments"},
]
KEPT: list[Any] = [
    {
        "account": "bot-of-o9",
        "session": {"id": "first", "token": "token", "root": ROOT, "bot": "b", "user": "o9"},
    },
    {"account": "bot-of-o9"},
]
PERSON = {"session": "first", "heard": 1_700_000_000.5, "message": "7", "leaves": [{"token": "t", "sent": 3}]}


def _sessions(host: Any) -> Sessions:
    sessions = Sessions(host)
    sessions._begin(SESSION)
    sessions._loaded = True
    return sessions


def _intake(host: Any) -> Intake:
    return Intake(ME, People(host, _sessions(host), 10), Recent(), receive)


def _take(data: bytes) -> None:
    payload = loads(data)
    settle(_intake(Host()).take([payload, payload], None))


def _poll(data: bytes) -> None:
    host: Any = Host()
    transport: Any = Transport(data)
    sessions = _sessions(host)
    polling = Polling(Api(transport, sessions), sessions, SESSION, host, _intake(host), Health(host))
    settle(polling._turn())


def _api(data: bytes) -> Api:
    transport: Any = Transport(data)
    return Api(transport, _sessions(Host()))


def _send(data: bytes) -> None:
    drive(_api(data).send({}))


def _ticket(data: bytes) -> None:
    drive(_api(data).typing_ticket("o9", "context"))


def _place(data: bytes) -> None:
    transport: Any = Transport(data)
    place = drive(_api(data).upload_place({}))
    cdn = Cdn(transport, _api(data), "https://novac2c.cdn.weixin.qq.com/c2c")
    cdn._upload_address(place.get("upload_full_url"), place.get("upload_param"), "name").encode()


def _code(data: bytes) -> None:
    """A code, and what became of it."""
    host: Any = Host()
    transport: Any = Transport(data, 2, {"status": "expired"})
    login = QrLogin(host, Api(transport, _sessions(host)), ROOT, 300)
    settle(_log_in(login))


async def _log_in(login: QrLogin) -> None:
    await login._follow(await login._show(ChannelState.NEEDS_LOGIN, SESSION), SESSION)


def _kept_session(data: bytes) -> None:
    host: Any = Host(decoded(data))
    session = drive(Sessions(host).load())
    if session is not None:
        f"{session.root}{session.token}{session.account}{session.id}{session.bot}".encode()


def _kept_person(data: bytes) -> None:
    host: Any = Host(decoded(data))
    person = drive(People(host, _sessions(host), 10)._known(SESSION, "o9"))
    if person is not None:
        person.leaves[0].token.encode() if person.leaves else None
        _ = person.heard + 1, sum(leave.sent for leave in person.leaves), person.message + ""


def _ref(data: bytes) -> None:
    ref = Ref.read(decoded(data))
    unseal(ref, b"0123456789abcdef")


_WORDS = (
    _KEY,
    "wait",
    "confirmed",
    "scaned",
    "expired",
    "need_verifycode",
    "localhost",
    "[::1]",
    "a@b",
    "x.weixin.qq.com:443",
)
_REFUSED = (AdapterError,)
TARGETS = (
    Target("ilink messages", _take, MESSAGES, allowed=(ValueError,), words=_WORDS),
    Target("ilink updates", _poll, UPDATES, allowed=_REFUSED, words=_WORDS),
    Target("ilink sent", _send, ANSWERS, allowed=_REFUSED),
    Target("ilink typing", _ticket, ANSWERS, allowed=_REFUSED),
    Target("ilink uploads", _place, ANSWERS, allowed=_REFUSED, words=_WORDS),
    Target("ilink codes", _code, CODES, allowed=_REFUSED, words=_WORDS),
    Target("ilink sessions", _kept_session, KEPT),
    Target("ilink people", _kept_person, [PERSON]),
    Target(
        "ilink files",
        _ref,
        [{"param": "p", "url": "u", "key": "30" * 16, "md5": "ab", "size": 3}],
        allowed=_REFUSED,
    ),
)
