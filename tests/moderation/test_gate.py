"""A growing answer never shows what is forbidden, and shows all else."""

from __future__ import annotations

import time
from collections.abc import Iterable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.moderation import Finding, Forbidden, Moderator
from gateway.moderation.words import WordList

# A character that belongs to no word: after it, everything before it is decided.
END = "☃"
ALPHABET = st.sampled_from("abd法轮功 \n\u200b\u0301\u0323ﬁ*가\u11a8か\u3099Ａ，")
TEXTS = st.text(ALPHABET, max_size=25)
ENTRIES = st.lists(st.text(ALPHABET, min_size=1, max_size=4), min_size=1, max_size=4)
CUTS = st.lists(st.integers(0, 25), max_size=12)


class Screen:
    """What a person saw, text after text."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def __call__(self, text: str) -> None:
        self.texts.append(text)


def growing(text: str, cuts: Iterable[int]) -> list[str]:
    """The text so far, after each piece."""
    ends = sorted({cut for cut in cuts if 0 < cut < len(text)} | {len(text)})
    return [text[:end] for end in ends]


async def watch(words: WordList, views: Iterable[str]) -> tuple[Screen, Forbidden | None]:
    screen = Screen()
    gate = Moderator(words).gate(screen)
    try:
        for view in views:
            await gate(view)
    except Forbidden as exc:
        return screen, exc
    return screen, None


@settings(max_examples=300)
@given(ENTRIES, TEXTS, CUTS)
@example(["bad"], "badge bad", [3, 5, 8])
@example(["法轮功"], "法 轮 \n 功", [1, 2, 3, 4, 5])
@example(["ạ\u0301b"], "a\u0301\u0323b", [1, 2, 3])
@example(["ib"], "ﬁb", [1])
@example(["가나"], "가\u11a8", [1])
@example(["a"], "b aa\u0301", [5])
async def test_nothing_forbidden_is_ever_seen_and_all_else_is(
    entries: list[str], text: str, cuts: list[int]
) -> None:
    words = WordList(entries)
    screen, error = await watch(words, growing(text + END, cuts))
    assert all((text + END).startswith(view) for view in screen.texts)
    assert screen.texts == sorted(set(screen.texts), key=len)
    assert [view for view in screen.texts if words.find(view)] == []
    assert (error is not None) == (words.find(text + END) is not None)
    if error is None:
        assert screen.texts[-1] == text + END


@settings(max_examples=100)
@given(
    st.lists(st.text(st.sampled_from("甲乙丙"), min_size=1, max_size=3), min_size=1),
    st.text("甲乙丙丁", max_size=30),
)
async def test_entries_of_ideographs_are_stopped_at_their_last_character(
    entries: list[str], text: str
) -> None:
    """Against the plainest definition there is: a string in a string."""
    views = growing(text, range(len(text)))
    screen, error = await watch(WordList(entries), views if text else [])
    assert not any(entry in view for entry in entries for view in screen.texts)
    assert (error is not None) == any(entry in text for entry in entries)


async def test_no_more_is_held_back_than_a_word_can_need() -> None:
    longest = "very bad word"
    text = "敏锐的感觉，very good，敏感的人" * 20
    screen = Screen()
    gate = Moderator(WordList(["敏感词", longest])).gate(screen)
    for view in growing(text, range(len(text))):
        await gate(view)
        assert len(view) - len(screen.texts[-1] if screen.texts else "") < len(longest)
    assert len(screen.texts) > len(text) / 2


async def test_what_was_found_is_said_and_ends_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    screen, error = await watch(WordList(["Bad Word"]), ["so", "so bad", "so bad word", "so bad word."])
    assert error is not None
    assert error.finding == Finding("answer", "entry", "Bad Word")
    assert screen.texts == ["so", "so "]
    assert [record.getMessage() for record in caplog.records] == ["the answer is refused, entry: Bad Word"]


async def test_another_try_begins_from_nothing() -> None:
    screen, error = await watch(WordList(["敏感词"]), ["first 敏", "fir", "敏感", "敏感的"])
    assert error is None
    assert screen.texts == ["first ", "", "fir", "", "敏感的"]


async def test_an_answer_that_ends_in_spaces_without_end_costs_no_more_than_others() -> None:
    sieve = ["法" + "\n" * length for length in range(20_000)]
    started = time.perf_counter()
    screen, error = await watch(WordList(["法轮"]), sieve)
    assert (screen.texts, error) == ([], None)
    assert time.perf_counter() - started < 5  # less than one; were it in proportion to the square, a minute
