"""Where a text may be cut without tearing what a reader takes for one character.

The rules of Unicode's Annex 29 that matter in chats (https://www.unicode.org/reports/tr29/): CRLF, combining
marks, emoji with modifiers, joiners and tags, flags, Hangul syllables.
"""

from __future__ import annotations

import re
import unicodedata

_JOINER = "\u200d"
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]+\\Z")
_EXTENDERS = re.compile("[\u200c\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_SYLLABLE = re.compile(
    "[\u1100-\u115f][\u1100-\u11ff\uac00-\ud7a3]|[\u1160-\u11ff\uac00-\ud7a3][\u1160-\u11ff]"
)


def last_boundary(text: str, start: int, end: int) -> int:
    """The last place in (start, end] where *text* may be cut; *end* where a cluster fills all of it."""
    for position in range(end, start, -1):
        if is_boundary(text, position, start):
            return position
    return end


def is_boundary(text: str, position: int, start: int = 0) -> bool:
    """Whether *text* may be cut before *position*, *start* being a place where it may."""
    if not start < position < len(text):
        return True
    before, after = text[position - 1], text[position]
    if before < "\u0300" and after < "\u0300":
        return before + after != "\r\n"
    if before == _JOINER or _EXTENDERS.match(after) or unicodedata.category(after)[0] == "M":
        return False
    if _FLAG.match(after):
        flags = _FLAG.search(text, start, position)
        return flags is None or len(flags[0]) % 2 == 0
    return _SYLLABLE.match(before + after) is None
