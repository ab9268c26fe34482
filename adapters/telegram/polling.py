"""Updates by long poll: asked for, made durable, and only then confirmed by the next question."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import orjson

from adapters.telegram import albums
from adapters.telegram.bot import Bot
from adapters.telegram.parse import Account, album
from adapters.telegram.request import Request
from gateway import Host, Receive
from gateway.errors import GatewayError, NetworkError
from gateway.health import Health, growing_pauses

log = logging.getLogger(__name__)

ALLOWED_UPDATES = ["message", "edited_message"]
_LIMIT = 100  # updates in an answer, as many as the Bot API gives
_NO_NUMBER = 2**63 - 1  # from here on an offset behind it would not fit in 64 bits


class Polling:
    """Reads one bot's updates. *pool* is the connections of the poll alone, so a dead one starves nobody."""

    def __init__(self, bot: Bot, pool: Request, host: Host, me: Account, poll_timeout: int) -> None:
        self._bot = bot
        self._pool = pool
        self._host = host
        self._me = me
        self._poll_timeout = poll_timeout
        self._offset: int | None = None
        self._waited: frozenset[str] = frozenset()  # albums whose parts had their time to come
        self._proven = False  # the last poll was answered

    async def run(self, receive: Receive, health: Health) -> None:
        """Hand over updates until cancelled. Raises the `AdapterError`s that trying again cannot mend."""
        self._offset = await health.trying(self._load)
        pauses = growing_pauses()
        while True:
            try:
                await self._turn(receive)
            except GatewayError as exc:
                self._proven = False
                await self._pool.initialize()  # a half-dead connection goes, whatever the trouble was
                await health.recover(exc, pauses)
            else:
                health.up()
                if self._proven:
                    # A poll that waited was answered. One that asked only whether it is up proves less: where
                    # two processes poll one bot, each succeeds in that, at the other's cost.
                    pauses = growing_pauses()
                self._proven = True

    async def _turn(self, receive: Receive) -> None:
        updates = await self._get()
        ready, held = albums.split(updates, self._waited)
        if ready:
            following = _number(ready[-1]) + 1
            await receive(albums.events(ready, self._me), cursor=self._cursor(following))
            self._offset = following
        # What waits stays at Telegram, unconfirmed: it comes again with the next answer, then complete.
        self._waited = frozenset(filter(None, map(album, held)))
        if held:
            await asyncio.sleep(albums.WAIT)

    async def _get(self) -> Sequence[Any]:
        # Unproven, it asks without waiting: whether it is up is known at once, not when somebody writes.
        wait = self._poll_timeout if self._proven and not self._waited else 0
        parameters = {"timeout": wait, "limit": _LIMIT, "allowed_updates": ALLOWED_UPDATES}
        if self._offset is not None:
            parameters["offset"] = self._offset
        updates = await self._bot.call("getUpdates", parameters, within=wait + margin(self._poll_timeout))
        if not isinstance(updates, list):
            raise NetworkError("getUpdates answers no list")
        numbered = [update for update in updates if _number(update)]
        if updates and not numbered:
            raise NetworkError("getUpdates answers no update that can be confirmed")
        return numbered

    async def _load(self) -> int | None:
        saved = await self._host.load("cursor")
        try:
            cursor = orjson.loads(saved or "null")
            if cursor is None:
                return None
            bot, offset = int(cursor["bot"]), int(cursor["offset"])
        except (ValueError, KeyError, TypeError):
            log.warning("%s: the saved cursor is unreadable: starting without", self._host.name)
            return None
        if bot != self._me.id:
            log.warning("%s: another bot than before: starting without its cursor", self._host.name)
            return None
        return offset

    def _cursor(self, offset: int) -> str:
        return orjson.dumps({"bot": self._me.id, "offset": offset}).decode()


def margin(poll_timeout: int) -> float:
    """How many seconds longer than asked a poll may take before its connection counts as dead."""
    return max(1.0, poll_timeout / 5)


def _number(update: Any) -> int:
    """The update's id, 0 where it has none that could be confirmed."""
    number = update.get("update_id") if isinstance(update, dict) else None
    return number if isinstance(number, int) and 0 < number < _NO_NUMBER else 0
