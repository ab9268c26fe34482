"""WeChat's official accounts: XML plain and encrypted, answers, what is kept."""

from __future__ import annotations

import base64
from typing import Any

from adapters.wechat_official import xml
from adapters.wechat_official.api import Api
from adapters.wechat_official.bells import Bells
from adapters.wechat_official.crypto import Cipher
from adapters.wechat_official.options import WechatOfficialOptions
from adapters.wechat_official.parse import Account, parse
from adapters.wechat_official.shelf import Shelf
from gateway import Chat
from gateway.errors import AdapterError
from gateway.http import loads
from tests.servers.wechat_official.crypto import encrypt
from tests.servers.wechat_official.pushes import xml as theirs

from .stage import Host, Transport, drive, storable
from .target import Target, decoded

ME = Account("gzh", "wx1")
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
_CIPHER = Cipher(KEY, "wx1")
_HEAD = {"ToUserName": "gh_1", "FromUserName": "o1", "CreateTime": "1700000000"}
_TEXT = _HEAD | {"MsgType": "text", "MsgId": "23", "Content": "你好 <b>&amp; ]]>"}
FIELDS: list[dict[str, str]] = [
    _TEXT,
    _HEAD | {"MsgType": "image", "MsgId": "23", "PicUrl": "http://x", "MediaId": "m"},
    _HEAD | {"MsgType": "voice", "MsgId": "23", "MediaId": "m", "Format": "amr", "Recognition": "spoken"},
    _HEAD | {"MsgType": "location", "MsgId": "23", "Location_X": "23.1", "Location_Y": "1", "Label": "广州"},
    _HEAD | {"MsgType": "link", "MsgId": "23", "Title": "t", "Description": "d", "Url": "http://u"},
    _HEAD | {"MsgType": "event", "Event": "CLICK", "EventKey": "V1001"},
    _HEAD | {"MsgType": "event", "Event": "subscribe", "EventKey": "qrscene_1", "Ticket": "t"},
]
ANSWERS: list[Any] = [
    {"access_token": "token", "expires_in": 7200},
    {"access_token": "token", "errcode": 0, "errmsg": "ok", "video_url": "https://wx.qq.com/v"},
    {"access_token": "token", "errcode": 45047, "errmsg": "out of response count limit"},
    {"access_token": "token", "errcode": 40001, "errmsg": "invalid credential"},
    {"errcode": 40164, "errmsg": "invalid ip 1.2.3.4"},
]
KEPT: list[Any] = [
    {
        "pieces": ["one", "two"],
        "since": 1_700_000_000.0,
        "promised": {"23": 1_700_000_000.0},
        "given": ["22", "nought", True],
        "told": 4_000_000_000.0,
        "language": "en",
    },
]
_OPTIONS = WechatOfficialOptions.model_validate(
    {"app_id": "wx1", "app_secret": "secret", "token": "token", "encoding_aes_key": KEY}
)


def _heard(body: bytes) -> None:
    incoming = parse(xml.read(body), ME)
    if incoming is not None and incoming.message is not None:
        storable(incoming.message)
        xml.write({"Content": incoming.person, "CreateTime": incoming.time}).encode()


def _sealed(data: bytes) -> None:
    """What anybody could encrypt who has the key, and what was broken on the way."""
    fields = xml.read(data)
    _heard(_CIPHER.decrypt(fields.get("Encrypt", "")))


def _in_xml(data: bytes) -> bytes:
    """Mutated fields as XML, as far as they are fields."""
    try:
        fields = loads(data)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        return data
    return "".join(
        ("<xml>", *(f"<{name}>{_value(value)}</{name}>" for name, value in fields.items()), "</xml>")
    ).encode("utf-8", "surrogatepass")


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    return f"<![CDATA[{text}]]>" if len(text) % 2 else text


def _encrypted(data: bytes) -> bytes:
    sealed = encrypt(KEY, "wx1", _in_xml(data).decode("utf-8", "replace"))
    if data and len(data) % 5 == 0:  # broken on the way
        raw = bytearray(base64.b64decode(sealed))
        raw[data[0] % len(raw)] ^= 1
        sealed = base64.b64encode(raw[: len(raw) - data[-1] % 3]).decode()
    return theirs({"ToUserName": "gh_1", "Encrypt": sealed}).encode()


def _api(data: bytes) -> Api:
    transport: Any = Transport(data)
    return Api(transport, _OPTIONS)


def _call(data: bytes) -> None:
    drive(_api(data).call("/cgi-bin/message/custom/send", {}))


def _media(data: bytes) -> None:
    drive(_api(data).media("m"))


def _kept(data: bytes) -> None:
    host: Any = Host(decoded(data))
    shelf = Shelf(host, Bells(), lambda person, ids: host.awaited(Chat("channel", person), ids))
    kept = drive(shelf.look("o1"))
    assert kept.fetchable in (True, False)
    kept.text_for("22")
    drive(shelf.take("o1", "24"))
    drive(shelf.promise("o1", "25", "zh"))
    drive(shelf.put_back("o1", "24"))


_PIECES = (
    '<!DOCTYPE x [<!ENTITY a "b">]>',
    "&a;",
    "<?xml version='1.0' encoding='utf-7'?>",
    "<xml>",
    "</xml>",
    "<Content>",
    "<![CDATA[",
    "<!--",
    "<a>" * 3000,
    "&#0;",
    "&#xd800;",
    "event",
    "subscribe",
    "CLICK",
)
_TEXTS = tuple(theirs(fields) for fields in FIELDS)
_REFUSED = (AdapterError,)
TARGETS = (
    Target("official xml", _heard, texts=_TEXTS, allowed=(ValueError,), words=_PIECES, most=1 << 18),
    Target(
        "official fields", _heard, FIELDS, allowed=(ValueError,), words=_PIECES, dress=_in_xml, most=1 << 18
    ),
    Target(
        "official sealed",
        _sealed,
        FIELDS,
        allowed=(ValueError,),
        words=_PIECES,
        dress=_encrypted,
        most=1 << 17,
    ),
    Target("official answers", _call, ANSWERS, allowed=_REFUSED),
    Target("official media", _media, ANSWERS, allowed=_REFUSED),
    Target("official shelf", _kept, KEPT, words=("22", "o1")),
)
