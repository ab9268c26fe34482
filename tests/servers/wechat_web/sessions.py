"""Logins on the web: what a client must bring with every call, and what everybody is called in it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import time
from dataclasses import dataclass

from .refusals import COOKIE_INVALID, KICKED, LOGGED_OUT, PARAMETER, Refusal
from .world import Account, Json, Room, User, World

_DEVICE = re.compile(r"e[\de-]{1,17}")
_NONE = ("", "undefined")  # what clients send where they have nothing


@dataclass(slots=True)
class Upload:
    """A file that a client sends in chunks; `complete` when all have come."""

    kind: str
    name: str
    total: int
    md5: str
    content: bytes = b""
    chunks: int = 0
    complete: bool = False


class Session:
    """One login of an account.

    `start`: how much of the account's timeline there was before it, and `known`: how much of that its clients
    are known to have got. `over`: the retcode that it gets since
    it ended, or 0. `ready`: its client has asked for news; `checks`: how often it does at this moment.
    `cookies`: as the login page has set them.
    """

    def __init__(self, world: World, account: Account) -> None:
        self.world = world
        self.account = account
        self.number = next(world.numbers)
        self.start = len(account.timeline)
        self.known = account.confirmed
        self.initialised = False
        self.announced = False
        self.ready = False
        self.checks = 0
        self.devices: set[str] = set()
        self.uploads: dict[str, Upload] = {}
        self.over = 0
        self._names: dict[User | Room, str] = {}
        self._found: dict[str, User | Room] = {}
        self.skey = f"@crypt_{self.hash('skey', 8)}_{self.hash('key', 32)}"
        self.pass_ticket = base64.b64encode(self.hash("pass", 48).encode()).decode()
        self.sid = base64.b64encode(self.hash("sid", 12).encode()).decode()
        self.data_ticket = base64.b64encode(self.hash("data", 18).encode()).decode()
        self.cookies = {
            "wxuin": str(account.uin),
            "wxsid": self.sid,
            "wxloadtime": str(int(time.time())),
            "mm_lang": "zh_CN",
            "webwx_data_ticket": self.data_ticket,
            "webwxuvid": self.hash("uvid", 64),
            "webwx_auth_ticket": auth_ticket(account),
        }

    def hash(self, what: str, digits: int) -> str:
        """*digits* hexadecimal ones that belong to *what* in this login only."""
        seed = f"{self.number}/{self.account.uin}/{what}"
        return hashlib.sha256(seed.encode()).hexdigest()[:digits]

    def end(self, retcode: int) -> None:
        """It is over, for this reason."""
        self.over = self.over or retcode
        self.world.changed()

    def end_soon(self, seconds: float) -> None:
        """Let the server end it, as it does with accounts under suspicion, if it still is then."""

        def end() -> None:
            if self.account.doomed is not None:
                self.end(COOKIE_INVALID)

        asyncio.get_running_loop().call_later(seconds, end)

    def name(self, who: User | Room) -> str:
        """The UserName of *who* in this login."""
        if isinstance(who, Room) and who.user is not None:
            who = who.peer(self.account)
        known = self._names.get(who)
        if known is None:
            known = self._named(who)
            self._names[who] = known
            self._found[known] = who
        return known

    def encrypted(self, room: Room) -> str:
        """The EncryChatRoomId of a group."""
        return "@" + self.hash(f"encry {room.id}", 32)

    def find(self, name: str) -> User | Room | None:
        """Whom *name* means in this login; None: nobody."""
        if name == self.world.filehelper.fixed:
            return self.world.filehelper
        return self._found.get(name)

    def room(self, name: str) -> Room | None:
        """The conversation with whom *name* means."""
        who = self.find(name)
        return self.world.private(who, self.account) if isinstance(who, User) else who

    def _named(self, who: User | Room) -> str:
        if isinstance(who, Room):
            return "@@" + self.hash(who.id, 64)
        # those who came late have longer names than those who were there early
        return who.fixed or "@" + self.hash(who.id, 64 if who.seq % 2 else 32)


def auth_ticket(account: Account) -> str:
    """What lets *account* log in again without a scan: a cookie that outlives a login."""
    return base64.b64encode(hashlib.sha256(f"auth {account.uin}".encode()).digest()).decode()


class Sessions:
    """Every login so far, oldest first."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.all: list[Session] = []

    def open(self, account: Account) -> Session:
        """A new login, which ends the one before."""
        for session in self.of(account):
            session.end(KICKED)
        session = Session(self.world, account)
        account.confirmed = session.start
        self.all.append(session)
        if account.doomed is not None:
            session.end_soon(account.doomed)
        self.world.changed()
        return session

    def of(self, account: Account) -> list[Session]:
        """The logins of *account* that are not over: one, or none."""
        return [session for session in self.all if session.account is account and not session.over]

    def check(self, sid: object, uin: object, cookies: dict[str, str]) -> Session:
        """The login that a call belongs to. Raises `Refusal`."""
        session = next((one for one in self.all if one.sid == sid), None)
        if session is None or str(uin) != str(session.account.uin):
            raise Refusal(LOGGED_OUT)
        if session.over:
            raise Refusal(session.over)
        for name in ("wxuin", "wxsid", "webwx_data_ticket"):
            if cookies.get(name) != session.cookies[name]:
                self.world.complain(f"the cookie {name} is not that of the login")
                raise Refusal(COOKIE_INVALID)
        return session

    def request(self, params: Json, cookies: dict[str, str]) -> Session:
        """The login that a POST belongs to, by its BaseRequest. Raises `Refusal`."""
        base = params.get("BaseRequest")
        if not isinstance(base, dict) or {"Uin", "Sid", "Skey", "DeviceID"} - base.keys():
            self.world.complain("BaseRequest lacks a field")
            raise Refusal(PARAMETER)
        session = self.check(base["Sid"], base["Uin"], cookies)
        self.device(session, base["DeviceID"])
        self._secrets(session, base["Skey"], params.get("pass_ticket"))
        return session

    def visit(self, params: Json, cookies: dict[str, str]) -> Session:
        """The login that a GET belongs to, by its cookies. Raises `Refusal`."""
        session = self.check(cookies.get("wxsid"), cookies.get("wxuin"), cookies)
        self._secrets(session, params.get("skey", ""), params.get("pass_ticket"))
        return session

    def device(self, session: Session, device: object) -> None:
        """Check a device id, which may be another one every time. Raises `Refusal`."""
        if not isinstance(device, str) or not _DEVICE.fullmatch(device):
            raise self._wrong("DeviceID")
        session.devices.add(device)

    def _secrets(self, session: Session, skey: object, ticket: object) -> None:
        """Check skey and pass_ticket. Clients for UOS read neither on the login page: they leave the one
        empty and send their device id for the other. Raises `Refusal`.
        """
        if skey not in (*_NONE, session.skey):
            raise self._wrong("skey")
        if ticket not in (None, *_NONE, session.pass_ticket, *session.devices):
            raise self._wrong("pass_ticket")

    def _wrong(self, field: str) -> Refusal:
        self.world.complain(f"{field} is not that of the login")
        return Refusal(PARAMETER)
