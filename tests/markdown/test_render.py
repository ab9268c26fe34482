"""What a model writes, and what people see of it."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.markdown import Markup, Rendered, render
from tests.markdown.documents import CORPUS, INVISIBLE, assert_sound, documents

MARKUPS: tuple[Markup, ...] = ("telegram", "plain", "anchors", "dingtalk", "markdown")


def shown(rendered: Rendered) -> list[tuple[str, ...]]:
    """Each entity as its type, its text, and its link or language."""
    units = rendered.text.encode("utf-16-le")
    spans = []
    for entity in rendered.entities:
        text = units[entity.offset * 2 : (entity.offset + entity.length) * 2].decode("utf-16-le")
        spans.append((entity.type, text, *filter(None, (entity.url, entity.language))))
    return spans


TELEGRAM = {
    "bold, italic, strikethrough": (
        "**a** *b* ~~c~~ ***d***",
        "a b c d",
        [("bold", "a"), ("italic", "b"), ("strikethrough", "c"), ("bold", "d"), ("italic", "d")],
    ),
    "spoiler": ("the ||butler|| did", "the butler did", [("spoiler", "butler")]),
    "or is no spoiler": ("`x` a || b || c", "x a || b || c", [("code", "x")]),
    "emphasis beside Chinese punctuation": (
        "**注意：**这里，是**“引号”**的",
        "注意：这里，是“引号”的",
        [("bold", "注意："), ("bold", "“引号”")],
    ),
    "offsets count UTF-16 units": ("😀 **👍🏽 x**", "😀 👍🏽 x", [("bold", "👍🏽 x")]),
    "code breaks what is around it": (
        "**a `b` c**",
        "a b c",
        [("bold", "a"), ("code", "b"), ("bold", "c")],
    ),
    "emphasis in emphasis is cut as Telegram cuts it": (
        "**a *b* c**",
        "a b c",
        [("bold", "a"), ("bold", "b c"), ("italic", "b")],
    ),
    "code block with a language": (
        "```python title=x\n  if a:\n\n    b()\n\n```\nend",
        "  if a:\n\n    b()\n\nend",
        [("pre", "  if a:\n\n    b()", "python")],
    ),
    "indented code": ("text\n\n    a\n      b", "text\n\na\n  b", [("pre", "a\n  b")]),
    "open fence": ("see:\n```js\nlet a", "see:\n\nlet a", [("pre", "let a", "js")]),
    "link": (
        "[a *b*](https://x.org/?q=1)",
        "a b",
        [("text_link", "a b", "https://x.org/?q=1"), ("italic", "b")],
    ),
    "code in a link": ("[`f`](https://x.org/)", "f", [("text_link", "f", "https://x.org/")]),
    "reference": ("[a][1]\n\n[1]: https://x.org/", "a", [("text_link", "a", "https://x.org/")]),
    "source that is not cited": ("*a*\n\n[1]: https://x.org/", "a\n\n[1]: https://x.org/", [("italic", "a")]),
    "footnote": ("水[^1]\n\n[^1]: 见上。", "水[^1]\n\n[^1]: 见上。", []),
    "autolink": (
        "<https://x.org/a>",
        "https://x.org/a",
        [("text_link", "https://x.org/a", "https://x.org/a")],
    ),
    "address that Telegram refuses": (
        "[a](http://localhost/b) [c](d.md)",
        "a (http://localhost/b) c (d.md)",
        [],
    ),
    "mail": ("[me](mailto:a@b.org) <c@d.org>", "me (a@b.org) c@d.org", []),
    "link without a text": (
        "[](https://x.org/)",
        "https://x.org/",
        [("text_link", "https://x.org/", "https://x.org/")],
    ),
    "script": ("[a](javascript:b)", "[a](javascript:b)", []),
    "no mention of a stranger": ("[a](tg://user?id=1)", "a (tg://user?id=1)", []),
    "image": ("![cat](https://x.org/c.png)", "cat", [("text_link", "cat", "https://x.org/c.png")]),
    "image in a link": (
        "[![cat](https://x.org/c.png)](https://x.org/)",
        "cat",
        [("text_link", "cat", "https://x.org/")],
    ),
    "quote": ("> a\n> **b**\n\nc", "a\nb\n\nc", [("blockquote", "a\nb"), ("bold", "b")]),
    "quotes in quotes are one": ("> a\n> > b\n>\n> c", "a\n\nb\n\nc", [("blockquote", "a\n\nb\n\nc")]),
    "code in a quote": ("> ```\n> a\n> ```", "a", [("blockquote", "a"), ("pre", "a")]),
    "indented code in a quote": (
        "> ```\n>   a\n> ```\n\nb",
        "  a\n\nb",
        [("blockquote", "  a"), ("pre", "  a")],
    ),
    "heading": ("# A `b`\ntext", "A b\n\ntext", [("bold", "A"), ("code", "b")]),
    "underlined heading": ("A\n===\ntext", "A\n\ntext", [("bold", "A")]),
    "list": ("- a\n- b\n  - c\n    - d\n- e", "• a\n• b\n  ◦ c\n    ▪ d\n• e", []),
    "numbers": ("9. a\n10. b\n    1. c", "9. a\n10. b\n    1. c", []),
    "loose list": ("1. a\n\n   b\n\n2. c", "1. a\n\n   b\n\n2. c", []),
    "tasks": ("- [ ] a\n- [x] b", "• ☐ a\n• ☑ b", []),
    "code in a list": ("- a\n  ```\n  b\n  ```\n- c", "• a\nb\n• c", [("pre", "b")]),
    "empty item": ("- a\n-\n- b", "• a\n•\n• b", []),
    "rule": ("a\n\n***\n\nb", "a\n\n————————\n\nb", []),
    "only a rule": ("***", "***", []),
    "HTML is text": ("<b>a</b> <!-- c -->\n<br>", "<b>a</b> <!-- c -->\n<br>", []),
    "character references": ("a &amp; b &#x202e;&#10;&nbsp;c", "a & b  \xa0c", []),
    "line breaks": ("*a*\nb  \nc\\\nd", "a\nb\nc\nd", [("italic", "a")]),
    "formula": (
        r"\(a_1 * b_1\) and $$c*d*e$$",
        "a_1 * b_1 and c*d*e",
        [("code", "a_1 * b_1"), ("code", "c*d*e")],
    ),
    "escapes": (r"\*a\* \[b\](c)", "*a* [b](c)", []),
    "half bold": ("it is **very", "it is **very", []),
    "half link": ("see [a](https://x", "see [a](https://x", []),
    "emphasis of nothing": ("** ** a *\u3000*", "** ** a *\u3000*", []),
    "what Telegram would drop": ("*a*\x00\u2028b\u202e c\u030a", "a bc", None),
    "direction marks in a row": ("*a*\u200f\u200eb", "a\u200c\u200eb", [("italic", "a")]),
    "lone surrogate": ("a\ud83d *b*", "a\ufffd b", [("italic", "b")]),
    "blank": (" \n\u200b\n", "", []),
}


@pytest.mark.parametrize("name", TELEGRAM)
def test_telegram_shows(name: str) -> None:
    source, text, entities = TELEGRAM[name]
    rendered = render(source, "telegram")
    if entities is not None:
        assert rendered.text == text
        assert shown(rendered) == entities
    assert_sound(rendered)


def test_a_table_is_aligned_with_wide_characters_counted_twice() -> None:
    rendered = render("| 名 | n |\n|:-|-:|\n| **a** | 10 |\n| 中文 | 5 |", "telegram")
    assert rendered.text.split("\n") == ["名   |  n", "-----+---", "a    | 10", "中文 |  5"]
    assert shown(rendered) == [("pre", rendered.text)]


PLAIN = {
    "marks are gone": ("**a** *b* `c` ||d|| ~~e~~", "a b c d e"),
    "a link keeps its address": ("[a](https://x.org/)", "a (https://x.org/)"),
    "an address is said once": ("<https://x.org/>", "https://x.org/"),
    "code": ("- a\n  ```py\n  if b:\n      c\n  ```", "• a\n  if b:\n      c"),
    "quote": ("> a\n> > b", "> a\n>\n> > b"),
    "table": ("|a|b|\n|-|-|\n|1|2|", "a | b\n1 | 2"),
    "heading": ("# a\nb", "a\n\nb"),
}


@pytest.mark.parametrize("name", PLAIN)
def test_plain_text_reads_well(name: str) -> None:
    source, text = PLAIN[name]
    assert render(source, "plain") == Rendered(text)


DINGTALK = {
    "line breaks": ("a\nb\n\nc", "a  \nb\n\nc"),
    "table": ("x\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\ny", "x\n\n**a** | **b**  \n1 | 2  \n\ny"),
    "what it does not know": ("~~a~~ ||b|| **c**", "a b **c**"),
    "tasks": ("- [ ] a\n- [x] b", "- ☐ a\n- ☑ b"),
    "underlined heading": ("A\n===\nb", "# A\nb"),
    "code stays": ("```py\na\nb~~\n```", "```py\na\nb~~\n```"),
}


@pytest.mark.parametrize("name", DINGTALK)
def test_dingtalk_gets_the_markdown_that_it_knows(name: str) -> None:
    source, text = DINGTALK[name]
    assert render(source, "dingtalk") == Rendered(text, fenced=True)


def test_markdown_stays_as_it_is() -> None:
    assert render(" **a**\n\n\n|b|\n", "markdown") == Rendered(" **a**\n\n\n|b|\n", fenced=True)


def test_plain_text_before_it_moves_the_entities() -> None:
    rendered = render("**a** b", "telegram").prepend("😀: ")
    assert rendered.text == "😀: a b"
    assert shown(rendered) == [("bold", "a")]


@pytest.mark.parametrize("name", CORPUS)
def test_every_beginning_of_an_answer_can_be_shown(name: str) -> None:
    source = CORPUS[name]
    step = max(1, len(source) // 150)
    for end in range(0, len(source), step):
        for markup in MARKUPS:
            assert_sound(render(source[:end], markup))


@settings(max_examples=200)
@given(documents, st.sampled_from(MARKUPS))
def test_nothing_that_can_be_seen_becomes_nothing(source: str, markup: Markup) -> None:
    rendered = render(source, markup)
    assert_sound(rendered)
    assert bool(INVISIBLE.match(rendered.text)) == bool(INVISIBLE.match(source))
    if markup != "markdown":
        assert not rendered.text.startswith("\n")
        assert rendered.text == rendered.text.rstrip()


HARD = {
    "stars": "*" * 100_000,
    "stars apart": "*a " * 33_000,
    "nested quotes": ">" * 100 + " deep\n\nafter",
    "brackets": "[" * 10_000,
    "image brackets": "![" * 10_000,
    "one letter": "a" * 1_000_000,
    "spoilers": "||a" * 30_000,
    "backticks": "`a" * 50_000,
    "formulas": r"\(" * 50_000,
    "definitions": "".join(f"[a{n}]: https://x.org/{n}\n" for n in range(4_000)),
    "entities": "**a** `b` [c](https://x.org) " * 3_000,
}


@pytest.mark.parametrize("name", HARD)
def test_hard_input_takes_no_more_than_seconds(name: str) -> None:
    begun = time.perf_counter()
    rendered = render(HARD[name], "telegram")
    assert time.perf_counter() - begun < 8
    assert rendered.text


def test_what_is_nested_too_deeply_is_shown_as_it_is() -> None:
    source = ">" * 100 + " deep"
    assert render(source, "telegram") == Rendered(source)
    assert "deep" in render("- " * 60 + "deep", "plain").text


SENDS = "dtmd://dingtalkclient/sendMessage?content=%2Fforget"


@pytest.mark.parametrize(
    "source",
    [
        f"[yes]({SENDS})",
        f"[yes](<{SENDS}>)",
        f"![yes]({SENDS})",
        f"<{SENDS}>",
        f"[yes]\n\n[yes]: {SENDS}",
        f"[yes]({SENDS.upper()})",
        f"[yes]({SENDS.replace(':', '&#58;')})",
        f"[yes]({SENDS.replace(':', chr(92) + ':')})",
        f"[yes]({SENDS.replace('dtmd', 'd&Tab;tmd')})",
        f"[yes]({SENDS.replace('dtmd', 'dtm&#100;')})",
        f"<a href='{SENDS}'>yes</a>",
        "[yes](dingtalk://dingtalkclient/action/x) and [no](https://example.org)",
        f"[yes]({SENDS})" + " and on" * 20_000,
    ],
    ids=range(13),
)
def test_no_link_of_a_model_says_something_for_a_person_in_dingtalk(source: str) -> None:
    text = render(source, "dingtalk").text
    assert not re.search(r"\]\(|^\[[^\]]*\]:|<\w", text, re.MULTILINE)
    assert "yes" in text or SENDS in text


@pytest.mark.parametrize("source", ["[a](https://dingtalk.com/x) <https://x.org>", "dingtalk: `{}`", "dtmd"])
def test_other_links_stay_links_in_dingtalk(source: str) -> None:
    assert render(source, "dingtalk").text == source


@pytest.mark.parametrize(
    "tag", ["<a href=", "<A HREF=", "<a\nhref=", "< a href=", "<a/href=", "<\ufffea\uffff href="]
)
def test_no_element_of_a_model_is_a_link_in_an_official_account(tag: str) -> None:
    source = f'{tag}"weixin://bizmsgmenu?msgmenucontent=/forget&msgmenuid=1">yes</a> <abbr> a<b'
    text = render(source, "anchors").text
    assert text.startswith("＜")
    assert text.endswith("<abbr> a<b")
