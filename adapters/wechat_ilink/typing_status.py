"""Showing people that we are writing, and that we are not any more."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass

from adapters.wechat_ilink.api import Api
from adapters.wechat_ilink.people import People
from gateway.errors import AdapterError, WindowClosed

log = logging.getLogger(__name__)

_MOST = 10_000  # people whose ticket is kept
# A ticket is good for a day; it is used for a little less (seconds).
_TICKET_SECONDS = 20 * 3600.0
# Seconds that telling somebody that we are not writing any more may take: the answer waits for it.
_LAST_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class _Ticket:
    text: str
    until: float


class Typing:
    """Who is shown that we are writing. Tickets are asked for once a day."""

    def __init__(self, api: Api, people: People) -> None:
        self._api = api
        self._people = people
        self._tickets: OrderedDict[str, _Ticket] = OrderedDict()
        self._writing: set[str] = set()

    async def show(self, user: str) -> None:
        """Show *user* for a few seconds that we are writing, where we may write. Raises `AdapterError`."""
        ticket = await self._ticket(user)
        if not ticket:
            return
        try:
            await self._api.show_typing(user, ticket, writing=True)
        except AdapterError as exc:
            if not exc.retryable:
                self._tickets.pop(user, None)
            raise
        self._writing.add(user)

    async def stop(self, user: str) -> None:
        """Show *user* that we are not writing any more, if that was shown and can be within a moment."""
        ticket = self._tickets.get(user)
        if user not in self._writing or ticket is None:
            return
        self._writing.discard(user)
        try:
            async with asyncio.timeout(_LAST_SECONDS):
                await self._api.show_typing(user, ticket.text, writing=False)
        except (AdapterError, TimeoutError) as exc:
            log.debug("the sign of writing is left to fade: %s", exc)

    def forget(self) -> None:
        """The session is over, and so are its tickets."""
        self._tickets.clear()
        self._writing.clear()

    async def _ticket(self, user: str) -> str:
        kept = self._tickets.get(user)
        if kept is not None and time.monotonic() < kept.until:
            return kept.text
        try:
            person = await self._people.find(user)
        except WindowClosed:
            return ""
        text = await self._api.typing_ticket(user, person.leaves[0].token)
        self._tickets[user] = _Ticket(text, time.monotonic() + _TICKET_SECONDS)
        self._tickets.move_to_end(user)
        if len(self._tickets) > _MOST:
            self._writing.discard(self._tickets.popitem(last=False)[0])
        return text
