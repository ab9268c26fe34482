"""What a text with Telegram's entities says: to whom, and in which words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.telegram.payloads import RawEntity
from gateway import Mention, Part, Text

_ADDRESSES = ("mention", "text_mention", "bot_command")
_SPACE = " \u00a0\u2005"


@dataclass(frozen=True, slots=True)
class Wording:
    """A text in parts. `mentioned`: it names us; `to_another`: it is a command for another bot."""

    parts: tuple[Part, ...]
    mentioned: bool = False
    to_another: bool = False


class _Units:
    """A text that is cut by UTF-16 offsets, as Telegram counts them."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._units = None if text.isascii() else text.encode("utf-16-le", "replace")

    def cut(self, start: int, end: int | None = None) -> str:
        if self._units is None:
            return self._text[start:end]
        return self._units[2 * start : None if end is None else 2 * end].decode("utf-16-le", "replace")


def read(text: str, entities: Sequence[RawEntity], own_id: int, own_name: str) -> Wording:
    """*text* without our own mention, `/command@us` as `/command`, and other people's mentions as parts."""
    units = _Units(text)
    found = sorted((e for e in entities if e["type"] in _ADDRESSES), key=lambda e: e["offset"])
    parts: list[Part] = []
    mentioned = to_another = False
    at = 0
    for entity in found:
        start, end = entity["offset"], entity["offset"] + entity["length"]
        word = units.cut(start, end)
        if start < at or not word:
            continue
        _add(parts, units.cut(at, start))
        at = end
        if entity["type"] == "bot_command":
            command, at_sign, addressee = word.partition("@")
            ours = _same(addressee, own_name)
            mentioned |= ours
            to_another |= bool(at_sign) and not ours
            _add(parts, command if ours else word)
        elif _names_us(entity, word, own_id, own_name):
            mentioned = True
            if _ends_in_space(parts) and units.cut(end, end + 1)[:1] in (*_SPACE, "\n"):
                at += 1  # "hey @us there" leaves one space, not two
        else:
            parts.append(Mention(_id(entity, word), word))
    _add(parts, units.cut(at))
    return Wording(tuple(_trimmed(parts)), mentioned, to_another)


def _names_us(entity: RawEntity, word: str, own_id: int, own_name: str) -> bool:
    if entity["type"] == "text_mention":
        return "user" in entity and entity["user"]["id"] == own_id
    return _same(word.removeprefix("@"), own_name)


def _same(name: str, own_name: str) -> bool:
    return bool(own_name) and name.lower() == own_name.lower()


def _id(entity: RawEntity, word: str) -> str:
    return str(entity["user"]["id"]) if "user" in entity else word


def _add(parts: list[Part], text: str) -> None:
    if parts and isinstance(parts[-1], Text):
        parts[-1] = Text(parts[-1].text + text)
    elif text:
        parts.append(Text(text))


def _ends_in_space(parts: list[Part]) -> bool:
    if not parts:
        return True
    return isinstance(parts[-1], Text) and parts[-1].text[-1:] in (*_SPACE, "\n")


def _trimmed(parts: list[Part]) -> list[Part]:
    """Without the space that a mention of us left at either end."""
    if parts and isinstance(parts[0], Text):
        parts[0] = Text(parts[0].text.lstrip())
    if parts and isinstance(parts[-1], Text):
        parts[-1] = Text(parts[-1].text.rstrip())
    return [part for part in parts if part != Text("")]
