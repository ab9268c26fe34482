"""What it takes to write to a person: context tokens, and room in what WeChat lets us send.

Ten messages for each that the person wrote, within 24 hours of the last one:
https://github.com/Tencent/openclaw-weixin/issues/270
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import asdict, dataclass, field

import orjson
from pydantic import TypeAdapter

from adapters.wechat_ilink.session import Session, Sessions
from gateway import Host
from gateway.errors import WindowClosed

log = logging.getLogger(__name__)

_MOST = 10_000  # people in memory
_WINDOW = 24 * 3600.0  # seconds after somebody wrote in which we may write
_MARGIN = 60.0  # our clock is not WeChat's
# When nothing else changed, the time at which somebody wrote is kept again after so long.
_KEEP_AGAIN = 600.0
# Who writes much at once is answered with the tokens of so many of their messages.
_MOST_TOKENS = 5


@dataclass(frozen=True, slots=True)
class Heard:
    """Something that *user* wrote: when (seconds since 1970), under which id, with which context token."""

    user: str
    token: str
    time: float
    id: str


@dataclass(slots=True)
class Leave:
    """What lets us write: a context token that came with a message, and how many of ours were sent on it."""

    token: str = field(repr=False)
    sent: int = 0


@dataclass(slots=True)
class Person:
    """Somebody who wrote in this session: last at `heard`, under the id `message`. `leaves`: newest first."""

    heard: float = 0.0
    message: str = ""
    leaves: list[Leave] = field(default_factory=list)

    def hear(self, heard: Heard) -> None:
        """Take note of a message, unless we know it, or a later one."""
        if (heard.time, heard.id) <= (self.heard, self.message):
            return
        token = heard.token or (self.leaves[0].token if self.leaves else "")
        others = [leave for leave in self.leaves if leave.token != token]
        self.heard, self.message = heard.time, heard.id
        self.leaves = [Leave(token), *others][:_MOST_TOKENS]

    def forget_older(self) -> None:
        """WeChat takes no more on what came before the newest context token, or it would have now."""
        del self.leaves[1:]


_PERSON = TypeAdapter(Person)


class People:
    """Everybody who wrote in the session that there is, in memory and durable.

    *per_turn*: how many messages may be sent for each of theirs. Every method raises `StoreError`.
    """

    def __init__(self, host: Host, sessions: Sessions, per_turn: int) -> None:
        self._host = host
        self._sessions = sessions
        self._per_turn = per_turn
        self._session = ""
        self._people: OrderedDict[str, Person] = OrderedDict()
        self._kept: dict[str, Person] = {}  # as they were when they were saved last

    async def hear(self, said: Iterable[Heard]) -> None:
        """Keep what came with messages; durable when this returns."""
        session = self._sessions.current
        if session is None:
            return
        changed: dict[str, Person] = {}
        for heard in said:
            person = await self._known(session, heard.user) or self._put(heard.user, Person())
            person.hear(heard)
            if self._changed(heard.user, person):
                changed[heard.user] = person
        await asyncio.gather(*(self._keep(session, user, person) for user, person in changed.items()))

    async def find(self, user: str, room: int = 1) -> Person:
        """*user*, who may be sent *room* messages. Raises `WindowClosed`: they must write first."""
        person = await self._known(await self._sessions.require(), user)
        if person is None:
            raise WindowClosed("the person has not written since the login")
        if time.time() - person.heard > _WINDOW - _MARGIN:
            raise WindowClosed("the person has not written for 24 hours")
        if self.room(person) < room:
            sent = sum(leave.sent for leave in person.leaves)
            raise WindowClosed(f"{sent} messages were sent, and WeChat takes no more until the person writes")
        return person

    def room(self, person: Person) -> int:
        """How many messages *person* may be sent."""
        return sum(max(0, self._per_turn - leave.sent) for leave in person.leaves)

    async def spend(self, user: str, person: Person) -> Leave:
        """What to send a message on, counted there: after a crash it counts too, sent or not.

        It is the newest context token on which there is room.
        """
        leave = next(leave for leave in person.leaves if leave.sent < self._per_turn)
        leave.sent += 1
        await self._keep(await self._sessions.require(), user, person)
        return leave

    async def forget(self) -> None:
        """Nobody can be written to any more: the session is over, and so are its context tokens."""
        kept, self._kept = self._kept, {}
        self._people.clear()
        await asyncio.gather(*(self._host.save(_key(user), "") for user in kept))

    async def _known(self, session: Session, user: str) -> Person | None:
        if session.id != self._session:
            self._session = session.id
            self._people.clear()
            self._kept.clear()
        person = self._people.get(user)
        if person is not None:
            self._people.move_to_end(user)
            return person
        person = _read(await self._host.load(_key(user)), session)
        if person is None:
            return None
        self._kept.setdefault(user, deepcopy(person))
        return self._put(user, person)

    def _put(self, user: str, person: Person) -> Person:
        """Have *person* in memory; whoever came first, where two ask at once."""
        there = self._people.setdefault(user, person)
        if len(self._people) > _MOST:
            gone, _ = self._people.popitem(last=False)
            self._kept.pop(gone, None)
        return there

    def _changed(self, user: str, person: Person) -> bool:
        kept = self._kept.get(user, Person())
        return kept.leaves != person.leaves or person.heard > kept.heard + _KEEP_AGAIN

    async def _keep(self, session: Session, user: str, person: Person) -> None:
        kept = deepcopy(person)
        value = {"session": session.id, **asdict(kept)}
        await self._host.save(_key(user), orjson.dumps(value).decode())
        self._kept[user] = kept


def _key(user: str) -> str:
    return f"person:{user}"


def _read(saved: str | None, session: Session) -> Person | None:
    """Who was kept, if that was in *session*: another one's context tokens are worth nothing."""
    if not saved:
        return None
    try:
        value = orjson.loads(saved)
        if value.pop("session") != session.id:
            return None
        return _PERSON.validate_python(value)
    except (ValueError, TypeError, KeyError, AttributeError):
        log.warning("what was saved of a person is unreadable: going without")
        return None
