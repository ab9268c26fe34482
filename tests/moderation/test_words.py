"""Words are found however they are written, and nothing else is."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.errors import ConfigError
from gateway.moderation.folding import fold, settle, spell
from gateway.moderation.words import WordList, read_words

LIST = WordList(["bad", "Very Bad Word", "敏感词", "法 轮", "加QQ群", "café", "が", "가", "Straße", "ﬁend"])


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("that is bad.", "bad"),
        ("BAD", "bad"),
        ("ｂａｄ", "bad"),
        ("𝐛𝐚𝐝", "bad"),
        ("b\u200ba\u200dd", "bad"),
        ("b\u00ada\ufeffd", "bad"),
        ("bad_word", "bad"),
        ("你bad我", "bad"),
        ("**b**ad", "bad"),
        ("very  bad\nword", "Very Bad Word"),
        ("very\u3000bad\u00a0word", "Very Bad Word"),
        ("这是敏感词吗", "敏感词"),
        ("敏 感\u3000词", "敏感词"),
        ("敏\u200b感\n词", "敏感词"),
        ("敏**感**词", "敏感词"),
        ("法轮", "法 轮"),
        ("请加 qq 群", "加QQ群"),
        ("CAFE\u0301", "café"),
        ("ｶﾞ", None),
        ("か\u3099", "が"),
        ("가", "가"),
        ("STRASSE", "Straße"),
        ("fiend", "ﬁend"),
        # and what only looks like it
        ("badge, abad", None),
        ("bad\u0301", None),
        ("b ad", None),
        ("very badword", None),
        ("敏，感词", None),
        ("cafe", None),
        ("か", None),
        ("각", None),
        ("", None),
    ],
)
def test_a_word_is_found_however_it_is_written(text: str, entry: str | None) -> None:
    assert LIST.find(text) == entry


def test_entries_that_cannot_be_seen_are_left_out() -> None:
    words = WordList(["", " ", "\u200b", "**", "x"])
    assert words.count == 1
    assert words.find("\u200b ** hello") is None


def test_the_first_spelling_of_an_entry_is_the_one_that_is_named() -> None:
    words = WordList(["Bad ", "bad", "ＢＡＤ"])
    assert (words.count, words.find("bad")) == (1, "Bad")


PIECES = st.lists(
    st.text(st.sampled_from("ab法 轮\u3000\n\u200b\u0301\u0323ﬁßか\u3099각가\u11a8Ａ*ǅ´ﷺ"), max_size=4),
    max_size=6,
)


@settings(max_examples=300)
@given(PIECES)
@example(["a\u0301", "\u0323"])
@example(["a ", " ", "法"])
def test_the_form_of_a_text_does_not_depend_on_how_it_was_cut(pieces: list[str]) -> None:
    settled = ""
    for piece in pieces:
        settled = settle(settled + spell(piece))
    assert settled == fold("".join(pieces))


@settings(max_examples=100)
@given(st.text(st.sampled_from("bad敏感词 x，"), max_size=30))
def test_what_is_found_is_there_and_what_is_there_is_found(text: str) -> None:
    """Against the definition, word by word."""
    squeezed = text.replace(" ", "")
    latin = any(part == "bad" for part in fold_to_words(text))
    assert (WordList(["敏感词", "bad"]).find(text) is not None) == ("敏感词" in squeezed or latin)


def fold_to_words(text: str) -> list[str]:
    return "".join(character if character.isascii() else " " for character in text).split()


def test_thousands_of_words_are_fast() -> None:
    numbers = range(0x4E00, 0x4E00 + 12_000)
    words = WordList(chr(number) + chr(number + 1) + chr(number + 2) for number in numbers)
    text = "".join(chr(number) for number in reversed(numbers))
    started = time.perf_counter()
    assert words.find(text) is None
    assert time.perf_counter() - started < 1.0  # a few milliseconds, on a busy machine too


# --- the file


def test_a_list_is_a_file_with_an_entry_a_line(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("\ufeff# what may not be said\nbad\n\n  敏感词  \n # another comment\nC#\n", "utf-8")
    words = read_words(path)
    assert words.count == 3
    assert words.find("in c# you write") == "C#"
    assert words.find("敏感词") == "敏感词"
    assert words.find("another comment") is None


@pytest.mark.parametrize(
    ("data", "complaint"),
    [(None, "cannot read the file"), (b"\xff\xfe", "is not UTF-8"), (b"# nothing\n\n", "holds no word")],
)
def test_a_list_that_cannot_be_used_is_a_mistake(tmp_path: Path, data: bytes | None, complaint: str) -> None:
    path = tmp_path / "words.txt"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(ConfigError, match=complaint):
        read_words(path)
