from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.config.mistakes import Mistake, Mistakes
from gateway.config.reader import DEEPEST, decode, read

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def value(text: str) -> Any:
    document = read(decode("config.json", text.encode()))
    assert document.mistakes == []
    return document.value


def mistakes(text: str | bytes) -> tuple[Mistake, ...]:
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(Mistakes) as caught:
        read(decode("config.json", data))
    return caught.value.mistakes


@settings(max_examples=150)
@given(VALUES, st.sampled_from([None, 0, 2]), st.booleans())
def test_plain_json_is_read_as_json_reads_it(data: Any, indent: int | None, ascii: bool) -> None:
    text = json.dumps(data, indent=indent, ensure_ascii=ascii)
    assert value(text) == json.loads(text)


@settings(max_examples=150)
@given(VALUES)
def test_every_value_is_found_at_its_place(data: Any) -> None:
    text = json.dumps(data, indent=1)
    document = read(decode("config.json", text.encode()))
    for path, offset in document.values.items():
        expected = data
        for step in path:
            expected = expected[step]
        assert json.JSONDecoder().raw_decode(document.source.text, offset)[0] == expected
    for path, offset in document.keys.items():
        assert json.JSONDecoder().raw_decode(document.source.text, offset)[0] == path[-1]


@settings(max_examples=300)
@given(st.text(alphabet='{}[],:"\\/*-+.eE01 \n\tátrue\u2028', max_size=30))
def test_no_text_makes_the_reader_fall(text: str) -> None:
    try:
        read(decode("config.json", text.encode()))
    except Mistakes as exc:
        lines = text.replace("\r", "\n").split("\n")
        for mistake in exc.mistakes:
            assert 1 <= mistake.line <= len(lines)
            assert 1 <= mistake.column <= len(lines[mistake.line - 1]) + 1


@given(st.binary(max_size=40))
def test_no_bytes_make_the_reader_fall(data: bytes) -> None:
    with suppress(Mistakes):
        read(decode("config.json", data))


def test_comments_and_trailing_commas_are_fine() -> None:
    text = """// first
    {
      "a": 1, // one
      /* two
         lines */ "b": [1, 2,],
      "url": "http://not.a/comment",
    } // last"""
    assert value(text) == {"a": 1, "b": [1, 2], "url": "http://not.a/comment"}


@pytest.mark.parametrize("text", ["\ufeff{}", "{}\r\n", "\r{\r}"])
def test_byte_order_marks_and_any_line_ends_are_fine(text: str) -> None:
    assert value(text) == {}


def test_windows_line_ends_count_once() -> None:
    [mistake] = mistakes('{\r\n  "a": 1\r\n  "b": 2\r\n}')
    assert (mistake.line, mistake.column) == (3, 3)


@pytest.mark.parametrize(
    ("text", "line", "column", "says", "hint"),
    [
        ("", 1, 1, "the file is empty", "begins with {"),
        ("// nothing", 1, 11, "the file is empty", ""),
        ('{"a": 1\n "b": 2}', 2, 2, "a comma is missing before this", ""),
        ("[1 2]", 1, 4, "a comma is missing before this", ""),
        ('{"a" 1}', 1, 6, 'a colon is expected after "a", not "1"', ""),
        ('{"a"：1}', 1, 5, 'a colon is expected after "a", not "："', "plain kind: :"),
        ("{'a': 1}", 1, 2, "a key in double quotation marks", "double quotation marks"),
        ("{a: 1}", 1, 2, 'a key in double quotation marks, or "}", is expected here, not "a"', ""),
        ('{"a": True}', 1, 7, 'a value is expected here, not "True"', "JSON writes true"),
        ('{"a": }', 1, 7, "a value is expected here", ""),
        ('{"a": 1;}', 1, 8, 'a comma or "}" is expected here, not ";"', ""),
        ('{"a": 1', 1, 8, 'a comma or "}" is expected here, not the end of the file', ""),
        ('{"a": "x\n"}', 1, 7, "this text is not closed on its line", 'end it with "'),
        ('{"a": "C:\\data"}', 1, 10, "text cannot hold this", "write a backslash as \\\\"),
        ('{"a": -x}', 1, 7, "this is not a number", ""),
        ("{} {}", 1, 4, "nothing may follow the end of the configuration", ""),
        ("{ /* x", 1, 3, "this comment is not closed", "*/"),
        ('{"a": 1e999}x', 1, 7, "this number is too large", ""),
        ("[" * (DEEPEST + 1), 1, DEEPEST + 1, "this is nested too deep", ""),
        ("[" * 100_000, 1, DEEPEST + 1, "this is nested too deep", ""),
    ],
)
def test_a_syntax_error_has_its_place(text: str, line: int, column: int, says: str, hint: str) -> None:
    mistake = mistakes(text)[0]
    assert (mistake.line, mistake.column) == (line, column)
    assert says in mistake.text
    assert hint in mistake.hint


def test_a_file_that_is_not_utf_8_is_named_at_the_byte() -> None:
    [mistake] = mistakes('{\n  "reply_prefix": "机器人"}'.encode("gbk"))
    assert (mistake.line, mistake.column, mistake.text) == (2, 20, "this is not UTF-8 text")
    assert mistake.hint == "save the file as UTF-8"


def test_a_key_that_is_there_twice_is_named_with_the_first() -> None:
    document = read(decode("config.json", b'{"a": 1,\n "b": {"c": 1, "c": 2},\n "a": 2}'))
    found = [(mistake.line, mistake.column, mistake.text) for mistake in document.mistakes]
    assert found == [
        (2, 16, '"c" is here twice; the first is on line 2'),
        (3, 2, '"a" is here twice; the first is on line 1'),
    ]


@pytest.mark.parametrize("text", ['"\\ud800"', '"\\u0000"', '{"\\udfff": 1}', "9" * 5000, "-1e400"])
def test_what_no_value_can_be_is_a_mistake_and_no_crash(text: str) -> None:
    document = read(decode("config.json", text.encode()))
    assert len(document.mistakes) == 1


def test_the_caret_stands_under_its_column_also_after_wide_characters_and_tabs() -> None:
    [mistake] = mistakes('{\n\t"中文": nope}')
    assert str(mistake).split("\n")[1:] == ['    \t"中文": nope}', "    \t" + " " * 8 + "^"]


def test_of_a_long_line_only_the_part_around_the_caret_is_shown() -> None:
    [mistake] = mistakes('{"a": "' + "x" * 5000 + '", "b": nope, "c": "' + "y" * 5000 + '"}')
    row, caret = str(mistake).split("\n")[1:]
    assert len(row) < 140
    assert row[caret.index("^") :].startswith("nope")


def test_a_secret_beside_a_mistake_is_not_shown() -> None:
    [mistake] = mistakes(
        '{"api_key": "sk-r\\"one", "token": "12:ab", "proxy": "http://u:p@h", "url": "http://me:pw@x" oops}'
    )
    shown = str(mistake)
    assert not any(secret in shown for secret in ("sk-r", "one", "12:ab", "u:p", "me:pw"))
    row, caret = shown.split("\n")[1:3]
    assert row[caret.index("^") :] == "oops}"
