"""Text as WeChat's web pages write it, turned into text as people read it: pure.

Names and messages are HTML: ``&lt;``, ``<br/>``, for many emoji ``<span class="emoji emoji1f602"></span>``.
"""

from __future__ import annotations

import html
import re

from gateway.text import clean

# The last sign of the span is missing now and then.
_SPAN = re.compile(r'<span class="emoji emoji([0-9a-f]{2,20})"></span>?')
_CODE = re.compile(r"1f[0-9a-f]{3}|[0-9a-f]{2}(?=20e3)|[0-9a-f]{4}")

TWINS = {
    "😼": "😁",
    "😹": "😂",
    "😺": "😃",
    "💫": "😖",
    "🙍": "😔",
    "😻": "😍",
    "😽": "😘",
    "🙎": "😡",
    "😿": "😢",
}
"""Emoji that the server mixes up: what it writes, and what was meant.

Known since https://github.com/littlecodersh/ItChat; who really means the cat is shown a face.
"""


def readable(text: str) -> str:
    """*text* of the web page as plain text."""
    return clean(html.unescape(_SPAN.sub(_emoji, text).replace("<br/>", "\n")))


def _emoji(found: re.Match[str]) -> str:
    codes = _CODE.findall(found[1])
    if "".join(codes) != found[1]:
        return ""
    emoji = "".join(chr(int(code, 16)) for code in codes)
    return TWINS.get(emoji, emoji)
