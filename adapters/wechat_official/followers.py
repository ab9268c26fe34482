"""Who follows the account no more."""

from __future__ import annotations

from collections import OrderedDict

_MOST = 10_000


class Followers:
    """Remembers who left, since WeChat does not tell that apart from a window that is closed."""

    def __init__(self) -> None:
        self._gone: OrderedDict[str, None] = OrderedDict()

    def left(self, person: str) -> None:
        """*person* follows us no more."""
        self._gone[person] = None
        if len(self._gone) > _MOST:
            self._gone.popitem(last=False)

    def came(self, person: str) -> None:
        """*person* follows us, or has written."""
        self._gone.pop(person, None)

    def has_left(self, person: str) -> bool:
        """True where nothing reaches *person*."""
        return person in self._gone
