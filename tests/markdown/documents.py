"""Model answers to render: a corpus, what hypothesis makes of it, and what must be true of every cut."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path

from hypothesis import strategies as st

from gateway.markdown import Rendered
from gateway.text import Unit, length

CORPUS = {
    path.stem: path.read_text(encoding="utf-8")
    for path in sorted((Path(__file__).parent / "corpus").glob("*.md"))
}

FRAGMENTS = (
    *("*", "**", "***", "_", "__", "~~", "~", "||", "|", "`", "``", "```", "```python\n", "\n```\n", "~~~\n"),
    *(
        "[",
        "](",
        ")",
        "![",
        "](https://example.com/a_b)",
        "[x](tg://resolve?domain=x)",
        "<https://a.example/b>",
    ),
    *(
        "[q](http://localhost:80/)",
        "[q](mailto:a@b.example)",
        "[q](//x)",
        "[r]: https://e.example/r\n",
        "[r]",
        "[^1]",
    ),
    *(
        "\n",
        "\n\n",
        "  \n",
        "\\\n",
        "\t",
        "    ",
        " ",
        "\n> ",
        "\n> > ",
        "\n- ",
        "\n  - ",
        "\n1. ",
        "\n- [ ] ",
    ),
    *(
        "\n# ",
        "\n---\n",
        "\n===\n",
        "\n***\n",
        "\n| a | b |\n|---|:-:|\n| 1 | 2 |\n",
        "$$",
        r"\(",
        r"\)",
        r"\[",
        r"\]",
    ),
    *(
        "&amp;",
        "&#x202e;",
        "&#10;",
        "&nbsp;",
        "<b>",
        "</b>",
        "<!-- c -->",
        "\\*",
        "\\",
        "#tag",
        "@name",
        "/start",
    ),
    *(
        "词",
        "注意：",
        "，",
        "。",
        "“引”",
        "word",
        "a",
        "B1",
        "x_y_z",
        "https://example.com/路径?q=1#f",
        "日本語",
        "한국어",
    ),
    *(
        "😀",
        "👨‍👩‍👧‍👦",
        "👍🏽",
        "🇨🇳",
        "🇩🇪",
        "1️⃣",
        "❤️",
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "e\u0301",
        "a\u030a",
        "\u0301",
        "नमस्ते",
        "שלום",
        "مرحبا",
    ),
    *(
        "\u200b",
        "\u200d",
        "\u200e",
        "\u200f",
        "\u2028",
        "\u202e",
        "\u00a0",
        "\u3000",
        "\ufeff",
        "\x00",
        "\x07",
        "\r\n",
        "\r",
        "\ud83d",
    ),
)

documents = st.one_of(
    st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join),
    st.text(max_size=80),
    st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=8), max_size=25).map("".join),
    st.tuples(st.sampled_from(list(CORPUS.values()) or [""]), st.integers(0, 2**32)).map(
        lambda pair: mutate(*pair)
    ),
)


def mutate(text: str, seed: int) -> str:
    """*text* as a careless model or a broken stream would give it: cut, spliced, with markers put in."""
    dice = random.Random(seed)
    for _ in range(dice.randint(0, 6)):
        at, to = sorted((dice.randint(0, len(text)), dice.randint(0, len(text))))
        match dice.randint(0, 4):
            case 0:
                text = text[:to]
            case 1:
                text = text[:at] + text[min(to, at + 40) :]
            case 2:
                other = dice.choice(list(CORPUS.values()))
                start = dice.randint(0, len(other))
                text = text[:at] + other[start : start + 300] + text[at:]
            case 3:
                text = text[:at] + "".join(dice.choices(FRAGMENTS, k=dice.randint(1, 4))) + text[at:]
            case _:
                text = text[:at] + text[to:] + text[at:to]
    return text[:6000]


INVISIBLE = re.compile(
    r"[\s\x00-\x1f\x7f-\x9f\u00ad\u030a\u0333\u033f\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff]*\Z"
)


def assert_lossless(whole: Rendered, pieces: Sequence[Rendered], limit: int, unit: Unit) -> None:
    """Each piece fits, says something, and follows the one before with nothing but blank space between."""
    position = 0
    for piece in pieces:
        assert length(piece.text, unit) <= limit
        assert not INVISIBLE.match(piece.text)
        start = whole.text.index(piece.text, position)
        assert INVISIBLE.match(whole.text[position:start]), f"lost {whole.text[position:start]!r}"
        position = start + len(piece.text)
        assert_sound(piece)
    assert INVISIBLE.match(whole.text[position:])


def assert_sound(rendered: Rendered) -> None:
    """The entities are sorted, within the text, nested, not blank, and end in no blank space."""
    units = rendered.text.encode("utf-16-le")
    opened: list[int] = []
    keys = [(entity.offset, -entity.length) for entity in rendered.entities]
    assert keys == sorted(keys)
    for entity in rendered.entities:
        end = entity.offset + entity.length
        assert entity.length > 0
        assert end * 2 <= len(units)
        shown = units[entity.offset * 2 : end * 2].decode("utf-16-le")
        assert shown == shown.rstrip()
        assert entity.type in ("pre", "blockquote") or shown == shown.lstrip()
        assert not shown.startswith("\n")
        while opened and opened[-1] <= entity.offset:
            opened.pop()
        assert not opened or end <= opened[-1], "entities cross"
        opened.append(end)
