"""What is wrong in a configuration, and where: all of it at once, each with its line and a caret."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from gateway.config.placeholders import is_placeholder
from gateway.errors import ConfigError
from gateway.text import clean

# Nobody reads more at once.
_MOST_SHOWN = 100

# Characters of a long line that are shown on each side of the caret.
_AROUND = 60

# A value beside a name like this is starred wherever a line of the file is shown.
_SECRET = re.compile(
    r'("[^"\n]*(?:key|(?<!clear_)token(?!s)|secret|password|proxy|authorization|cookie)[^"\n]*"\s*:\s*")((?:[^"\\\n]|\\.)*)',
    re.IGNORECASE,
)
_LOGIN = re.compile(r'(://)([^/@\s"]+)(?=@)')


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to put right.

    `path` names the file or the environment variable. `line` and `column` count characters from 1; both
    are 0 where there is no line. `source` is the line, its secrets starred.
    """

    path: str
    line: int
    column: int
    text: str
    hint: str = ""
    source: str = ""

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}:{self.column}" if self.line else self.path
        lines = [f"{place}: {self.text}"]
        if self.line:
            lines += [f"    {row}".rstrip() for row in _pointed(self.source, self.column)]
        if self.hint:
            lines.append(f"  {self.hint}")
        return clean("\n".join(lines))


class Mistakes(ConfigError):
    """The configuration cannot be used; the text is the report."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(mistakes, key=lambda mistake: (mistake.line, mistake.column)))
        more = len(self.mistakes) - _MOST_SHOWN
        shown = [*map(str, self.mistakes[:_MOST_SHOWN]), *([f"and {more} more"] if more > 0 else [])]
        super().__init__("\n".join(shown))


class Source:
    """A text and its name, and where its lines begin."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._shown: dict[int, str] = {}  # lines by their numbers, secrets starred

    def place(self, offset: int) -> tuple[int, int]:
        """The line and the column, both from 1, of the character at *offset*."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def mistake(self, offset: int, text: str, hint: str = "") -> Mistake:
        """A mistake at *offset*."""
        line, column = self.place(offset)
        return Mistake(self.name, line, column, text, hint, self._line(line))

    def _line(self, line: int) -> str:
        if line not in self._shown:
            start = self._starts[line - 1]
            end = self.text.find("\n", start)
            row = self.text[start : None if end < 0 else end]
            self._shown[line] = _LOGIN.sub(_starred, _SECRET.sub(_starred, row))
        return self._shown[line]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint with the closest of *known*, or nothing."""
    names = {name.casefold(): name for name in known}
    close = get_close_matches(word.casefold(), names, n=1)
    return f'did you mean "{names[close[0]]}"?' if close else ""


def _starred(match: re.Match[str]) -> str:
    name, value = match.groups()
    open_to_all = value.startswith(("env:", "file:")) or is_placeholder(value)
    return name + (value if open_to_all else "*" * len(value))


def _pointed(source: str, column: int) -> tuple[str, str]:
    """The part of a line around *column*, and a line with a caret below it."""
    start = max(0, column - 1 - _AROUND) if len(source) > 2 * _AROUND else 0
    shown = source[start : start + 2 * _AROUND]
    before = shown[: column - 1 - start]
    row = "".join(character if character.isprintable() else _blank(character) for character in shown)
    return row, "".join(map(_blank, before)) + "^"


def _blank(character: str) -> str:
    """What takes the room of *character* on a terminal."""
    if character == "\t":
        return "\t"
    return "  " if unicodedata.east_asian_width(character) in "WF" else " "
