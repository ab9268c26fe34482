"""What a login gives, kept over restarts: without it nothing can be called, with it anybody can."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import asdict, dataclass, field

import orjson
from pydantic import TypeAdapter, ValidationError

from gateway import Host
from gateway.errors import AuthError

log = logging.getLogger(__name__)

_KEY = "session"


class NotLoggedIn(AuthError):
    """There is no session: somebody must scan a code."""


@dataclass(frozen=True, slots=True)
class Session:
    """One login. `id` is our own name of it; `root` is where its calls go.

    Each scan makes another `bot`, also where the same person scans: who that is, `user`, stays.
    """

    id: str
    token: str = field(repr=False)
    root: str
    bot: str
    user: str = ""

    @property
    def account(self) -> str:
        """What of it is the same after another scan by the same person.

        Not that person's id: they write to their bot, and what our own account writes is not answered.
        """
        return f"bot-of-{self.user}" if self.user else self.bot


_SESSION = TypeAdapter(Session)


class Sessions:
    """The one session that there is, or that there is none any more.

    `ended` is set while there is none. Every method raises `StoreError`.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._session: Session | None = None
        self._last_account = ""
        self._loaded = False
        self._over = ""  # the id of one that ended, also where that could not be written down
        self.ended = asyncio.Event()
        self.ended.set()

    @property
    def current(self) -> Session | None:
        """The session, if there is one."""
        return self._session

    @property
    def account(self) -> str:
        """Whose session it is, or was last; "" where nobody ever logged in."""
        return self._last_account

    async def require(self) -> Session:
        """The session. Raises `NotLoggedIn`."""
        if not self._loaded:
            await self.load()
        if self._session is None:
            raise NotLoggedIn("nobody is logged in: scan the code, see `gateway login`")
        return self._session

    async def load(self) -> Session | None:
        """The session of an earlier process, if it had one."""
        saved = _read(await self._host.load(_KEY))
        self._last_account = str(saved.get("account") or "")
        values = saved.get("session")
        if isinstance(values, dict):
            try:
                session = _SESSION.validate_python(values)
            except ValidationError:
                log.warning("%s: the saved session is unreadable: going without", self._host.name)
            else:
                if session.id != self._over:
                    self._begin(session)
        self._loaded = True
        return self._session

    async def keep(self, session: Session) -> None:
        """Begin *session*; it is durable when this returns."""
        value = {"account": session.account, "session": asdict(session)}
        await self._host.save(_KEY, orjson.dumps(value).decode())
        self._begin(session)

    async def end(self, session: Session) -> None:
        """*session* is over: nothing is called with it again, in this process or the next."""
        if self._session != session:
            return
        self._session = None
        self._over = session.id
        self.ended.set()
        await self._host.save(_KEY, orjson.dumps({"account": session.account}).decode())

    def _begin(self, session: Session) -> None:
        self._session = session
        self._last_account = session.account
        self.ended.clear()


def _read(saved: str | None) -> dict[str, object]:
    try:
        value = orjson.loads(saved or "{}")
    except ValueError:
        value = None
    if not isinstance(value, dict):
        log.warning("the saved session is unreadable: going without")
        return {}
    return value
