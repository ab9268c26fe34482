"""Who no longer follows the account."""

from __future__ import annotations

from gateway.newest import Newest

_MOST = 10_000


class Followers:
    """Remembers who left: WeChat refuses a message to them as if they had only not written for 48 hours."""

    def __init__(self) -> None:
        self._gone: Newest[str, None] = Newest(_MOST)

    def left(self, person: str) -> None:
        """*person* follows us no longer."""
        self._gone[person] = None

    def came(self, person: str) -> None:
        """*person* follows us, or has written."""
        self._gone.pop(person, None)

    def has_left(self, person: str) -> bool:
        """True where nothing reaches *person*."""
        return person in self._gone
