"""Which addresses Telegram takes for a link."""

from __future__ import annotations

import re

_MAX_LENGTH = 2_048  # characters of an address
_WEB = re.compile(
    r"https?://(?:[\w.~%!$&*+,;=:-]*@)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)+(?::(?P<port>\d{1,5}))?(?:[/?#][\x21-\x7e]*)?",
    re.IGNORECASE | re.ASCII,
)
_OWN = re.compile(r"tg://(?!user\b)[a-z]+/?(?:\?[\x21-\x7e]*)?", re.IGNORECASE)


def is_linkable(url: str) -> bool:
    """Whether Telegram takes *url*, percent-encoded, for a text_link.

    It refuses the whole message for a host without a dot or a port out of range, and makes nonsense of
    mailto. ``tg://user`` would notify a stranger whom a model made up.
    """
    if len(url) > _MAX_LENGTH:
        return False
    web = _WEB.fullmatch(url)
    if web:
        return web["port"] is None or 0 < int(web["port"]) < 65_536
    return _OWN.fullmatch(url) is not None
