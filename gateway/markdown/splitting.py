"""Cutting a rendered text into pieces that a platform takes."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace

from gateway.markdown.fences import Fences
from gateway.markdown.graphemes import is_boundary, last_boundary
from gateway.markdown.parsing import is_blank
from gateway.markdown.rendered import Rendered
from gateway.markdown.spans import Span, settle, unmeasure
from gateway.text import Unit, length

MIN_LIMIT = 4
"""The longest character is four bytes."""

_PLACES = (
    re.compile(r"(?=\n[^\S\n]*+\n)"),
    re.compile(r"(?=\n)"),
    re.compile(r"[。！？；…]++[”’」』）)]*+|(?<![.!?])[.!?]++[\"')\]]*+(?=\s)"),
    re.compile(r"(?=\s)|(?<=[，、：])"),
)
"""Where a text is cut, the best first: behind a paragraph, a line, a sentence, a word."""

_LINK = re.compile(r"!?\[[^\[\]\n]{0,500}+\]\([^()\s]{1,2000}+\)|https?://[!-~]{1,2000}+")
_SPACE = re.compile(r"\s*+")
_EMPTY_LINES = re.compile(r"(?:[^\S\n]*+\n)*+")
_WHOLE = frozenset({"text_link", "code"})


def split(rendered: Rendered, limit: int, unit: Unit) -> list[Rendered]:
    """*rendered* in pieces of at most *limit* *unit*s, none of them blank.

    Cut between paragraphs, else lines, sentences, words, and only in a word that fills a piece between
    characters; a link or a code stays whole where it fits a piece. Nothing is lost but blank space at the
    cuts. An entity that is cut goes on in the next piece; so does a code fence in a text that is Markdown,
    closed and opened again. Raises `ValueError`: *limit* is below `MIN_LIMIT`.
    """
    if limit < MIN_LIMIT:
        raise ValueError(f"a piece must have room for {MIN_LIMIT} {unit}, not {limit}")
    if length(rendered.text, unit) <= limit:
        return [] if is_blank(rendered.text) else [rendered]
    pieces = _Splitter(rendered, limit, unit).pieces()
    return [piece for piece in pieces if not is_blank(piece.text)]


class _Splitter:
    """One text being cut from front to back."""

    def __init__(self, rendered: Rendered, limit: int, unit: Unit) -> None:
        self._text = rendered.text
        self._limit = limit
        self._unit: Unit = unit
        self._fenced = rendered.fenced
        self._spans = unmeasure(rendered)
        self._next = 0
        self._active: list[Span] = []
        self._fences = Fences(self._text if self._fenced else "", limit // 2, unit)
        self._whole = self._find_whole()
        self._code = sorted((span.start, span.end) for span in self._spans if span.type == "pre")

    def pieces(self) -> Iterator[Rendered]:
        """The pieces in order; some may be blank."""
        position = 0
        while position < len(self._text):
            fence = self._fences.at(position)
            opener = fence.opener if fence else ""
            end = self._cut(position, self._reach(position, length(opener, self._unit)))
            spans = self._within(position, end)
            if self._fenced:
                yield self._markdown(position, end, opener)
            else:
                yield settle(self._text[position:end], spans)
            position = self._skip(end)

    def _find_whole(self) -> list[tuple[int, int]]:
        """What is not cut where it fits a piece; sorted and apart."""
        found = [(span.start, span.end) for span in self._spans if span.type in _WHOLE]
        found += (match.span() for match in _LINK.finditer(self._text))
        for fence in self._fences.all:
            found += ((fence.start, fence.body), (fence.close, fence.end))
        whole: list[tuple[int, int]] = []
        for start, end in sorted(found):
            if (not whole or start >= whole[-1][1]) and self._fits(start, end, self._limit):
                whole.append((start, end))
        return whole

    def _reach(self, position: int, used: int) -> int:
        """How far a piece that begins at *position* can go."""
        room = self._limit - used
        if self._fits(position, len(self._text), room):
            return len(self._text)
        room -= self._fences.longest_closer
        low, high = position + 1, min(position + room, len(self._text))
        if self._fits(position, high, room):
            return high
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._fits(position, middle, room) else (low, middle - 1)
        return low

    def _fits(self, start: int, end: int, room: int) -> bool:
        return end - start <= room and length(self._text[start:end], self._unit) <= room

    def _cut(self, position: int, reach: int) -> int:
        """Where the piece that begins at *position* ends: the best place, but no crumb for its sake."""
        if reach == len(self._text):
            return reach
        for floor in (position + (reach - position) // 4, position):
            for place in _PLACES:
                matches = place.finditer(self._text, floor + 1, reach + 2)
                for match in reversed(list(matches)):
                    if floor < match.end() <= reach and self._may_cut(match.end(), position, reach):
                        return match.end()
        end = last_boundary(self._text, position, reach)
        start, _ = self._around(end)
        return last_boundary(self._text, position, start) if start > position else end

    def _may_cut(self, end: int, position: int, reach: int) -> bool:
        start, stop = self._around(end)
        torn = start > position or position <= start < stop <= reach
        return not torn and is_boundary(self._text, end, position)

    def _around(self, position: int) -> tuple[int, int]:
        """The stretch to be kept whole that a cut at *position* would tear, or (-1, -1)."""
        index = bisect_left(self._whole, (position, -1)) - 1
        if index >= 0 and position < self._whole[index][1]:
            return self._whole[index]
        return (-1, -1)

    def _within(self, start: int, end: int) -> list[Span]:
        """The spans between *start* and *end*, cut to that and counted from *start*."""
        while self._next < len(self._spans) and self._spans[self._next].start < end:
            self._active.append(self._spans[self._next])
            self._next += 1
        self._active = [span for span in self._active if span.end > start]
        return [
            replace(span, start=max(span.start, start) - start, end=min(span.end, end) - start)
            for span in self._active
        ]

    def _markdown(self, start: int, end: int, opener: str) -> Rendered:
        """A piece that may begin or end within a fenced block."""
        body = self._text[start:end].rstrip()
        after = self._fences.at(end)
        if is_blank(body):
            return Rendered("")
        text = (opener + body if opener else body.lstrip()) + (after.closer if after else "")
        return Rendered(text, fenced=True)

    def _skip(self, end: int) -> int:
        """Where the piece behind a cut at *end* begins: behind blank space, in code behind empty lines."""
        fence = self._fences.at(end)
        if fence or self._in_code(end):
            lines = _EMPTY_LINES.match(self._text, end)
            position = lines.end() if lines else end
            if not fence or position < fence.close:
                return position
            end = fence.end
        ahead = bisect_left(self._code, (end, -1))
        stop = self._code[ahead][0] if ahead < len(self._code) else len(self._text)
        space = _SPACE.match(self._text, end, stop)
        return last_boundary(self._text, end, space.end()) if space and space.end() > end else end

    def _in_code(self, position: int) -> bool:
        index = bisect_left(self._code, (position, -1)) - 1
        return index >= 0 and position < self._code[index][1]
