"""Reasoning never leaks, however an answer is cut."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.backend.think import ThinkFilter


def visible(pieces: Iterable[str]) -> str:
    said = ThinkFilter()
    for piece in pieces:
        said.feed(piece)
    return said.finish()


CASES = {
    "a block before the answer": ("<think>secret</think>\n\nanswer", "answer"),
    "the other tag": ("<thinking>secret</thinking>answer", "answer"),
    "in capitals": ("<THINK>secret</THINK>answer", "answer"),
    "two blocks": ("<think>a</think>\n<think>b</think>answer", "answer"),
    "a block in the middle": ("one <think>secret</think>two", "one two"),
    "never closed": ("<think>secret and more secret", ""),
    "never closed after blank lines": ("\n\n<think>secret", ""),
    "empty": ("<think>\n\n</think>\n\nanswer", "answer"),
    "a stray end at the beginning": ("</think>\n\nanswer", "answer"),
    "reasoning that the template opened": ("first I think\nthen\n</think>\n\nanswer", "answer"),
    "reasoning with a tag inside": ("<think>what is <b>?</think>answer", "answer"),
    "code in the reasoning": ("<think>```\nx\n</think>answer", "answer"),
    "mentioned in a code span": ("Write `<think>` first.", "Write `<think>` first."),
    "mentioned in a code block": (
        "So:\n```xml\n<think>x</think>\n```\nDone.",
        "So:\n```xml\n<think>x</think>\n```\nDone.",
    ),
    "mentioned in a block of tildes": ("~~~\n</think>\n~~~", "~~~\n</think>\n~~~"),
    "the end mentioned in a sentence": ("It ends with </think> there.", "It ends with </think> there."),
    "the beginning mentioned in a sentence": (
        "It begins with <think> there.",
        "It begins with <think> there.",
    ),
    "only the beginning of a tag": ("a < b and <thin", "a < b and <thin"),
    "a block after a code block": ("```\nx\n```\n<think>secret</think>end", "```\nx\n```\nend"),
    "nothing": ("", ""),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_what_people_see(text: str, expected: str) -> None:
    assert visible([text]) == expected


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_a_cut_anywhere_changes_nothing(text: str, expected: str) -> None:
    assert visible(text) == expected
    for cut in range(len(text)):
        assert visible([text[:cut], text[cut:]]) == expected


marks = st.sampled_from(
    ["<think>", "</think>", "<thinking>", "</thinking>", "<", "`", "```", "~~~", "\n", " ", "word", "é"]
)


@settings(max_examples=300)
@given(st.lists(st.tuples(marks, st.booleans()), max_size=14), st.integers(1, 5))
def test_pieces_and_the_whole_give_the_same(parts: list[tuple[str, bool]], size: int) -> None:
    text = "".join(part for part, _ in parts)
    by_size = [text[start : start + size] for start in range(0, len(text), size)]
    by_mark = "\0".join(part + ("\0" if cut else "") for part, cut in parts).split("\0")
    assert visible(by_size) == visible(by_mark) == visible([text])


@given(st.text().filter(lambda text: "<" not in text))
def test_text_without_tags_is_left_alone(text: str) -> None:
    assert visible([text]) == text.strip()


def test_nothing_of_the_reasoning_is_shown_while_it_streams() -> None:
    said = ThinkFilter()
    for character in "<think>secret</think>answer":
        said.feed(character)
        assert "answer".startswith(said.text)


def test_what_was_shown_is_taken_back_when_it_was_reasoning() -> None:
    said = ThinkFilter()
    assert said.feed("let me see\n")
    assert said.text == "let me see\n"
    assert said.feed("</think>\n\nanswer")
    assert said.text == "answer"


def test_feeding_says_whether_there_is_something_new() -> None:
    said = ThinkFilter()
    assert not said.feed("<think>secret")
    assert not said.feed("</think>\n")
    assert said.feed("answer")
