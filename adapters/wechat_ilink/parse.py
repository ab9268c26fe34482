"""From iLink's messages to ours: pure, and never an exception."""

from __future__ import annotations

import logging
import mimetypes
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from pydantic import ValidationError

from adapters.wechat_ilink.media import Ref, key_of
from adapters.wechat_ilink.payloads import ITEM, MESSAGE, QUOTED, RawItem, RawMedia, RawMessage
from adapters.wechat_ilink.people import Heard
from gateway import Audio, Chat, File, Image, Message, Part, Quote, Sender, Text
from gateway.payloads import flaw

log = logging.getLogger(__name__)

# The protocol's `message_type`, and the `type` of an item.
_FROM_BOT = 2
_TEXT, _IMAGE, _VOICE, _FILE, _VIDEO = 1, 2, 3, 4, 5
_TOOL_CALLS = (11, 12)
_SOUNDS = {5: "audio/amr", 6: "audio/silk", 7: "audio/mpeg", 8: "audio/ogg"}
_LABELS = {_IMAGE: "[image]", _VOICE: "[voice]", _FILE: "[file]", _VIDEO: "[video]"}


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are: the channel's name, the account, and the id of its bot."""

    channel: str
    id: str
    bot: str


@dataclass(frozen=True, slots=True)
class Incoming:
    """What somebody wrote: what it says to us, if anything, and what it takes to answer."""

    message: Message | None
    heard: Heard


@dataclass(frozen=True, slots=True)
class FromGroup:
    """A message in a group: this door is for private chats."""

    group: str


Remembered = Callable[[str], str]
"""What a message said, by its id; "" where that is not known."""


def parse(payload: Any, me: Account, remembered: Remembered = lambda id: "") -> Incoming | FromGroup | None:
    """What *payload* says, or None: nothing for us, or not understood, and then one line in the log says so.

    *payload* is JSON as `loads` reads it: its texts can be encoded.
    """
    try:
        return _incoming(MESSAGE.validate_python(payload), me, remembered)
    except ValueError as exc:
        id = payload.get("message_id") if isinstance(payload, dict) else None
        log.warning("message %.60r is not understood and left out: %s", id, flaw(exc))
    return None


def said(message: Message) -> str:
    """What is remembered of *message*, for others that quote it."""
    return message.text or " ".join(_label(part) for part in message.media)


def _label(part: Image | Audio | File) -> str:
    return f"[{part.name}]" if isinstance(part, File) and part.name else f"[{part.type}]"


def _incoming(raw: RawMessage, me: Account, remembered: Remembered) -> Incoming | FromGroup | None:
    user = raw["from_user_id"]
    if raw.get("message_type") == _FROM_BOT or user == me.bot:
        return None
    if raw.get("group_id"):
        return FromGroup(raw.get("group_id") or "")
    items = list(_items(raw))
    id = raw.get("message_id") or next((one.get("msg_id") for one in items if one.get("msg_id")), None)
    if not id:
        raise ValueError("it has no id")
    seconds = (raw.get("create_time_ms") or 0) / 1000
    heard = Heard(user, raw.get("context_token") or "", seconds or time.time(), id)
    parts = tuple(part for item in items for part in _parts(item))
    if not parts:
        return Incoming(None, heard)
    message = Message(
        id=id,
        chat=Chat(channel=me.channel, id=user, account=me.id),
        sender=Sender(user),
        parts=(*_quotes(items, remembered), *parts),
        time=seconds,
    )
    return Incoming(message, heard)


def _items(raw: RawMessage) -> Iterator[RawItem]:
    """The items of a message; one that is not understood does not take the others with it."""
    for item in raw.get("item_list") or ():
        try:
            yield ITEM.validate_python(item)
        except ValidationError as exc:
            log.warning("a part of a message is not understood and left out: %s", flaw(exc))


def _parts(item: RawItem) -> Iterator[Part]:
    kind = item["type"]
    if kind == _TEXT:
        text = ((item.get("text_item") or {}).get("text") or "").strip()
        if text:
            yield Text(text)
    elif kind in _MEDIA:
        yield _MEDIA[kind](item)
    elif kind not in _TOOL_CALLS:
        yield File("", f"type {kind}")  # there, and not to be read


def _image(item: RawItem) -> Image:
    image = item.get("image_item") or {}
    return Image(_ref(image.get("media"), hex_key=image.get("aeskey")))


def _voice(item: RawItem) -> Audio:
    voice = item.get("voice_item") or {}
    mime = _SOUNDS.get(voice.get("encode_type") or 0, "")
    return Audio(_ref(voice.get("media")), mime, transcript=(voice.get("text") or "").strip())


def _file(item: RawItem) -> File:
    file = item.get("file_item") or {}
    name, length = file.get("file_name") or "file", str(file.get("len") or "")
    size = int(length) if length.isascii() and length.isdecimal() and len(length) < 16 else 0
    ref = _ref(file.get("media"), md5=file.get("md5"), size=size)
    # Not the whole name: it is read as an address, and "//[a.pdf" cannot be one.
    return File(ref, name, mimetypes.guess_type(f"x{PurePath(name).suffix}")[0] or "", size)


def _video(item: RawItem) -> File:
    # What its video_md5 is of, is documented nowhere.
    return File(_ref((item.get("video_item") or {}).get("media")), "video.mp4", "video/mp4")


_MEDIA: dict[int, Callable[[RawItem], Part]] = {
    _IMAGE: _image,
    _VOICE: _voice,
    _FILE: _file,
    _VIDEO: _video,
}


def _ref(media: RawMedia | None, *, hex_key: str | None = None, md5: str | None = None, size: int = 0) -> str:
    """Where a file is; "" where it cannot be had."""
    media = media or {}
    param, url = media.get("encrypt_query_param") or "", media.get("full_url") or ""
    if not (param or url):
        return ""
    try:
        key = key_of(hex_key, media.get("aes_key"))
    except ValueError as exc:
        log.warning("a file cannot be had: %s", exc)
        return ""
    return Ref(param, url, key, md5 or "", size).to_json()


def _quotes(items: list[RawItem], remembered: Remembered) -> Iterator[Quote]:
    for item in items:
        if item.get("ref_msg"):
            try:
                quoted = QUOTED.validate_python(item.get("ref_msg"))
            except ValidationError as exc:
                log.warning("what a message quotes is not understood and left out: %s", flaw(exc))
                continue
            inner = quoted.get("message_item")
            id = quoted.get("svr_id") or (inner and inner.get("msg_id")) or ""
            partial = quoted.get("partial_text") or {}
            ends = "…".join(filter(None, (partial.get("start"), partial.get("end"))))
            text = (inner and _quoted_text(inner)) or remembered(id) or ends or quoted.get("title") or ""
            yield Quote(id, text=text.strip())
            return


def _quoted_text(item: RawItem) -> str:
    text = (item.get("text_item") or {}).get("text") or (item.get("voice_item") or {}).get("text")
    return text or (item.get("file_item") or {}).get("file_name") or _LABELS.get(item["type"], "")
