"""Message entities as Telegram sees them: found in what people type, checked in what bots send.

Offsets and lengths are UTF-16 code units: https://core.telegram.org/bots/api#messageentity. The refusals'
words are the official server's (TDLib's), which is why a bot's error table can be tested against them.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from typing import Any

import orjson

Json = dict[str, Any]

MAX_TEXT = 4096  # UTF-16 units, after the entities were parsed
MAX_CAPTION = 1024
MAX_ENTITIES = 100  # more are left out silently

_ACCEPTED = frozenset(
    [
        "bold",
        "italic",
        "underline",
        "strikethrough",
        "spoiler",
        "code",
        "pre",
        "text_link",
        "text_mention",
        "custom_emoji",
        "blockquote",
        "expandable_blockquote",
        "date_time",
    ]
)
# the server finds these itself; sent by a bot they are dropped without a word
_AUTOMATIC = frozenset(
    ["mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bank_card_number"]
)
_FOUND = re.compile(
    r"(?P<url>https?://[^\s<>]*[^\s<>.,;:!?)])"
    r"|(?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?<![\w@/])(?P<mention>@[A-Za-z]\w{2,31})"
    r"|(?<![\w/@])(?P<bot_command>/[A-Za-z0-9_]{1,32}(?:@[A-Za-z]\w{2,31})?)(?![\w/])"
    r"|(?<![\w#])(?P<hashtag>#\w*[^\W\d]\w*)",
    re.ASCII,
)
_SPACE = " \t\n\r\v\f"


class ApiError(Exception):
    """An answer of the Bot API that is not ok."""

    def __init__(self, status: int, description: str, parameters: Json | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = parameters


def bad_request(reason: str, parameters: Json | None = None) -> ApiError:
    """The 400 with *reason*."""
    return ApiError(400, f"Bad Request: {reason}", parameters)


def units(text: str) -> int:
    """The length of *text* in UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def find(text: str) -> list[Json]:
    """The entities that Telegram itself puts on a person's *text*: mentions, commands, links, tags."""
    return [
        {"type": kind, "offset": units(text[: match.start()]), "length": units(match.group())}
        for match in _FOUND.finditer(text)
        if (kind := match.lastgroup)
    ]


def formatted(params: Json, text_key: str, entities_key: str) -> tuple[str, list[Json]]:
    """The text of a request and its entities, checked, trimmed and in the server's order.

    Raises `ApiError`: the text is no text, or an entity is wrong.
    """
    text = params.get(text_key, "")
    if not isinstance(text, str):
        text = str(text)
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise bad_request("text must be encoded in UTF-8") from exc
    mode = str(params.get("parse_mode") or "").lower()
    if mode and mode != "none" and text:
        return trim(*_parse(text, mode))
    raw = decoded(params.get(entities_key)) or []
    if not isinstance(raw, list):
        raise bad_request("can't parse entities: expected an Array")
    return trim(text, _checked(text, raw) if raw else [])


def decoded(value: Any) -> Any:
    """A nested value: as it is from a JSON body, from its JSON text in a form."""
    if not isinstance(value, str):
        return value
    if not value:
        return None
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as exc:
        raise bad_request("can't parse JSON object") from exc


def trim(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """Without the white space around it, as every sent text is stored; entities move along."""
    if text and (text[0] in _SPACE or text[-1] in _SPACE):
        front = len(text) - len(text.lstrip(_SPACE))
        if entities:
            front = min(front, entities[0]["offset"])
        text = text[front:].rstrip(_SPACE)
        size = units(text)
        moved = [{**entity, "offset": entity["offset"] - front} for entity in entities]
        clipped = [{**entity, "length": min(entity["length"], size - entity["offset"])} for entity in moved]
        entities = [entity for entity in clipped if entity["length"] > 0]
    return text, entities[:MAX_ENTITIES]


def _checked(text: str, raw: list[Any]) -> list[Json]:
    kept = [entity for entity in map(_entity, raw) if entity is not None]
    splits = set(_inside_pairs(text))
    size = units(text)
    for entity in kept:
        offset, end = entity["offset"], entity["offset"] + entity["length"]
        if offset in splits or offset > size:
            raise bad_request(f"entity begins in a middle of a UTF-16 symbol at UTF-16 offset {offset}")
        where = f"entity beginning at UTF-16 offset {offset} ends"
        if end > size:
            raise bad_request(f"{where} after the end of the text at UTF-16 offset {end}")
        if end in splits:
            raise bad_request(f"{where} in a middle of a UTF-16 symbol at UTF-16 offset {end}")
    return sorted(
        (entity for entity in kept if entity["length"]),
        key=lambda entity: (entity["offset"], -entity["length"]),
    )


def _entity(raw: Any) -> Json | None:
    if not isinstance(raw, dict):
        raise _unparsable("expected an Object")
    for key in ("offset", "length"):
        if not isinstance(raw.get(key), int):
            raise _unparsable(f'field "{key}" must be of type Number')
    kind = raw.get("type")
    if kind in _AUTOMATIC:
        return None
    if kind not in _ACCEPTED:
        raise _unparsable("Unsupported type specified" if kind else "Type is not specified")
    required = {"text_link": "url", "text_mention": "user", "custom_emoji": "custom_emoji_id"}.get(kind)
    if required and not raw.get(required):
        raise _unparsable(f'field "{required}" must be specified')
    for key in ("offset", "length"):
        if raw[key] < 0:
            raise bad_request(f"receive an entity with incorrect {key} {raw[key]}")
    return {key: value for key, value in raw.items() if value is not None}


def _unparsable(reason: str) -> ApiError:
    return bad_request(f"can't parse MessageEntity: {reason}")


def _inside_pairs(text: str) -> Iterator[int]:
    """The offsets that lie between the two halves of a surrogate pair."""
    if text.isascii():
        return
    at = 0
    for character in text:
        at += 1
        if character > "\uffff":
            yield at
            at += 1


_TDLIB_KINDS = {
    "textEntityTypeTextUrl": "text_link",
    "textEntityTypePreCode": "pre",
    "textEntityTypeBlockQuote": "blockquote",
    "textEntityTypeExpandableBlockQuote": "expandable_blockquote",
    "textEntityTypeMentionName": "text_mention",
    "textEntityTypeCustomEmoji": "custom_emoji",
}
_MODES: dict[str, Json] = {
    "markdown": {"@type": "textParseModeMarkdown", "version": 1},
    "markdownv2": {"@type": "textParseModeMarkdown", "version": 2},
    "html": {"@type": "textParseModeHTML"},
}


def _parse(text: str, mode: str) -> tuple[str, list[Json]]:
    """Let the official library read *text*; without it, a parse mode is refused."""
    if mode not in _MODES:
        raise bad_request("unsupported parse_mode")
    try:
        tdjson = importlib.import_module("tdjson")
    except ImportError as exc:
        raise bad_request("this simulator reads parse_mode only where tdjson is installed") from exc
    question = {"@type": "parseTextEntities", "text": text, "parse_mode": _MODES[mode]}
    answer = orjson.loads(tdjson.td_execute(orjson.dumps(question)))
    if answer["@type"] == "error":
        reason = answer["message"]
        raise bad_request(reason[:1].lower() + reason[1:])
    return answer["text"], [_from_tdlib(entity) for entity in answer["entities"]]


def _from_tdlib(entity: Json) -> Json:
    kind = entity["type"]["@type"]
    name = _TDLIB_KINDS.get(kind, kind.removeprefix("textEntityType").lower())
    known = {key: entity["type"][key] for key in ("url", "language") if key in entity["type"]}
    if name == "text_mention":
        known = {"user": {"id": entity["type"]["user_id"], "is_bot": False, "first_name": ""}}
    return {"type": name, "offset": entity["offset"], "length": entity["length"], **known}
