"""A text in the making: lines with their indentation, the space between blocks, the spans over them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.markdown.parsing import tidy
from gateway.markdown.spans import Span

_BREAKING = re.compile(r"[\t\n]")


@dataclass(slots=True)
class _Margin:
    """What stands before a block's first line, then before its others."""

    first: str
    rest: str


@dataclass(slots=True)
class _Open:
    """A span that has not ended; it starts with the next text."""

    type: str
    url: str
    language: str
    whole_lines: bool
    start: int = -1


class Page:
    """Takes text from top to bottom. `spans` are those that ended and hold text."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self._parts: list[str] = []
        self._position = 0
        self._gap = 0
        self._filler = ""
        self._margins: list[_Margin] = []
        self._open: list[_Open] = []

    @property
    def text(self) -> str:
        """What was written."""
        return "".join(self._parts)

    def gap(self, lines: int) -> None:
        """Let the next text begin *lines* lines further down; of several gaps the widest counts."""
        filler = "".join(margin.rest for margin in self._margins).rstrip()
        self._filler = filler if not self._gap else min(filler, self._filler, key=len)
        self._gap = max(self._gap, lines)

    def indent(self, first: str, rest: str) -> None:
        """Begin a block whose lines stand behind a margin."""
        self._margins.append(_Margin(first, rest))

    def dedent(self) -> None:
        """End the block. A margin of which nothing was shown yet is shown: an empty item is an item."""
        if self._margins[-1].first.strip() and self._margins[-1].first != self._margins[-1].rest:
            self._start(bare=True)
        self._margins.pop()

    def begin(self, kind: str, *, url: str = "", language: str = "", whole_lines: bool = False) -> None:
        """Begin a span; one of *whole_lines* takes the margin in."""
        self._open.append(_Open(kind, url, language, whole_lines))

    def end(self) -> None:
        """End the span that began last."""
        span = self._open.pop()
        if 0 <= span.start < self._position:
            self.spans.append(Span(span.type, span.start, self._position, span.url, span.language))

    def write(self, text: str) -> None:
        """Add *text* to the line."""
        text = tidy(_BREAKING.sub(" ", text))
        if text:
            self._start()
            self._add(text)

    def write_lines(self, text: str) -> None:
        """Add whole lines, each behind the margin."""
        for line in text.split("\n"):
            if line.strip():
                self.gap(1)
                self.write(line.rstrip())
            else:
                self.gap(self._gap + 1)
        self.gap(1)

    def write_block(self, text: str) -> None:
        """Add whole lines as they are, without a margin: a span that is a block of its own on screen."""
        if any(margin.first != margin.rest for margin in self._margins):
            self._start(bare=True)
            self.gap(1)
        if text.strip():
            self._feed()
            self._mark(self._open)
            self._add(tidy(text.expandtabs(4)))

    def _start(self, *, bare: bool = False) -> None:
        """Begin the line where one is due, and the spans that wait for text; on a *bare* line none does."""
        if self._gap or not self._position:
            self._feed()
            self._mark([span for span in self._open if span.whole_lines])
            margin = "".join(margin.first for margin in self._margins)
            for each in self._margins:
                each.first = each.rest
            self._add(margin.rstrip() if bare else margin)
        if not bare:
            self._mark(self._open)

    def _feed(self) -> None:
        """Write the line breaks that are due; empty lines keep the margin that blocks share."""
        if self._position and self._gap:
            self._add(("\n" + self._filler) * (self._gap - 1) + "\n")
        self._gap = 0

    def _mark(self, spans: list[_Open]) -> None:
        """Have those *spans* start here that have not started; what is around one that has, has too."""
        for span in reversed(spans):
            if span.start >= 0:
                break
            span.start = self._position

    def _add(self, text: str) -> None:
        self._parts.append(text)
        self._position += len(text)
