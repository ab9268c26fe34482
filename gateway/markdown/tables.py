"""Tables in a monospace font, and how wide characters are there."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import zip_longest
from typing import Literal

Align = Literal["left", "right", "center"]
Row = Sequence[str]


def width(text: str) -> int:
    """Columns that *text* takes in a monospace font: two for wide characters, none for joined ones."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def draw(rows: Sequence[Row], aligns: Sequence[Align]) -> str:
    """*rows* as lines, the first a header with a rule below it; every column as wide as its widest cell."""
    columns = [max(map(width, column)) for column in zip_longest(*rows, fillvalue="")]
    lines = [_line(row, columns, aligns) for row in rows]
    lines.insert(1, "-+-".join("-" * columns_ for columns_ in columns))
    return "\n".join(lines)


def _line(row: Row, columns: Sequence[int], aligns: Sequence[Align]) -> str:
    cells = zip_longest(row, columns, aligns, fillvalue="")
    return " | ".join(_cell(str(text), int(room or 0), align) for text, room, align in cells).rstrip()


def _cell(text: str, room: int, align: object) -> str:
    spare = room - width(text)
    left = {"right": spare, "center": spare // 2}.get(str(align), 0)
    return " " * left + text + " " * (spare - left)
