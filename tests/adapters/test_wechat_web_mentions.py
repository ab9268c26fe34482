"""Which group messages call us: every kind of name, written in every way, in every place."""

from __future__ import annotations

from itertools import product

import pytest

from adapters.wechat_web.mentions import without_mention
from adapters.wechat_web.names import readable
from tests.servers.wechat_web.wording import marked

# A name as a person gives it.
NAMES = {
    "plain": "Bot",
    "chinese": "小助手",
    "space": "My  little Bot",
    "emoji": "Bot😂",
    "old emoji": "❤️Bot☀",
    "flag": "Bot🇨🇳",
    "family": "👨‍👩‍👧 Bot",
    "keycap": "Bot1⃣",
    "regex": "B.*+?[](){}|^$\\b",
    "html": "<b>Bot</b> & Co",
    "at": "Bot@Work",
    "bracket": "「Bot」：",
    "digits": "123",
}
SEPARATORS = {"phone": "\u2005", "space": " ", "newline": "\n", "nbsp": "\u00a0", "none": ""}
# Where the mention stands: what is before, what is after, and what is to be left of both.
PLACES = {
    "start": ("", "what time is it?", "what time is it?"),
    "middle": ("please ", "tell me", "please tell me"),
    "end": ("what time is it? ", "", "what time is it?"),
    "with others before": ("@Ann\u2005 and ", "hello", "@Ann\u2005 and hello"),
    "with others after": ("", "and @Ann\u2005", "and @Ann"),
    "alone": ("", "", ""),
    "after an address": ("mail a@example.com ", "please", "mail a@example.com please"),
}
OTHERS = ("Ann", "Bob")


def cases() -> list[object]:
    """Every name as nickname and as alias, with every separator, in every place."""
    found = []
    for (name, nick), role, (how, separator), (where, place) in product(
        NAMES.items(), ("nickname", "alias"), SEPARATORS.items(), PLACES.items()
    ):
        if separator == "" and place[1]:
            continue  # nothing at all stands behind a mention at the end alone
        id = f"{name}-{role}-{how}-{where}"
        found.append(pytest.param(nick, role, separator, *place, id=id))
    return found


@pytest.mark.parametrize(("name", "role", "separator", "before", "after", "left"), cases())
def test_a_mention_is_found_and_taken_out(
    name: str, role: str, separator: str, before: str, after: str, left: str
) -> None:
    ours = [name, "Somebody Else"] if role == "nickname" else ["Nick", name]
    ours = [readable(marked(each)) for each in ours]  # as contacts have them
    text = readable(marked(f"{before}@{name}{separator}{after}"))  # as the phone wrote it
    said, called = without_mention(text, ours, OTHERS)
    assert called
    assert " ".join(said.split()) == " ".join(left.split())


@pytest.mark.parametrize("separator", ["\u2005", " ", "\u00a0", "\n"])
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_mention_may_come_twice(name: str, separator: str) -> None:
    text = f"@{name}{separator}one @{name}{separator}two @{name}"
    said, called = without_mention(text, [name], OTHERS)
    assert (said.split(), called) == (["one", "two"], True)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_what_is_no_mention_stays(name: str) -> None:
    for text in (
        f"a@{name}.com is my address",
        f"write to a@{name}",
        f"write to some.one@{name} please",
        f"@{name}x is somebody else",
        f"@{name}.",
        f"{name} hello",
        f"@ {name} hello",
        "@Ann\u2005 hello",
        "hello",
        "@",
        "",
    ):
        assert without_mention(text, [name], OTHERS) == (text.strip(), False)


def test_the_phone_mentions_right_behind_a_word() -> None:
    assert without_mention("hello@Bot\u2005what time?", ["Bot"]) == ("hello what time?", True)
    assert without_mention("你好@Bot 几点？", ["Bot"]) == ("你好 几点？", True)


def test_somebody_whose_name_begins_with_ours_is_somebody_else() -> None:
    others = ["Bot Two", "Bottom"]
    assert without_mention("@Bot Two\u2005hello", ["Bot"], others) == ("@Bot Two\u2005hello", False)
    assert without_mention("@Bot Two hello", ["Bot"], others) == ("@Bot Two hello", False)
    assert without_mention("@Bot Two hello", ["Bot"]) == ("Two hello", True)
    assert without_mention("@Bot\u2005@Bot Two\u2005hello", ["Bot"], others) == ("@Bot Two\u2005hello", True)
    assert without_mention("@Bottom up", ["Bot"], others) == ("@Bottom up", False)


def test_our_longer_name_is_taken_out_whole() -> None:
    assert without_mention("@Bot Two\u2005hello", ["Bot", "Bot Two"]) == ("hello", True)
    assert without_mention("@Bot Two hello", ["Bot", "Bot Two"], ["Bot Two"]) == ("hello", True)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("one\n@Bot\ntwo", "one\ntwo"),
        ("one @Bot\ntwo", "one \ntwo"),
        ("@Bot\none\n\ntwo", "one\n\ntwo"),
        ("one @Bot two", "one two"),
        ("one@Bot\u2005", "one"),
        ("```\ncode  here\n```\n@Bot\u2005", "```\ncode  here\n```"),
    ],
)
def test_the_lines_around_a_mention_stay_as_they_are(text: str, left: str) -> None:
    assert without_mention(text, ["Bot"]) == (left, True)


def test_names_that_are_empty_call_nobody() -> None:
    assert without_mention("@ hello", ["", " "]) == ("@ hello", False)


@pytest.mark.parametrize("cat_or_face", ["😹", "😂"])
def test_an_emoji_that_the_server_mixes_up_is_both(cat_or_face: str) -> None:
    """Names go through the server's table, and what is typed may not."""
    assert without_mention("@Bot😂\u2005hello", [f"Bot{cat_or_face}"]) == ("hello", True)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('Bot<span class="emoji emoji1f602"></span>', "Bot😂"),
        ('Bot<span class="emoji emoji1f639"></span>', "Bot😂"),
        ('<span class="emoji emoji1f1e81f1f3"></span>', "🇨🇳"),
        ('<span class="emoji emoji2320e3"></span>', "#⃣"),
        ('<span class="emoji emoji2764"></span', "❤"),
        ('<span class="emoji emoji123"></span>', ""),
        ('<span class="emoji emojid83d"></span>', "�"),
        ("a &amp;lt; b<br/>c &lt;b&gt;", "a &lt; b\nc <b>"),
        ("&lt;span class=&quot;emoji emoji1f602&quot;&gt;", '<span class="emoji emoji1f602">'),
    ],
)
def test_html_is_read(html: str, text: str) -> None:
    assert readable(html) == text
