"""Code fences in a text that is Markdown itself."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.text import Unit, length

_LINE = re.compile(
    r"^(?P<margin>[ \t]*+(?:>[ \t]*+)*+)(?P<marker>`{3,}+|~{3,}+)(?P<info>[^\n]*)\n?", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Fence:
    """One fenced block: it starts at `start`, its code is [body, close), what follows it is at `end`."""

    start: int
    body: int
    close: int
    end: int
    opener: str
    closer: str


class Fences:
    """The fenced blocks of a text, those that can be closed and opened again within *room* *unit*s."""

    def __init__(self, text: str, room: int, unit: Unit) -> None:
        self.all = [fence for fence in _find(text) if length(fence.opener + fence.closer, unit) <= room]
        self._starts = [fence.start for fence in self.all]
        self.longest_closer = max((length(fence.closer, unit) for fence in self.all), default=0)

    def at(self, position: int) -> Fence | None:
        """The block whose opening line is before *position* and whose end is behind it."""
        index = bisect_right(self._starts, position) - 1
        if index < 0:
            return None
        fence = self.all[index]
        return fence if fence.body <= position < fence.end else None


def _find(text: str) -> Iterator[Fence]:
    opening: re.Match[str] | None = None
    for line in _LINE.finditer(text):
        if opening is None:
            opening = line if "`" not in line["info"] else None
        elif line["marker"].startswith(opening["marker"]) and not line["info"].strip():
            yield _fence(opening, line.start(), line.end())
            opening = None
    if opening is not None:
        yield _fence(opening, len(text), len(text))


def _fence(opening: re.Match[str], close: int, end: int) -> Fence:
    opener = opening[0].rstrip() + "\n"
    closer = "\n" + opening["margin"] + opening["marker"]
    return Fence(opening.start(), opening.end(), close, end, opener, closer)
