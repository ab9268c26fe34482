"""From the spans that a document nests at will to the entities that Telegram takes as they are.

Telegram's rules (https://core.telegram.org/bots/api#formatting-options): entities nest but never cross;
code and pre hold nothing and stand in nothing but a quote; links hold no code; quotes hold no quotes.
Anything else its server cuts or drops as it sees fit, so nothing else leaves here.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from gateway.markdown.rendered import Rendered
from gateway.message import Entity

# Which entity is the outer one, where several begin and end in the same places.
_ORDER = ("blockquote", "text_link", "code", "pre", "bold", "italic", "underline", "strikethrough", "spoiler")
_RANK = {name: rank for rank, name in enumerate(_ORDER)}
_CODE = frozenset({"code", "pre"})
# What is never cut into pieces: others are cut where it begins and ends.
_SOLID = frozenset({"code", "pre", "text_link"})
_DIRECTION_MARKS = re.compile("[\u200e\u200f](?=[\u200e\u200f])")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text that is shown in a special way: [start, end) in code points."""

    type: str
    start: int
    end: int
    url: str = ""
    language: str = ""


def settle(text: str, spans: Iterable[Span]) -> Rendered:
    """*text* without blank space around it, and of *spans* what Telegram can show.

    Of direction marks in a row its server keeps the last, and puts joiners for the others.
    """
    text = _DIRECTION_MARKS.sub("\u200c", text)
    spans = _trimmed(text, [*spans])
    quotes = _outermost(span for span in spans if span.type == "blockquote")
    solid = _outermost(span for span in spans if span.type in _SOLID)
    code = [span for span in solid if span.type in _CODE]
    soft = [span for span in spans if span.type not in _SOLID and span.type != "blockquote"]
    soft = _trimmed(text, [*_without(_union(soft), code)])
    return _measure(text, [*quotes, *solid, *_trimmed(text, [*_cut(soft, [*quotes, *solid])])])


def _trimmed(text: str, spans: Sequence[Span]) -> list[Span]:
    """*spans* without blank space at their ends, those that are nothing else left out.

    The indentation of a code's first line stays, in the code and in a quote that begins with it.
    """
    indented = {span.start for span in spans if span.type == "pre"}
    trimmed = []
    for span in spans:
        inside = text[span.start : span.end]
        keep = span.type in ("pre", "blockquote") and span.start in indented
        end = span.start + len(inside.rstrip())
        start = span.end - len(inside.lstrip("\n" if keep else None))
        if start < end:
            unchanged = (start, end) == (span.start, span.end)
            trimmed.append(span if unchanged else replace(span, start=start, end=end))
    return trimmed


def _sorted(spans: Iterable[Span]) -> list[Span]:
    return sorted(spans, key=_by_place)


def _by_place(span: Span) -> tuple[int, int, int]:
    return (span.start, -span.end, _RANK[span.type])


def _outermost(spans: Iterable[Span]) -> list[Span]:
    kept: list[Span] = []
    for span in _sorted(spans):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def _union(spans: Iterable[Span]) -> Iterator[Span]:
    """Spans of one type that overlap or touch become one."""
    last: dict[str, Span] = {}
    for span in _sorted(spans):
        before = last.get(span.type)
        if before and span.start <= before.end:
            last[span.type] = replace(before, end=max(before.end, span.end))
        else:
            if before:
                yield before
            last[span.type] = span
    yield from last.values()


def _without(spans: Iterable[Span], holes: Sequence[Span]) -> Iterator[Span]:
    """What *holes* (sorted, apart) leave of each span."""
    ends = [hole.end for hole in holes]
    for span in spans:
        start = span.start
        for index in range(bisect_right(ends, start), len(holes)):
            hole = holes[index]
            if hole.start >= span.end:
                break
            if start < hole.start:
                yield replace(span, start=start, end=hole.start)
            start = hole.end
        if start < span.end:
            yield replace(span, start=start)


def _cut(spans: Sequence[Span], others: Iterable[Span]) -> Iterator[Span]:
    """*spans* cut wherever another begins or one of *others* begins or ends.

    That is how Telegram's server cuts them; and of what begins in one place, nothing crosses.
    """
    places = {span.start for span in spans}
    for other in others:
        places |= {other.start, other.end}
    cuts = sorted(places)
    for span in spans:
        inside = cuts[bisect_right(cuts, span.start) : bisect_left(cuts, span.end)]
        for start, end in pairwise([span.start, *inside, span.end]):
            yield replace(span, start=start, end=end)


def _measure(text: str, spans: Iterable[Span]) -> Rendered:
    """Spans as entities of the text without blank space around it."""
    spans = _sorted(spans)
    text = text.rstrip()
    stop = len(text) - len(text.lstrip())
    lead = min(stop, spans[0].start) if spans else stop
    astral = [match.start() for match in _ASTRAL.finditer(text)]

    def units(position: int) -> int:
        return position - lead + bisect_left(astral, position)

    entities = tuple(
        Entity(
            span.type,
            units(span.start),
            units(span.end) - units(span.start),
            url=span.url,
            language=span.language,
        )
        for span in spans
    )
    return Rendered(text[lead:], entities)


def unmeasure(rendered: Rendered) -> list[Span]:
    """The entities of *rendered* as spans in code points."""
    astral = [match.start() for match in _ASTRAL.finditer(rendered.text)]
    units = [position + index for index, position in enumerate(astral)]

    def points(offset: int) -> int:
        return offset - bisect_left(units, offset)

    return [
        Span(
            entity.type,
            points(entity.offset),
            points(entity.offset + entity.length),
            entity.url,
            entity.language,
        )
        for entity in rendered.entities
    ]
