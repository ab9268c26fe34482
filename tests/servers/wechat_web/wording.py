"""Text as the web protocol carries it: HTML-escaped, `<br/>` for line ends, a `<span>` for many emoji."""

from __future__ import annotations

import re

# The emoji that come as a span: the older ones, flags and keycaps. Younger ones come as they are.
_EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}|[0-9#]\u20e3|[\u2600-\u27bf\u2b50\u2b55\U0001f300-\U0001f64f\U0001f680-\U0001f6c5]"
)
# The server mixes these up with cats: https://github.com/littlecodersh/ItChat/blob/master/itchat/utils.py
_CATS = {
    "1f601": "1f63c",
    "1f602": "1f639",
    "1f603": "1f63a",
    "1f616": "1f4ab",
    "1f614": "1f64d",
    "1f60d": "1f63b",
    "1f618": "1f63d",
    "1f621": "1f64e",
    "1f622": "1f63f",
}


def marked(text: str) -> str:
    """*text* as a name or a message's content says it."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _EMOJI.sub(_span, escaped).replace("\n", "<br/>")


def _span(found: re.Match[str]) -> str:
    code = "".join(f"{ord(char):x}" for char in found.group())
    return f'<span class="emoji emoji{_CATS.get(code, code)}"></span>'
