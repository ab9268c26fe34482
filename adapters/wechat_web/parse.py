"""From WeChat's messages to ours: pure, and never an exception."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from adapters.wechat_web.contacts import Contacts, is_group
from adapters.wechat_web.media import Media
from adapters.wechat_web.mentions import without_mention
from adapters.wechat_web.names import readable
from adapters.wechat_web.payloads import MESSAGE, RawMessage
from adapters.wechat_web.session import Request
from gateway import Audio, Chat, File, Image, Message, Part, Quote, Recalled, Sender, Text
from gateway.payloads import flaw

log = logging.getLogger(__name__)

# WeChat's `MsgType`, and `AppMsgType`.
TEXT, PICTURE, VOICE, REQUEST, CARD, VIDEO, STICKER, APP = 1, 3, 34, 37, 42, 43, 47, 49
STATUS, SHORT_VIDEO, SYSTEM, RECALL = 51, 62, 10000, 10002
_APP_FILE, _APP_GIF = 6, 8
_KINDS_OF_PEOPLE = (TEXT, PICTURE, VOICE, CARD, VIDEO, STICKER, APP, SHORT_VIDEO)

# In a group, who wrote it stands before what they wrote.
_MEMBER = re.compile(r"(@[0-9A-Za-z_-]+):(?:<br/>|\n)(.*)", re.DOTALL)
_QUOTE = re.compile(r"「([^：:\n]*)[：:](.*)」\n(?:- ){5,}-?\n?(.*)", re.DOTALL)
_RECALLED = re.compile(r"<msgid>(\d+)</msgid>")
# What WeChat says where nothing can be written any more.
_SHUT = ("开启了朋友验证", "被对方拒收", "将你移出", "将您移出")
_REMOVED = re.compile("[你您]被(?:(?![你您]被).)*移出")


def read(payload: Any) -> RawMessage | None:
    """*payload* as a message, or None: not understood, and then one line in the log says so."""
    try:
        return MESSAGE.validate_python(payload)
    except ValidationError as exc:
        id = payload.get("MsgId") if isinstance(payload, dict) else None
        log.warning("message %.60r is not understood and left out: %s", id, flaw(exc))
    return None


def peer(raw: RawMessage, own: str) -> str:
    """The other side of the chat that *raw* is in."""
    return raw["ToUserName"] if raw["FromUserName"] == own else raw["FromUserName"]


def author(raw: RawMessage) -> str:
    """Who wrote *raw*; "" where WeChat itself did."""
    if not is_group(raw["FromUserName"]):
        return raw["FromUserName"]
    found = _MEMBER.match(raw.get("Content") or "")
    return found[1] if found else ""


def is_of_people(raw: RawMessage, own: str) -> bool:
    """Whether *raw* is what somebody else wrote to us or a group. Names of WeChat's own have no "@"."""
    return (
        raw["MsgType"] in _KINDS_OF_PEOPLE
        and raw["FromUserName"].startswith("@")
        and author(raw) not in ("", own)
    )


def message(raw: RawMessage, channel: str, account: str, contacts: Contacts) -> Message | None:
    """What people say in *raw*, or None: nothing for us."""
    if not is_of_people(raw, contacts.own):
        return None
    here = raw["FromUserName"]
    known = contacts.find(here)
    if known is not None and known.official:
        return None
    content = _content(raw)
    if is_group(here):
        mentioned, parts = _in_group(raw, content, contacts)
    else:
        mentioned, parts = False, (*_quote(content), *_parts(raw, _quoting(content)))
    if not parts and not mentioned:
        return None
    return Message(
        id=raw["MsgId"],
        chat=chat(here, channel, account, contacts),
        sender=_sender(raw, contacts),
        parts=parts,
        time=float(raw.get("CreateTime", 0)),
        mentioned=mentioned,
    )


def recalled(raw: RawMessage, channel: str, account: str, contacts: Contacts) -> Recalled | None:
    """What somebody else took back, if *raw* says so."""
    if raw["MsgType"] != RECALL or raw["FromUserName"] == contacts.own:
        return None
    found = _RECALLED.search(_content(raw))
    if found is None:
        return None
    return Recalled(chat(peer(raw, contacts.own), channel, account, contacts), found[1])


def request(raw: RawMessage) -> Request | None:
    """Who wants to be a friend, if *raw* says so."""
    info = raw.get("RecommendInfo") or {}
    user = info.get("UserName")
    if raw["MsgType"] != REQUEST or not user:
        return None
    return Request(user, info.get("Ticket") or "")


def says_shut(raw: RawMessage) -> bool:
    """Whether WeChat says in *raw* that nothing can be written there any more."""
    if raw["MsgType"] != SYSTEM:
        return False
    text = _content(raw)
    return any(sign in text for sign in _SHUT) or bool(_REMOVED.search(text))


def newest_chats(raw: RawMessage) -> list[str]:
    """The groups that the phone says were written in lately."""
    if raw["MsgType"] != STATUS:
        return []
    return [user for user in (raw.get("StatusNotifyUserName") or "").split(",") if is_group(user)]


def chat(user: str, channel: str, account: str, contacts: Contacts) -> Chat:
    """The chat with *user*."""
    known = contacts.find(user)
    return Chat(
        channel=channel,
        id=contacts.id_of(user),
        kind="group" if is_group(user) else "private",
        title=known.name if known else "",
        account=account,
    )


def _content(raw: RawMessage) -> str:
    content = raw.get("Content") or ""
    if is_group(raw["FromUserName"]) and (found := _MEMBER.match(content)):
        content = found[2]
    return readable(content)


def _sender(raw: RawMessage, contacts: Contacts) -> Sender:
    here, user = raw["FromUserName"], author(raw)
    if is_group(here):
        return Sender(contacts.member_id(here, user), contacts.member_name(here, user))
    known = contacts.find(user)
    return Sender(contacts.id_of(user), known.name if known else "")


def _in_group(raw: RawMessage, content: str, contacts: Contacts) -> tuple[bool, tuple[Part, ...]]:
    """Whether it is meant for us, and what it says: called by a name, or an answer to what we said."""
    if raw["MsgType"] != TEXT:
        return False, tuple(_parts(raw, content))
    here = raw["FromUserName"]
    ours = contacts.our_names(here)
    quotes = tuple(_quote(content))
    said, called = without_mention(_quoting(content), ours, contacts.other_names(here))
    answers_us = any(quote.author in ours for quote in quotes)
    return called or answers_us, (*quotes, *_parts(raw, said))


def _quoting(content: str) -> str:
    """What is said beside a quotation."""
    found = _QUOTE.fullmatch(content)
    return found[3] if found else content


def _quote(content: str) -> Iterator[Quote]:
    """What is quoted: ``「Name：text」``, a line of dashes, and what is said to it."""
    if (found := _QUOTE.fullmatch(content)) is not None:
        yield Quote("", found[1].strip(), found[2].strip())


def _parts(raw: RawMessage, said: str) -> Iterator[Part]:
    kind, id = raw["MsgType"], raw["MsgId"]
    newer = str(raw.get("NewMsgId") or id)
    if kind == TEXT:
        yield from _text(_place(said) if raw.get("Url") else said)
    elif kind in (PICTURE, STICKER):
        yield Image(Media("webwxgetmsgimg", newer).ref())
    elif kind == VOICE:
        yield Audio(Media("webwxgetvoice", newer).ref(), "audio/mpeg")
    elif kind in (VIDEO, SHORT_VIDEO):
        yield File(Media("webwxgetvideo", id).ref(), "video.mp4", "video/mp4")
    elif kind == CARD:
        person = raw.get("RecommendInfo") or {}
        yield File("", readable(person.get("NickName") or "") or "card")
    else:
        yield from _app(raw, newer)


def _app(raw: RawMessage, newer: str) -> Iterator[Part]:
    """What apps share: links and files, and much that can only be seen on a phone."""
    name = readable(raw.get("FileName") or "")
    kind, media = raw.get("AppMsgType"), raw.get("MediaId") or ""
    if kind == _APP_FILE:
        place = Media("webwxgetmedia", media, raw["FromUserName"], name)
        yield File(place.ref() if media else "", name or "file", size=_size(raw))
    elif kind == _APP_GIF:
        yield Image(Media("webwxgetmsgimg", newer).ref())
    elif raw.get("Url"):
        yield from _text(f"{name}\n{readable(raw.get('Url') or '')}")
    else:
        yield File("", name or "app message")


def _size(raw: RawMessage) -> int:
    size = str(raw.get("FileSize") or "")
    return int(size) if size.isascii() and size.isdigit() and len(size) < 16 else 0


def _place(said: str) -> str:
    """A location as text: its name stands above the address of its picture."""
    lines = [line for line in said.splitlines() if not line.startswith("/cgi-bin/")]
    return "\n".join(lines).strip().rstrip(":：")


def _text(text: str) -> Iterator[Text]:
    said = text.strip()
    if said:
        yield Text(said)
