"""Measuring and cutting text in the units that platforms count in."""

from __future__ import annotations

import re
from typing import Literal

Unit = Literal["characters", "utf16", "bytes"]

_SURROGATE = re.compile("[\ud800-\udfff]")
# What ends a line, what terminals obey, and what turns the order of letters around.
_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """*text* with lone surrogates replaced: what is left can be encoded, stored and sent."""
    return text if text.isascii() else _SURROGATE.sub("�", text)


def harmless(text: str) -> str:
    """*text* as one line that does nothing to a terminal: other signs are written as JSON writes them."""
    return _OBEYED.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return "\\n" if found[0] == "\n" else f"\\u{ord(found[0]):04x}"


def length(text: str, unit: Unit) -> int:
    """The length of *text* in code points, UTF-16 code units or UTF-8 bytes."""
    if unit == "characters" or text.isascii():
        return len(text)
    if unit == "utf16":
        return len(text) + len(_ASTRAL.findall(text))
    return len(text.encode())


def shortened(text: str, most: int) -> str:
    """*text*, or its beginning and "…" where it has more than *most* characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def estimate_tokens(text: str) -> int:
    """About how many tokens a model makes of *text*; errs on the high side.

    Four ASCII characters or one character of any other script to a token: within a quarter of what the
    common tokenizers give for English and Chinese, without loading one.
    """
    if text.isascii():
        return (len(text) + 3) // 4
    wide = sum(character > "\x7f" for character in text)
    return wide + (len(text) - wide + 3) // 4


def cut_to_tokens(text: str, tokens: int) -> str:
    """The longest beginning of *text* that costs no more than *tokens*, as `estimate_tokens` counts."""
    if estimate_tokens(text) <= tokens:
        return text
    # In quarters of a token: an ASCII character is one of them.
    left = 4 * tokens
    for index, character in enumerate(text):
        left -= 4 if character > "\x7f" else 1
        if left < 0:
            return text[:index]
    return text
