"""What was said lately, by WeChat's ids: newer phones quote a message by its id alone."""

from __future__ import annotations

from collections import OrderedDict

_MOST = 2000
_LONGEST = 1000


class Recent:
    """The newest messages of both sides, in memory."""

    def __init__(self) -> None:
        self._texts: OrderedDict[str, str] = OrderedDict()

    def remember(self, id: str, text: str) -> None:
        """The message with *id* says *text*."""
        self._texts[id] = text[:_LONGEST]
        self._texts.move_to_end(id)
        if len(self._texts) > _MOST:
            self._texts.popitem(last=False)

    def find(self, id: str) -> str:
        """What it said, or ""."""
        return self._texts.get(id, "")
