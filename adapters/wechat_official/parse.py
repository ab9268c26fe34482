"""From WeChat's messages to ours: pure, and never an exception."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from adapters.wechat_official.payloads import INCOMING, RawIncoming
from gateway import Audio, Chat, File, Image, Message, Part, Sender, Text
from gateway.payloads import flaw

log = logging.getLogger(__name__)

Kind = Literal["message", "click", "follow", "unfollow", "other"]

# What WeChat puts in the place of what it cannot hand on, as the stickers of its shop.
_UNSUPPORTED = "【收到不支持的消息类型，暂无法显示】"


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are: the channel's name, and the account's app id."""

    channel: str
    id: str


@dataclass(frozen=True, slots=True)
class Incoming:
    """Something that WeChat tells us of a person: a message, a button of the menu, following us or not.

    `message` is None where there is nothing to answer. `person` and `us` are what WeChat calls both sides;
    `id` is the same each time that it asks about this. `time` in seconds since 1970.
    """

    kind: Kind
    id: str
    person: str
    us: str
    time: int
    message: Message | None = None


def parse(payload: Mapping[str, str], me: Account) -> Incoming | None:
    """What *payload* says, or None: not understood, and then one line in the log says so."""
    try:
        raw = INCOMING.validate_python(payload)
        return _event(raw, me) if raw["MsgType"] == "event" else _message(raw, me)
    except ValueError as exc:
        log.warning("message %.60r is not understood and left out: %s", payload.get("MsgId"), flaw(exc))
    return None


def _message(raw: RawIncoming, me: Account) -> Incoming:
    id = raw.get("MsgId", "")
    if not id:
        raise ValueError("it has no MsgId")
    if raw["FromUserName"] == raw["ToUserName"]:
        return _incoming(raw, "other", id)
    return _incoming(raw, "message", id, _said(raw, me, id, tuple(_parts(raw))))


def _event(raw: RawIncoming, me: Account) -> Incoming:
    """An event; WeChat says to know it by the person and its time."""
    event, key = raw.get("Event", "").lower(), raw.get("EventKey", "").strip()
    id = f"{event}-{raw['CreateTime']}"
    if event == "click" and key:
        return _incoming(raw, "click", id, _said(raw, me, id, (Text(key),)))
    if event == "subscribe":
        return _incoming(raw, "follow", id)
    return _incoming(raw, "unfollow" if event == "unsubscribe" else "other", id)


def _incoming(raw: RawIncoming, kind: Kind, id: str, message: Message | None = None) -> Incoming:
    return Incoming(kind, id, raw["FromUserName"], raw["ToUserName"], raw["CreateTime"], message)


def _said(raw: RawIncoming, me: Account, id: str, parts: tuple[Part, ...]) -> Message:
    person = raw["FromUserName"]
    chat = Chat(channel=me.channel, id=person, account=me.id)
    return Message(id=id, chat=chat, sender=Sender(person), parts=parts, time=float(raw["CreateTime"]))


def _parts(raw: RawIncoming) -> Iterator[Part]:
    kind, media = raw["MsgType"], raw.get("MediaId", "")
    if kind == "text":
        yield _text(raw.get("Content", "").strip())
    elif kind == "image":
        yield Image(media)
    elif kind == "voice":
        suffix = raw.get("Format", "").lower()
        mime = f"audio/{suffix}" if suffix.isalnum() and suffix.isascii() else ""
        yield Audio(media, mime, transcript=raw.get("Recognition", "").strip())
    elif kind in ("video", "shortvideo"):
        yield File(media, "video", "video/mp4")
    elif kind == "location":
        place = f"{raw.get('Location_X', '')}, {raw.get('Location_Y', '')}"
        label = raw.get("Label", "").strip()
        yield Text(f"📍 {label} ({place})" if label else f"📍 {place}")
    elif kind == "link":
        lines = (raw.get("Title", ""), raw.get("Description", ""), raw.get("Url", ""))
        yield Text("\n".join(line.strip() for line in lines if line.strip()))
    else:
        yield File("", raw.get("Title") or kind)  # there, and not to be read


def _text(said: str) -> Part:
    return File("", "sticker") if said == _UNSUPPORTED else Text(said)
