"""One login while it lasts: what it is called by, whom it knows, and the connections to WeChat."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from adapters.wechat_web.client import Endpoint
from adapters.wechat_web.contacts import Contacts, Renamed, is_group, number_of
from adapters.wechat_web.line import Line
from adapters.wechat_web.listener import Listener
from adapters.wechat_web.session import Session
from adapters.wechat_web.speaker import Speaker

# A login that WeChat ends so soon (seconds) is one of an account that may not log in.
_SOON = 60.0


class Online:
    """A login. `session` is what is durable of it; who changes it holds `writing`.

    `ready`: it is known who is who; `requested`: somebody wants to be a friend.

    The listener's calls go through *line*. *newest* is whom WeChat showed at a login that has just begun.
    The `fetcher` is a speaker of its own, so that a long video holds up no word.
    """

    def __init__(
        self, endpoint: Endpoint, line: Line, session: Session, newest: Sequence[Any] | None = None
    ) -> None:
        self.session = session
        self.contacts = Contacts(session.user, session.name)
        self.listener = Listener(endpoint, session)
        self.speaker = Speaker(endpoint, session, beside=self.listener)
        self.fetcher = Speaker(endpoint, session, beside=self.listener)
        self.ready = False
        self.writing = asyncio.Lock()
        self.requested = asyncio.Event()
        self.requested.set()
        self._line = line
        self._newest = newest or ()
        self._began = time.monotonic() if newest is not None else None
        self._asked: set[str] = set()

    @property
    def young(self) -> bool:
        """Whether somebody logged in a moment ago."""
        return self._began is not None and time.monotonic() - self._began < _SOON

    async def meet(self) -> None:
        """Learn who is who. Raises `AdapterError`."""
        listed = await self._line.call(self.listener.contacts, self.listener.cut)
        groups = [*self.session.groups, *filter(is_group, map(_user, self._newest))]
        self.session = replace(self.session, groups=tuple(dict.fromkeys(groups)))
        await self.learn([*_without_members(self._newest), *listed], self.session.groups)
        self.ready = True

    async def learn(self, raws: Sequence[Any], groups: Iterable[str] = ()) -> list[Renamed]:
        """Take over what WeChat says of contacts, and ask for *groups*; returns whose ids changed by that.

        Raises `AdapterError`.
        """
        numbers: dict[str, int] = {}
        for raw in raws:
            user = _user(raw)
            numbers[user] = max(number_of(raw), numbers.get(user, 0))
        # Half of what WeChat says of groups has no number in it, and that is what tells them apart.
        told = [user for user in numbers if is_group(user) and not self._has_number(user)]
        wanted = {user: user for user in (*groups, *told) if not numbers.get(user)}
        return await self._learn([*raws, *await self._details(wanted)])

    async def look_up(self, users: Iterable[str], members: Iterable[tuple[str, str]]) -> list[Renamed]:
        """Learn of *users*, and of the groups of *members*, what is not known yet; once for each.

        Returns whose ids changed by that. Raises `AdapterError`.
        """
        contacts = self.contacts
        wanted = {user: user for user in users if not contacts.knows(user)}
        wanted |= {f"{group} {user}": group for group, user in members if not contacts.knows(group, user)}
        return await self._learn(await self._details(wanted))

    def close(self) -> None:
        """Close the connections."""
        for client in (self.listener, self.speaker, self.fetcher):
            client.close()

    async def _learn(self, raws: Sequence[Any]) -> list[Renamed]:
        # thousands of contacts take longer than the event loop should stand still
        return await self._line.call(lambda: self.contacts.learn(raws)) if raws else []

    def _has_number(self, user: str) -> bool:
        known = self.contacts.find(user)
        return known is not None and known.seq > 0

    async def _details(self, wanted: dict[str, str]) -> list[Any]:
        """All that WeChat says of contacts; *wanted* has them by why, and for the same reason once only."""
        new = {why: user for why, user in wanted.items() if why not in self._asked}
        users = list(dict.fromkeys(new.values()))
        if not users:
            return []
        found = await self._line.call(lambda: self.listener.details(users), self.listener.cut)
        self._asked |= new.keys()
        return found


def _user(raw: Any) -> str:
    user = raw.get("UserName") if isinstance(raw, dict) else None
    return user if isinstance(user, str) else ""


def _without_members(raws: Iterable[Any]) -> Iterable[Any]:
    """What WeChat shows first has members without names."""
    for raw in raws:
        yield {**raw, "MemberList": []} if isinstance(raw, dict) else raw
