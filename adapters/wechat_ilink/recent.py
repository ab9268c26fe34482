"""What was said lately, by WeChat's ids: newer phones quote a message by its id alone."""

from __future__ import annotations

from gateway.newest import Newest

# Messages that are remembered, and characters of each.
_MOST, _LONGEST = 2000, 1000


class Recent:
    """The newest messages of both sides, in memory."""

    def __init__(self) -> None:
        self._texts: Newest[str, str] = Newest(_MOST)

    def remember(self, id: str, text: str) -> None:
        """The message with *id* says *text*."""
        self._texts[id] = text[:_LONGEST]

    def find(self, id: str) -> str:
        """What the message with *id* said; "" where it is not remembered."""
        return self._texts.get(id, "")
