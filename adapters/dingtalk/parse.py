"""From DingTalk's messages to ours: pure, and never an exception."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from adapters.dingtalk.payloads import MESSAGE, RawContent, RawMessage, RawQuoted
from adapters.dingtalk.ways import Way
from gateway import Audio, Chat, File, Image, Message, Part, Quote, Sender, Text
from gateway.payloads import flaw

log = logging.getLogger(__name__)

_KINDS: dict[str, Literal["private", "group"]] = {"1": "private", "2": "group"}
_DEEPEST_CARD = 40  # elements inside each other that are looked into


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are: the channel's name, and the application's client id."""

    channel: str
    id: str


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message, and the way back to where it was written."""

    message: Message
    way: Way


def parse(payload: Any, me: Account) -> Incoming | None:
    """What *payload* says, or None: nothing for us, or not understood, and then one line in the log says so.

    *payload* is JSON as `loads` reads it: its texts can be encoded.
    """
    try:
        return _incoming(MESSAGE.validate_python(payload), me)
    except ValueError as exc:
        id = payload.get("msgId") if isinstance(payload, dict) else None
        log.warning("message %.60r is not understood and left out: %s", id, flaw(exc))
    return None


def _incoming(raw: RawMessage, me: Account) -> Incoming | None:
    kind = _KINDS.get(raw["conversationType"])
    if kind is None:
        raise ValueError("an unknown type of conversation")
    ourselves = raw.get("chatbotUserId") or ""
    mentioned = kind == "group" and _mentioned(raw, ourselves)
    parts = tuple(_parts(raw))
    if raw["senderId"] == ourselves or not (parts or mentioned):
        return None
    staff_id = raw.get("senderStaffId") or ""
    name = raw.get("senderNick") or ""
    message = Message(
        id=raw["msgId"],
        chat=Chat(
            channel=me.channel,
            id=raw["conversationId"],
            kind=kind,
            title=raw.get("conversationTitle") or (name if kind == "private" else ""),
            account=me.id,
        ),
        sender=Sender(staff_id or raw["senderId"], name),
        parts=(*_quote(raw), *parts),
        time=raw.get("createAt", 0) / 1000,
        mentioned=mentioned,
    )
    return Incoming(message, _way(raw, staff_id if kind == "private" else ""))


def _way(raw: RawMessage, staff_id: str) -> Way:
    webhook = raw.get("sessionWebhook") or ""
    return Way(
        webhook=webhook if webhook.startswith(("https://", "http://")) else "",
        until=raw.get("sessionWebhookExpiredTime", 0) / 1000,
        staff_id=staff_id,
    )


def _mentioned(raw: RawMessage, ourselves: str) -> bool:
    if raw.get("isInAtList"):
        return True
    return bool(ourselves) and any(at.get("dingtalkId") == ourselves for at in raw.get("atUsers") or ())


def _parts(raw: RawMessage) -> Iterator[Part]:
    kind, content = raw["msgtype"], _content(raw)
    code = content.get("downloadCode") or ""
    if kind == "text":
        yield from _text((raw.get("text") or {}).get("content"))
    elif kind == "richText":
        yield from _rich(content)
    elif kind == "picture":
        yield Image(code)
    elif kind == "audio":
        yield Audio(code, transcript=(content.get("recognition") or "").strip())
    elif kind == "video":
        suffix = content.get("videoType") or ""
        yield File(code, "video", f"video/{suffix}" if suffix.isalnum() and suffix.isascii() else "")
    elif kind == "file":
        yield File(code, content.get("fileName") or "file")
    else:
        yield File("", kind)  # a card, a forwarded talk: there, and not to be read


def _content(raw: RawMessage) -> RawContent:
    content = raw.get("content")
    return content if isinstance(content, dict) else {}


def _text(text: str | None) -> Iterator[Text]:
    """What is said; DingTalk takes our mention out of it and leaves the space behind it."""
    said = (text or "").strip()
    if said:
        yield Text(said)


def _rich(content: RawContent) -> Iterator[Part]:
    """The words of a rich text as one part, and its pictures."""
    segments = content.get("richText") or []
    yield from _text("".join(segment.get("text") or "" for segment in segments))
    yield from (Image(code) for segment in segments if (code := segment.get("downloadCode")))


def _quote(raw: RawMessage) -> Iterator[Quote]:
    quoted = (raw.get("text") or {}).get("repliedMsg") or _content(raw).get("repliedMsg")
    if quoted is not None:
        id = quoted.get("msgId") or raw.get("originalMsgId") or ""
        yield Quote(id, quoted.get("senderNick") or "", _quoted_text(quoted))
    elif raw.get("originalMsgId"):
        yield Quote(raw.get("originalMsgId") or "")


def _quoted_text(quoted: RawQuoted) -> str:
    if quoted.get("msgType") == "picture":
        return "[image]"
    content = quoted.get("content")
    if isinstance(content, str):
        return content.strip()
    if not isinstance(content, dict):
        return ""
    if isinstance(rich := content.get("richText"), list):
        return "".join(_texts(rich)).strip()
    for key in ("content", "text", "recognition", "fileName"):
        if isinstance(value := content.get(key), str):
            return value.strip()
    return "\n".join(_card_texts(content.get("cardContent"), _DEEPEST_CARD)).strip()


def _texts(segments: Iterable[Any]) -> Iterator[str]:
    """The words of a quoted rich text, which calls them otherwise than one that is sent."""
    for segment in segments:
        if isinstance(segment, dict) and not segment.get("downloadCode"):
            text = segment.get("text") or segment.get("content")
            if isinstance(text, str):
                yield text


def _card_texts(element: Any, depth: int) -> Iterator[str]:
    """What can be read on a quoted card: the values of the TEXT elements in its tree."""
    if isinstance(element, list) and depth:
        for child in element:
            yield from _card_texts(child, depth - 1)
    elif isinstance(element, dict) and depth:
        if element.get("elementType") == "TEXT" and isinstance(value := element.get("value"), str):
            yield value
        yield from _card_texts(element.get("children"), depth - 1)
