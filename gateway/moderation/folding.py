"""One form for all the ways to write the same word.

Compatibility forms are decomposed (NFKD: what NFKC holds for the same, these are too), case is folded, what
cannot be seen is left out, Markdown's marks with it, and white space becomes one space, or none beside a
CJK character. The result does not depend on how a text was cut: `settle` of the parts, put together by
`spell`, is the whole.
"""

from __future__ import annotations

import re
from unicodedata import category, combining, normalize

# Written between the characters of a word without being seen: format and control characters, variation
# selectors, fillers; and the marks of Markdown, which a reader does not see either.
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f*~`|\\")
_UNSEEN_CATEGORIES = frozenset({"Cf", "Cc"})
_SELECTORS = ("\ufe00", "\ufe0f", "\U000e0100", "\U000e01ef")

# Without their accents, which change places among each other.
_CJK = "[\u1100-\u11ff\u2e80-\u3029\u3030-\u3098\u309b-\u9fff\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]"
_SPACES = re.compile(f" +(?={_CJK})|(?<={_CJK}) +|(?<= ) +")

# Letters of scripts that put spaces between words end here: Latin, Greek, Cyrillic, Armenian.
_SPACED = "\u0590"
# Beyond are characters that hardly anybody writes: worked out each time, not kept.
_COMMON = 0x30000


class _Spellings(dict[int, str]):
    """What each character becomes, by its code point."""

    def __missing__(self, code: int) -> str:
        spelling = _spelling(chr(code))
        if code < _COMMON:
            self[code] = spelling
        return spelling


def _spelling(character: str) -> str:
    decomposed = normalize("NFKD", normalize("NFKD", character).casefold())
    return "".join(" " if part.isspace() else part for part in decomposed if not _unseen(part))


def _unseen(character: str) -> bool:
    if character.isspace():
        return False
    low, high, low_too, high_too = _SELECTORS
    selector = low <= character <= high or low_too <= character <= high_too
    return selector or character in _UNSEEN or category(character) in _UNSEEN_CATEGORIES


_SPELLINGS = _Spellings()


def spell(text: str) -> str:
    """*text* with each of its characters replaced, apart from its neighbours."""
    return text.translate(_SPELLINGS)


def settle(spelt: str) -> str:
    """The form of what was spelt: spaces and the order of accents as their neighbours want them."""
    if spelt.isascii() and "  " not in spelt:
        return spelt
    return _SPACES.sub("", normalize("NFD", spelt))


def fold(text: str) -> str:
    """The form of *text* in which words are looked for."""
    return settle(spell(text))


def solid(character: str) -> int:
    """How many characters that are no spaces *character* has in its folded form."""
    spelling = _SPELLINGS[ord(character)]
    return len(spelling) - spelling.count(" ")


def is_mark(character: str) -> bool:
    """True for what belongs to the folded character before it: accents, the rest of a Hangul syllable."""
    return combining(character) != 0 or "\u1160" <= character <= "\u11ff"


def in_word(character: str) -> bool:
    """True for folded characters that make words with spaces between them: "ass" is not in "class"."""
    return character < _SPACED and (character.isalnum() or combining(character) != 0)


def ends_itself(character: str) -> bool:
    """True where nothing that follows can change what the folded *character* is: ideographs."""
    return "\u3400" <= character <= "\u9fff" or "\U00020000" <= character <= "\U0003ffff"
