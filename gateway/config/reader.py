"""Reading JSON as people write it: with comments and trailing commas, and with the place of every value."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.config.mistakes import Mistake, Mistakes, Source

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Path = tuple[str | int, ...]

# Deeper than any configuration, shallower than the interpreter's stack.
DEEPEST = 50

_SPACE = re.compile(r"(?:[ \t\n]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WORD = re.compile(r"\w[\w.-]*")
_VALUE = re.compile(r'["{\[\w-]')
_UNUSABLE = re.compile("[\0\ud800-\udfff]")
_WORDS: dict[str, Json] = {"true": True, "false": False, "null": None}
_LOOKALIKES = {
    "，": "write a comma of the plain kind: ,",
    "：": "write a colon of the plain kind: :",
    "“": 'write quotation marks of the plain kind: "',
    "”": 'write quotation marks of the plain kind: "',
    "'": 'JSON wants double quotation marks: "',
    "True": "JSON writes true",
    "False": "JSON writes false",
    "None": "JSON writes null",
}


@dataclass(frozen=True, slots=True)
class Document:
    """What a file holds. `keys` and `values` are the offsets at which each path's name and value begin."""

    source: Source
    value: Json
    keys: dict[Path, int] = field(default_factory=dict)
    values: dict[Path, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)


def decode(name: str, data: bytes) -> Source:
    """The text of a file. Raises `Mistakes` where it is not UTF-8."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        before = exc.object[: exc.start].decode("utf-8-sig")
        source = Source(name, before.replace("\r\n", "\n").replace("\r", "\n"))
        text = "this is not UTF-8 text"
        raise Mistakes([source.mistake(len(source.text), text, "save the file as UTF-8")]) from exc
    return Source(name, text.replace("\r\n", "\n").replace("\r", "\n"))


def read(source: Source) -> Document:
    """The value of *source* and where each part of it stands.

    Raises `Mistakes` where it is not JSON. What can be read all the same (a key that is there twice, a
    character that no text may hold) is in the document's `mistakes`.
    """
    return _Reader(source).document()


class _Reader:
    """One pass over a text."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._text = source.text
        self._offset = 0
        self._keys: dict[Path, int] = {}
        self._values: dict[Path, int] = {}
        self._mistakes: list[Mistake] = []

    def document(self) -> Document:
        self._skip()
        if self._offset == len(self._text):
            raise self._error("the file is empty", hint='a configuration begins with { and ends with "}"')
        value = self._value(())
        self._skip()
        if self._offset < len(self._text):
            raise self._unexpected("nothing may follow the end of the configuration")
        return Document(self._source, value, self._keys, self._values, self._mistakes)

    def _value(self, path: Path) -> Json:
        self._values[path] = self._offset
        match self._peek():
            case "{" | "[" if len(path) >= DEEPEST:
                raise self._error("this is nested too deep")
            case "{":
                return self._object(path)
            case "[":
                return self._array(path)
            case '"':
                return self._string()
            case character if character and character in "-0123456789":
                return self._number()
        word = self._word()
        if word not in _WORDS:
            raise self._unexpected("a value is expected here")
        self._offset += len(word)
        return _WORDS[word]

    def _object(self, path: Path) -> Json:
        found: dict[str, Json] = {}
        for _ in self._members("}"):
            if self._peek() != '"':
                raise self._unexpected('a key in double quotation marks, or "}", is expected here')
            start = self._offset
            key = self._string()
            if key in found:
                first = self._source.place(self._keys[*path, key])[0]
                self._note(start, f'"{key}" is here twice; the first is on line {first}')
            self._keys[*path, key] = start
            self._skip()
            if self._peek() != ":":
                raise self._unexpected(f'a colon is expected after "{key}"')
            self._offset += 1
            self._skip()
            found[key] = self._value((*path, key))
        return found

    def _array(self, path: Path) -> Json:
        found: list[Json] = []
        for _ in self._members("]"):
            found.append(self._value((*path, len(found))))
        return found

    def _members(self, closing: str) -> Iterator[None]:
        """Stand before each member of an object or array, and at last behind its *closing* bracket."""
        self._offset += 1
        self._skip()
        while self._peek() != closing:
            yield
            self._skip()
            if self._peek() == ",":
                self._offset += 1
                self._skip()
            elif _VALUE.match(self._text, self._offset):
                raise self._error("a comma is missing before this")
            elif self._peek() != closing:
                raise self._unexpected(f'a comma or "{closing}" is expected here')
        self._offset += 1

    def _string(self) -> str:
        match = _STRING.match(self._text, self._offset)
        if match is None:
            raise self._error("this text is not closed on its line", hint='end it with "')
        try:
            text: str = json.loads(match[0])
        except json.JSONDecodeError as exc:
            self._offset += exc.pos
            hint = "write a backslash as \\\\" if "escape" in exc.msg else ""
            raise self._error(f"text cannot hold this ({exc.msg.lower()})", hint) from exc
        if found := _UNUSABLE.search(text):
            self._note(self._offset, f"text cannot hold the character U+{ord(found[0]):04X}")
        self._offset = match.end()
        return text

    def _number(self) -> Json:
        match = _NUMBER.match(self._text, self._offset)
        if match is None:
            raise self._error("this is not a number")
        try:
            value = float(match[0]) if match[1] or match[2] else int(match[0])
            endless = math.isinf(value)
        except (ValueError, OverflowError):  # more digits than the interpreter converts, or a float holds
            endless = True
        if endless:
            self._note(self._offset, "this number is too large")
            value = 0
        self._offset = match.end()
        return value

    def _skip(self) -> None:
        match = _SPACE.match(self._text, self._offset)
        self._offset = match.end() if match else self._offset
        if self._text.startswith("/*", self._offset):
            raise self._error("this comment is not closed", hint="end it with */")

    def _peek(self) -> str:
        return self._text[self._offset : self._offset + 1]

    def _word(self) -> str:
        match = _WORD.match(self._text, self._offset)
        return match[0] if match else self._peek()

    def _note(self, offset: int, text: str) -> None:
        self._mistakes.append(self._source.mistake(offset, text))

    def _unexpected(self, text: str) -> Mistakes:
        word = self._word()
        found = f'"{word[:30]}"' if word else "the end of the file"
        hint = _LOOKALIKES.get(word, "")
        return self._error(f"{text}, not {found}", hint)

    def _error(self, text: str, hint: str = "") -> Mistakes:
        return Mistakes([*self._mistakes, self._source.mistake(self._offset, text, hint)])
