"""Telegram's own library takes what we render, and changes nothing in it.

Two of its functions judge: `parseMarkdown` puts a text with given entities in order as the server does with a
message (and gives the server's error where it would refuse), and `parseTextEntities` reads the HTML that says
the same.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from html import escape
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.markdown import Rendered, render, split
from gateway.message import Entity
from tests.markdown.documents import CORPUS, assert_lossless, documents

pytestmark = pytest.mark.judge

try:
    tdjson: Any = importlib.import_module("tdjson")
except ImportError:
    pytest.skip("TDLib judges Telegram's formatting: pip install tdjson", allow_module_level=True)

NAMES = {
    "bold": "Bold",
    "italic": "Italic",
    "underline": "Underline",
    "strikethrough": "Strikethrough",
    "spoiler": "Spoiler",
    "code": "Code",
    "pre": "Pre",
    "text_link": "TextUrl",
    "blockquote": "BlockQuote",
}
TYPES = {name: kind for kind, name in NAMES.items()} | {"PreCode": "pre"}
TAGS = {
    "bold": "b",
    "italic": "i",
    "strikethrough": "s",
    "spoiler": "tg-spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
MARKERS = str.maketrans(dict.fromkeys("*_~|`[", "x"))
"""`parseMarkdown` reads these after it has put the entities in order; an x for each keeps the rest."""


def execute(request: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(tdjson.td_execute(json.dumps(request).encode()))
    return answer


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> None:
    execute({"@type": "setLogVerbosityLevel", "new_verbosity_level": 0})


def by_entities(rendered: Rendered) -> dict[str, Any]:
    """What TDLib makes of the text with its entities."""
    entities = [
        {"@type": "textEntity", "offset": entity.offset, "length": entity.length, "type": _type(entity)}
        for entity in rendered.entities
    ]
    text = rendered.text.translate(MARKERS)
    return execute(
        {"@type": "parseMarkdown", "text": {"@type": "formattedText", "text": text, "entities": entities}}
    )


def _type(entity: Entity) -> dict[str, Any]:
    if entity.type == "pre" and entity.language:
        return {"@type": "textEntityTypePreCode", "language": entity.language}
    value = {"@type": f"textEntityType{NAMES[entity.type]}"}
    return value | ({"url": entity.url} if entity.url else {})


def by_html(rendered: Rendered) -> dict[str, Any]:
    """What TDLib makes of the same written as HTML."""
    html, text = [], rendered.text.encode("utf-16-le")
    closing: list[tuple[int, str]] = []
    position = 0

    def advance(to: int) -> None:
        nonlocal position
        html.append(escape(text[position * 2 : to * 2].decode("utf-16-le")))
        position = to

    def close(before: int) -> None:
        while closing and closing[-1][0] <= before:
            end, tag = closing.pop()
            advance(end)
            html.append(tag)

    for entity in rendered.entities:
        close(entity.offset)
        advance(entity.offset)
        opener, closer = _tags(entity)
        html.append(opener)
        closing.append((entity.offset + entity.length, closer))
    close(len(text))
    advance(len(text) // 2)
    mode = {"@type": "textParseModeHTML"}
    return execute({"@type": "parseTextEntities", "text": "".join(html), "parse_mode": mode})


def _tags(entity: Entity) -> tuple[str, str]:
    if entity.type == "text_link":
        return f'<a href="{escape(entity.url)}">', "</a>"
    if entity.type == "pre" and entity.language:
        return f'<pre><code class="language-{escape(entity.language)}">', "</code></pre>"
    return f"<{TAGS[entity.type]}>", f"</{TAGS[entity.type]}>"


def judge(rendered: Rendered, ask: Callable[[Rendered], dict[str, Any]], text: str) -> None:
    answer = ask(rendered)
    assert answer["@type"] == "formattedText", answer["message"]
    assert answer["text"] == text
    got = [
        (
            TYPES[entity["type"]["@type"].removeprefix("textEntityType")],
            entity["offset"],
            entity["length"],
            entity["type"].get("language", ""),
        )
        for entity in answer["entities"]
    ]
    want = [(entity.type, entity.offset, entity.length, entity.language) for entity in rendered.entities]
    assert got == want


def check(document: str) -> None:
    """The whole and its parts, at Telegram's limit and at a narrow one."""
    rendered = render(document, "telegram")
    for limit in (4096, 37):
        pieces = split(rendered, limit, "utf16")
        assert_lossless(rendered, pieces, limit, "utf16")
        for piece in pieces:
            judge(piece, by_entities, piece.text.translate(MARKERS))
            judge(piece, by_html, piece.text)


@pytest.mark.parametrize("name", CORPUS)
def test_tdlib_takes_every_answer_of_the_corpus_unchanged(name: str) -> None:
    check(CORPUS[name])


@settings(max_examples=300)
@given(documents)
def test_tdlib_takes_any_answer_unchanged(document: str) -> None:
    check(document)


@pytest.mark.long
@pytest.mark.timeout(1800)
@settings(max_examples=10_000)
@given(documents)
def test_tdlib_takes_ten_thousand_answers_unchanged(document: str) -> None:
    check(document)


SCHEMES = ("http://", "https://", "tg://", "HTTP://", "//", "mailto:", "ftp://", "")
HOSTS = (
    "a.b",
    "localhost",
    "127.0.0.1",
    "[::1]",
    "例子.测试",
    "x_y.-z-",
    "a..b",
    ".a.b",
    "a.b.",
    "resolve",
    "user?id=4",
)
TAILS = (
    "user:pw@",
    "@",
    ":80",
    ":99999",
    ":0",
    "/",
    "?",
    "#",
    "é",
    "%20",
    "%zz",
    "&",
    "=",
    "'",
    "!",
    "..",
    "x",
)
URLS = st.builds(
    lambda scheme, user, host, tail: scheme + user + host + "".join(tail),
    st.sampled_from(SCHEMES),
    st.sampled_from(("", "", "u@", "u:p@", "@")),
    st.sampled_from(HOSTS),
    st.lists(st.sampled_from(TAILS), max_size=5),
)


@settings(max_examples=500)
@given(URLS)
def test_tdlib_takes_every_link_that_we_make(url: str) -> None:
    rendered = render(f"see [this]({url}) and [that](<{url}>)", "telegram")
    judge(rendered, by_entities, rendered.text.translate(MARKERS))
