"""Cards that were begun and whose receipt is not stored yet.

After a crash only this list knows of them: with it they can be ended, and none looks unfinished for ever.
"""

from __future__ import annotations

import logging

import orjson

from gateway import Host

log = logging.getLogger(__name__)

_KEY = "cards begun"


class Begun:
    """The cards from just before they are made until their receipt comes back to us in a change.

    Every method raises `StoreError`.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._ours: set[str] = set()
        self._left: set[str] | None = None

    async def left(self) -> set[str]:
        """The cards that an earlier process began, and that are not ended yet."""
        if self._left is None:
            found = _read(await self._host.load(_KEY))
            self._left = found if self._left is None else self._left
        return set(self._left)

    async def add(self, card: str) -> None:
        """*card* is about to be made."""
        await self.left()
        self._ours.add(card)
        await self._save()

    async def settle(self, card: str) -> None:
        """*card* is ended, or somebody has its receipt and will end it."""
        left = await self.left()
        if card in self._ours | left:
            self._ours.discard(card)
            self._left = left - {card}
            await self._save()

    async def _save(self) -> None:
        await self._host.save(_KEY, orjson.dumps(sorted(self._ours | (self._left or set()))).decode())


def _read(saved: str | None) -> set[str]:
    try:
        return set(map(str, orjson.loads(saved))) if saved else set()
    except (ValueError, TypeError):
        log.warning("the list of begun cards is unreadable: going without")
        return set()
