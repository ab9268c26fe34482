"""WeChat's web protocol: what sync brings, contacts, answers, pages of the login, what is kept."""

from __future__ import annotations

import json
from typing import Any

import requests
from requests.adapters import BaseAdapter

from adapters.wechat_web.client import Endpoint
from adapters.wechat_web.contacts import Contacts
from adapters.wechat_web.entrance import Entrance
from adapters.wechat_web.media import Media
from adapters.wechat_web.online import Online
from adapters.wechat_web.options import WechatWebOptions
from adapters.wechat_web.questions import Questions
from adapters.wechat_web.session import Keys, Session
from adapters.wechat_web.sync import Sync
from gateway.errors import AdapterError, Rejected
from gateway.http import loads
from tests.servers.wechat_web.render import NOTHING

from .stage import Host, drive, receive
from .target import Target, decoded

ROOT = "https://wx2.qq.com/cgi-bin/mmwebwx-bin"
ENDPOINT = Endpoint("https://login.weixin.qq.com", None, 60.0)
SESSION = Session(
    Keys(ROOT, ROOT, ROOT, "42", "sid", "skey", "e1", "pass"),
    user="@us",
    name="Gateway Bot",
    key={"Count": 1, "List": [{"Key": 1, "Val": 5}]},
    check_key="1_5",
)
_PORTRAIT = "/cgi-bin/mmwebwx-bin/webwxgeticon?seq=620825410&username=@ann&skey="


def _contact(name: str, nick: str, **fields: Any) -> dict[str, Any]:
    return {**NOTHING, "UserName": name, "NickName": nick, **fields}


_MEMBERS = [
    {"UserName": "@us", "NickName": "Gateway Bot", "DisplayName": "Bot"},
    {"UserName": "@ann", "NickName": 'Ann <span class="emoji emoji1f602"></span>', "DisplayName": ""},
    {"UserName": "@bo", "NickName": "Gateway Bot Two", "DisplayName": "Bot 2"},
]
CONTACTS: list[Any] = [
    _contact("@ann", 'Ann <span class="emoji emoji1f602"></span>', HeadImgUrl=_PORTRAIT, RemarkName="Anna"),
    _contact("@@room", "Friends &amp; more", MemberList=_MEMBERS, MemberCount=3),
    _contact("@news", "News", VerifyFlag=8),
]


def _said(content: str, sender: str = "@ann", kind: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "MsgId": "5012345678901234567",
        "NewMsgId": 5012345678901234567,
        "FromUserName": sender,
        "ToUserName": "@us",
        "MsgType": kind,
        "Content": content,
        "CreateTime": 1_700_000_000,
        "Status": 3,
        "RecommendInfo": {"UserName": "", "NickName": "", "Ticket": ""},
        **fields,
    }


_DASHES = "- - - - - - - - - - - - - - -"
_RECALL = "&lt;sysmsg&gt;&lt;msgid&gt;501&lt;/msgid&gt;&lt;/sysmsg&gt;"
MESSAGES: list[Any] = [
    _said("hello &lt;b&gt;<br/>two"),
    _said("@ann:<br/>@Gateway Bot\u2005what time is it?", "@@room"),
    _said(f"@ann:<br/>「Gateway Bot：before」<br/>{_DASHES}<br/>and now?", "@@room"),
    _said("", kind=3),
    _said("", kind=34, VoiceLength=3000),
    _said("<msg/>", kind=49, AppMsgType=6, FileName="a &amp; b.pdf", FileSize="300", MediaId="@crypt"),
    _said("<msg/>", kind=49, AppMsgType=5, FileName="A page", Url="http://x/?a=1&amp;b=2"),
    _said("A place:<br/>/cgi-bin/mmwebwx-bin/webwxgetpubliclinkimg?x", Url="http://apis.map.qq.com/"),
    _said("", kind=37, RecommendInfo={"UserName": "@new", "NickName": "New", "Ticket": "v2_ticket"}),
    _said("", kind=42, RecommendInfo={"UserName": "@card", "NickName": "Card"}),
    _said(_RECALL, kind=10002),
    _said("Ann开启了朋友验证，你还不是他（她）朋友。", kind=10000),
    _said("你被Ann移出群聊", "@@room", kind=10000),
    _said("", "@us", kind=51, StatusNotifyUserName="@@room,@ann"),
]
_GOOD = {"Ret": 0, "ErrMsg": ""}
_KEY = {"Count": 2, "List": [{"Key": 1, "Val": 6}, {"Key": 2, "Val": 45}]}
SYNCS: list[Any] = [
    {"BaseResponse": _GOOD, "AddMsgList": [message], "SyncKey": _KEY, "SyncCheckKey": _KEY, "ContinueFlag": 0}
    for message in MESSAGES
]
SYNCS += [
    {
        "BaseResponse": _GOOD,
        "AddMsgList": MESSAGES[:3],
        "ModContactList": CONTACTS,
        "DelContactList": [{"UserName": "@ann", "ContactFlag": 0}],
        "SyncKey": _KEY,
        "ContinueFlag": 1,
    },
    {"BaseResponse": {"Ret": 1101, "ErrMsg": ""}},
]
LISTS: list[Any] = [
    {"BaseResponse": _GOOD, "MemberCount": 3, "MemberList": CONTACTS, "Seq": 0},
    {"BaseResponse": _GOOD, "Count": 3, "ContactList": CONTACTS},
]
INIT = {
    "BaseResponse": _GOOD,
    "User": {**NOTHING, "UserName": "@us", "NickName": "Gateway Bot", "Uin": 42},
    "SyncKey": _KEY,
    "ContactList": CONTACTS,
    "SystemTime": 1_700_000_000,
    "SKey": "@crypt_key",
}
SENT: list[Any] = [
    {"BaseResponse": _GOOD, "MsgID": "501", "LocalID": "17"},
    {"BaseResponse": {"Ret": 1205, "ErrMsg": ""}, "MsgID": ""},
]
_PAGE = (
    "<error><ret>0</ret><message></message><skey>@crypt</skey><wxsid>sid</wxsid><wxuin>42</wxuin>"
    "<pass_ticket>pass%2B</pass_ticket><isgrayscale>1</isgrayscale></error>"
)


class _Canned(BaseAdapter):
    """Answers every request with `data`."""

    def __init__(self) -> None:
        super().__init__()
        self.data = b""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        response = requests.Response()
        response.status_code = 200
        response.request = request
        response.url = request.url or ""
        response.encoding = "utf-8"
        response._content = self.data
        return response

    def close(self) -> None: ...


class _Line:
    """Calls at once."""

    async def call(self, function: Any, cut: Any = None) -> Any:
        return function()


_CANNED = _Canned()


def _mounted(client: Any) -> Any:
    for scheme in ("http://", "https://"):
        client._http.mount(scheme, _CANNED)
    return client


_LINE: Any = _Line()
_ONLINE = Online(ENDPOINT, _LINE, SESSION)
_mounted(_ONLINE.listener)
_mounted(_ONLINE.speaker)
_ENTRANCE = _mounted(Entrance(ENDPOINT, SESSION))
_OPTIONS = WechatWebOptions(auto_pass=True)


def _online() -> Online:
    """A login that knows somebody."""
    _ONLINE.session = SESSION
    _ONLINE.contacts = Contacts(SESSION.user, SESSION.name)
    _ONLINE.contacts.learn(CONTACTS)
    _ONLINE._asked.clear()
    return _ONLINE


def _sync(data: bytes) -> None:
    _CANNED.data = data
    host: Any = Host()
    online = _online()
    sync = Sync(host, _OPTIONS, online, _LINE, Questions())
    drive(sync._turn(receive))
    Session.from_json(online.session.to_json())


def _meet(data: bytes) -> None:
    _CANNED.data = data
    online = _online()
    drive(online.meet())
    for user in ("@ann", "@@room", "@new"):
        online.contacts.id_of(user).encode()
        list(online.contacts.other_names(user))


def _learn(data: bytes) -> None:
    _CANNED.data = json.dumps(LISTS[1]).encode()
    online = _online()
    raw = loads(data)
    drive(online.learn([raw, raw]))
    drive(online.learn(raw if isinstance(raw, list) else [raw]))


def _wait(data: bytes) -> None:
    _CANNED.data = data
    _ONLINE.listener.wait("1_5")


def _speak(data: bytes) -> None:
    _CANNED.data = data
    _ONLINE.speaker.write("@ann", "hello")


def _enter(data: bytes) -> None:
    _CANNED.data = data
    _ENTRANCE._begun = None
    entered = _ENTRANCE.enter()
    Session.from_json(entered.session.to_json())
    online = _online()
    online._newest = entered.contacts
    try:
        drive(online.meet())
    finally:
        online._newest = ()


def _code(data: bytes) -> None:
    _CANNED.data = data
    _ENTRANCE.code().encode()


def _fate(data: bytes) -> None:
    _CANNED.data = data
    try:
        _ENTRANCE.fate("uuid")
    finally:
        _ENTRANCE._take_over(SESSION)


def _kept(data: bytes) -> None:
    session = Session.from_json(decoded(data))
    session.resumed().to_json()
    _ = session.waiting, repr(session)


def _ref(data: bytes) -> None:
    Media.from_ref(decoded(data))


_REFUSED = (AdapterError,)
_WORDS = (
    *(
        "@us",
        "@ann",
        "@@room",
        "@Gateway Bot\u2005",
        "@Bot 2 ",
        "「Gateway Bot：",
        "」\n",
        "- ",
        _DASHES,
        "你被",
        "移出",
    ),
    *(
        "&lt;",
        '<span class="emoji emoji1f602"></span>',
        "emojid83dde00",
        "<msgid>",
        "</msgid>",
        "<message>",
        "seq=1",
    ),
)
_CHECKS = (
    'window.synccheck={retcode:"0",selector:"2"}',
    'window.synccheck={retcode:"1101",selector:"0"}',
    'window.synccheck={retcode:"-1",selector:"6"}',
)
_FATES = (
    "window.code=408;",
    "window.code=201;window.userAvatar = 'data:img/jpg;base64,xx';",
    f'window.code=200;window.redirect_uri="https://wx2.qq.com/cgi-bin/mmwebwx-bin/webwxnewloginpage?ticket=x";{_PAGE}',
)
TARGETS = (
    Target("wechat_web sync", _sync, SYNCS, allowed=_REFUSED, words=_WORDS),
    Target("wechat_web lists of contacts", _meet, LISTS, allowed=_REFUSED, words=_WORDS),
    Target("wechat_web contacts", _learn, CONTACTS, allowed=(ValueError, AdapterError), words=_WORDS),
    Target(
        "wechat_web synccheck", _wait, texts=_CHECKS, allowed=_REFUSED, words=('"', "9" * 5000, "retcode:")
    ),
    Target("wechat_web answers", _speak, SENT, allowed=_REFUSED),
    Target("wechat_web init", _enter, [INIT], allowed=_REFUSED, words=_WORDS),
    Target(
        "wechat_web codes",
        _code,
        texts=('window.QRLogin.code = 200; window.QRLogin.uuid = "gZ1AgZ==";',),
        allowed=_REFUSED,
    ),
    Target(
        "wechat_web fates",
        _fate,
        texts=_FATES,
        allowed=_REFUSED,
        words=("<wxsid>", "</error>", 'redirect_uri="', ";"),
    ),
    Target("wechat_web sessions", _kept, [json.loads(SESSION.to_json())], allowed=(ValueError,)),
    Target("wechat_web files", _ref, [["webwxgetvoice", "5", "", ""]], allowed=(Rejected,)),
)
