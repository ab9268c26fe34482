"""Links that do something in the name of whoever taps them: what a model wrote is never one. Pure.

In DingTalk a link to ``dtmd://dingtalkclient/sendMessage?content=…`` says its content as the person's own
message, in a text of an official account ``<a href="weixin://bizmsgmenu?msgmenucontent=…">`` does: a command,
say. What stands there is shown, and is no link.
"""

from __future__ import annotations

import html
import re

# DingTalk's own addresses, however they are written: with escapes and entities, and blanks that URLs ignore.
_OWN = re.compile("(?:dtmd|dingtalk):/", re.IGNORECASE)
_BLANK = re.compile(r"[\\\s]")
_TARGET = re.compile(r"\](?=[(:])")
_ADDRESS = re.compile(r"<(?=(?:[a-z][a-z0-9+.-]*:|a\s))", re.IGNORECASE)
# With what XML cannot hold in between, which is left out later.
_ANCHOR = re.compile("<(?=[\\s\ufffe\uffff]*a[\\s/>\ufffe\uffff])", re.IGNORECASE)


def without_deeds(text: str) -> str:
    """*text*, Markdown for DingTalk; where one link is DingTalk's own, none is a link."""
    if not _OWN.search(_BLANK.sub("", html.unescape(_BLANK.sub("", text)))):
        return text
    return _ADDRESS.sub("＜", _TARGET.sub("] ", text))


def without_anchors(text: str) -> str:
    """*text* as an official account says it: elements in it are to be read."""
    return _ANCHOR.sub("＜", text)
