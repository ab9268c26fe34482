"""Cutting answers: nothing lost, nothing torn."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.markdown import Rendered, render, split
from gateway.message import Entity
from gateway.text import Unit, length
from tests.markdown.documents import CORPUS, INVISIBLE, assert_lossless, documents

UNITS: tuple[Unit, ...] = ("characters", "utf16", "bytes")


def texts(text: str, limit: int, unit: Unit = "characters") -> list[str]:
    return [piece.text for piece in split(Rendered(text, fenced=True), limit, unit)]


PLACES = {
    "what fits is not cut": ("a b\n\nc", 20, ["a b\n\nc"]),
    "paragraphs": ("One two.\nThree.\n\nFour five six.", 20, ["One two.\nThree.", "Four five six."]),
    "lines": ("One two. Three\nfour five six. Seven", 20, ["One two. Three", "four five six. Seven"]),
    "sentences": ("One two! Three four five.", 15, ["One two!", "Three four", "five."]),
    "Chinese sentences": ("第一句话。第二句话！第三句", 11, ["第一句话。第二句话！", "第三句"]),
    "a closing quote stays": ("他说“好的。”然后走了很远", 9, ["他说“好的。”", "然后走了很远"]),
    "words": ("alpha beta gamma delta", 12, ["alpha beta", "gamma delta"]),
    "letters": ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
    "no crumbs": ("a\n\n" + "b " * 9, 16, ["a\n\nb b b b b b b", "b b"]),
    "blank": (" \n" * 10, 5, []),
    "addresses": ("see https://example.com/abc", 24, ["see", "https://example.com/abc"]),
    "Chinese around an address": (
        "请看https://example.com/a，谢谢",
        22,
        ["请看", "https://example.com/a，", "谢谢"],
    ),
    "links": ("a b c [long name](https://x.org/)", 30, ["a b c", "[long name](https://x.org/)"]),
}


@pytest.mark.parametrize("name", PLACES)
def test_it_cuts_at_the_best_place(name: str) -> None:
    text, limit, pieces = PLACES[name]
    assert texts(text, limit) == pieces


CLUSTERS = ("👨‍👩‍👧‍👦", "👍🏽", "🇨🇳", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "e\u0301\u0323", "한", "\u1112\u1161\u11ab", "नि", "❤️‍🔥")


@pytest.mark.parametrize("cluster", CLUSTERS)
@pytest.mark.parametrize("unit", UNITS)
def test_it_does_not_tear_what_reads_as_one_character(cluster: str, unit: Unit) -> None:
    for limit in range(length(cluster, unit) + 3, length(cluster, unit) * 3):
        for piece in texts(cluster * 20, max(limit, 4), unit):
            assert piece.replace(cluster, "") == ""


def test_crlf_is_one_line_end() -> None:
    assert texts("abcd\r\nefgh", 5) == ["abcd", "efgh"]


def test_a_limit_without_room_for_a_character_is_refused() -> None:
    with pytest.raises(ValueError, match="room"):
        split(Rendered("abcdef"), 3, "bytes")


def test_code_that_is_cut_goes_on_as_code() -> None:
    code = "\n".join(f"  line({n})" for n in range(9))
    pieces = split(render(f"**Look**\n```py\n{code}\n```\nend", "telegram"), 40, "utf16")
    assert len(pieces) > 2
    assert pieces[0].text.startswith("Look\n\n  line(0)")
    for piece in pieces[1:-1]:
        assert piece.entities == (Entity("pre", 0, len(piece.text), language="py"),)
        assert piece.text.startswith("  line(")


def test_a_link_is_not_cut_where_it_fits() -> None:
    rendered = render("one two three [four five six](https://x.org/) seven", "telegram")
    pieces = split(rendered, 20, "utf16")
    assert [piece.text for piece in pieces] == ["one two three", "four five six seven"]
    assert pieces[1].entities == (Entity("text_link", 0, 13, url="https://x.org/"),)


def test_a_fence_that_is_cut_is_closed_and_opened_again() -> None:
    source = "Look at this:\n\n```py\nfor a in b:\n    c(a)\n    d(a)\n    e(a)\n```\n\nend of it"
    assert texts(source, 32) == [
        "Look at this:",
        "```py\nfor a in b:\n    c(a)\n```",
        "```py\n    d(a)\n    e(a)\n```",
        "end of it",
    ]


def test_a_fence_in_a_quote_is_opened_again_in_the_quote() -> None:
    pieces = texts("> ```\n> one line\n> two line\n> three\n> ```", 30)
    assert pieces == ["> ```\n> one line\n> ```", "> ```\n> two line\n> three\n> ```"]


def test_an_open_fence_stays_open() -> None:
    assert texts("```\nabc def\nghi jkl\nmno", 20) == ["```\nabc def\n```", "```\nghi jkl\nmno"]


LIMITS = st.sampled_from((4, 5, 7, 13, 40, 200, 4096))


@settings(max_examples=300)
@given(documents, LIMITS, st.sampled_from(UNITS))
def test_the_parts_together_are_the_whole(source: str, limit: int, unit: Unit) -> None:
    rendered = render(source, "telegram")
    assert_lossless(rendered, split(rendered, limit, unit), limit, unit)


def without_fences(text: str) -> str:
    return re.sub(r"\s+", "", re.sub(r"(?m)^[ \t>]*(?:`{3,}|~{3,}).*$", "", text))


@settings(max_examples=200)
@given(documents, st.sampled_from((4, 20, 60, 500)), st.sampled_from(UNITS))
def test_the_parts_of_markdown_are_the_whole_but_for_fences(source: str, limit: int, unit: Unit) -> None:
    rendered = render(source, "markdown")
    pieces = split(rendered, limit, unit)
    for piece in pieces:
        assert length(piece.text, unit) <= limit
        assert not INVISIBLE.match(piece.text)
    if "```" not in source and "~~~" not in source:
        assert_lossless(rendered, pieces, limit, unit)


@pytest.mark.parametrize("name", CORPUS)
@pytest.mark.parametrize("limit", [60, 300, 4096])
def test_the_parts_of_an_answer_in_markdown_are_the_whole_but_for_fences(name: str, limit: int) -> None:
    pieces = split(Rendered(CORPUS[name], fenced=True), limit, "utf16")
    joined = "\n".join(piece.text for piece in pieces)
    assert without_fences(joined) == without_fences(CORPUS[name])
    for piece in pieces[:-1]:
        assert len(re.findall(r"(?m)^[ \t>]*(?:`{3}|~{3})", piece.text)) % 2 == 0 or name == "fence-in-fence"


HUGE = {
    "one letter": "a" * 1_000_000,
    "words": "word 词语。 " * 110_000,
    "paragraphs": ("x" * 100 + "\n\n") * 10_000,
    "marks": "a" + "\u0301" * 1_000_000,
    "flags": "🇨" * 500_000,
    "families": "👩\u200d" * 300_000,
    "exclamations": "!" * 1_000_000,
    "blank lines": ("\n" + " " * 50) * 20_000 + "x",
    "fences": "```\na\n```\n" * 100_000,
    "addresses": "https://" * 120_000,
}


@pytest.mark.parametrize("name", HUGE)
def test_a_megabyte_is_cut_in_seconds(name: str) -> None:
    begun = time.perf_counter()
    pieces = split(Rendered(HUGE[name], fenced=True), 4096, "utf16")
    assert time.perf_counter() - begun < 8
    assert pieces
