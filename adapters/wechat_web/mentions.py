"""Whether a group message calls us, and what it says beside that: pure.

The web protocol has no list of who is called, only the text: ``@``, a name, and U+2005 from phones, a space
or another white space from computers and people who type it, or nothing at the end of the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from adapters.wechat_web.names import TWINS

_MIXED_UP = {each: f"[{wrong}{right}]" for wrong, right in TWINS.items() for each in (wrong, right)}
_VARIATION = "\ufe0f"  # makes an emoji of a sign; phones add and leave it out at will
# What an address of e-mail has before its "@".
_NO_WORD_BEFORE = r"(?<![A-Za-z0-9._+-])"


def without_mention(text: str, ours: Iterable[str], others: Iterable[str] = ()) -> tuple[str, bool]:
    """*text* without the mentions of us, and whether there were any.

    *ours* are the names under which we can be called, *others* those of the other members: "@Bot Two" calls
    Bot Two where there is one, and Bot elsewhere. Mentions of others stay.
    """
    names = {name for name in map(str.strip, ours) if name}
    if "@" not in text or not names:
        return text.strip(), False
    longer = {name.strip() for name in others if name.strip().startswith(tuple(names))} - names
    calls = re.compile(_calls(longer | names))
    mine = re.compile("|".join(map(_pattern, names)))
    kept, end, called = "", 0, False
    for call in calls.finditer(text):
        if mine.fullmatch(call["name"]):
            called = True
            kept = _joined(kept + text[end : call.start()], call["after"])
            end = call.end()
    return (kept + text[end:]).strip(), called


def _calls(names: Iterable[str]) -> str:
    """What matches a mention of any of *names*: of the longest that is there."""
    name = "|".join(map(_pattern, sorted(names, key=len, reverse=True)))
    # What the phone's own U+2005 ends is a mention wherever it stands.
    return rf"(?:(?=@(?:{name})\u2005)|{_NO_WORD_BEFORE})@(?P<name>{name})(?P<after>\s|\Z)"


def _pattern(name: str) -> str:
    """What matches *name*, however its emoji and spaces are written."""
    words = (word.replace(_VARIATION, "") for word in name.split())
    return r"\s+".join("".join(map(_sign, word)) for word in words)


def _sign(sign: str) -> str:
    return _MIXED_UP.get(sign, re.escape(sign)) + ("" if sign.isascii() else f"{_VARIATION}?")


def _joined(before: str, after: str) -> str:
    """*before* with what stands for the white space *after* a mention that is gone."""
    line = after == "\n"
    if not before or before.endswith("\n") or (before[-1].isspace() and not line):
        return before
    return before + ("\n" if line else after and " ")
