"""Logging in: codes to scan, what the phone does with them, and the page that hands out the cookies."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from .call import Answer, Call, script, xml
from .refusals import LOGGED_OUT, LOGIN_ENVIRONMENT, NOT_HERE, PARAMETER
from .render import BASE
from .sessions import Session, Sessions, auth_ticket
from .world import Account, World

APP = "wx782c26e4c19acffb"
QR = "https://login.weixin.qq.com/l/"
_AVATAR = "data:img/jpg;base64,/9j/4AAQSkZJRgABAQAASABIAAD/2Q=="


@dataclass(eq=False, slots=True)
class Code:
    """A code to scan. `state`: new, scanned, confirmed, refused or used. `until` is `time.monotonic()`.

    `desktop`: the client said that it is one, without which it may not use the web. `polls`: how often it
    asked what became of the code. `told`: it knows that it was scanned.
    """

    uuid: str
    until: float
    desktop: bool
    state: str = "new"
    account: Account | None = None
    polls: int = 0
    told: bool = False

    @property
    def text(self) -> str:
        """What the QR code says."""
        return QR + self.uuid

    @property
    def expired(self) -> bool:
        """Whether its time is over."""
        return time.monotonic() >= self.until

    @property
    def ticket(self) -> str:
        """What the login page wants to see."""
        return f"A{hashlib.sha256(self.uuid.encode()).hexdigest()[:22]}@qrticket_0"


class Logins:
    """Every code so far, oldest first.

    *seconds*: how long a code is good for. *poll_seconds*: how long a question about one is held.
    """

    def __init__(self, world: World, sessions: Sessions, seconds: float, poll_seconds: float) -> None:
        self.world = world
        self.sessions = sessions
        self.seconds = seconds
        self.poll_seconds = poll_seconds
        self.codes: list[Code] = []

    def new(self, *, desktop: bool, account: Account | None = None) -> Code:
        """A new code; with *account* it is on that phone already and only to be confirmed."""
        mark = hashlib.sha256(f"code {next(self.world.numbers)}".encode()).hexdigest()
        code = Code(f"{mark[:10]}==", time.monotonic() + self.seconds, desktop, account=account)
        code.state = "scanned" if account else "new"
        self.codes.append(code)
        self.world.changed()
        return code

    def find(self, text: str) -> Code | None:
        """The code by its uuid or by what it says."""
        return next((code for code in self.codes if code.uuid == text.removeprefix(QR)), None)

    async def jslogin(self, call: Call) -> Answer:
        """GET /jslogin: a new code."""
        redirect = str(call.params.get("redirect_uri"))
        known = call.params.get("appid") == APP and call.params.get("fun") == "new"
        if not known or "webwxnewloginpage" not in redirect:
            return script('window.QRLogin.code = 400; window.QRLogin.uuid = "";')
        desktop = parse_qs(urlsplit(redirect).query).get("mod") == ["desktop"]
        code = self.new(desktop=desktop)
        return script(f'window.QRLogin.code = 200; window.QRLogin.uuid = "{code.uuid}";')

    async def push(self, call: Call) -> Answer:
        """GET webwxpushloginurl: ask the phone of somebody who was logged in before."""
        uin = str(call.params.get("uin"))
        account = next((one for one in self.world.accounts if str(one.uin) == uin), None)
        proof = {"wxuin": uin, "webwx_auth_ticket": auth_ticket(account) if account else ""}
        if account is None or not proof.items() <= call.cookies.items():
            return Answer(b'{"ret":"1","msg":"not all ok","uuid":""}')
        code = self.new(desktop=True, account=account)
        return Answer(f'{{"ret":"0","msg":"all ok","uuid":"{code.uuid}"}}'.encode())

    async def status(self, call: Call) -> Answer:
        """GET login: what became of a code; held while nothing does, 408 after a while."""
        code = self.find(str(call.params.get("uuid")))
        if code is None:
            return script("window.code=400;")
        code.polls += 1
        self.world.changed()
        seen = "scanned" if code.told else "new"
        left = max(0.0, code.until - time.monotonic())
        await self.world.wait(lambda: code.state != seen, min(self.poll_seconds, left))
        if code.state == "confirmed":
            return script(f'window.code=200;\nwindow.redirect_uri="{self._redirect(code)}";')
        if code.state == "refused":
            return script("window.code=202;")
        if code.state == "used" or code.expired:
            return script("window.code=400;")
        if code.state == seen:
            return script("window.code=408;")
        code.told = True
        return script(f"window.code=201;window.userAvatar = '{_AVATAR}';")

    async def page(self, call: Call) -> Answer:
        """GET webwxnewloginpage: the cookies, for who is let in."""
        code = self.find(str(call.params.get("uuid")))
        if code is None or code.state != "confirmed" or call.params.get("ticket") != code.ticket:
            return xml(f"<error><ret>{PARAMETER}</ret><message></message></error>")
        assert code.account is not None
        code.state = "used"
        if not (code.account.may and code.desktop and _desktop(call.headers)):
            return xml(f"<error><ret>{LOGIN_ENVIRONMENT}</ret><message>{NOT_HERE}</message></error>")
        session = self.sessions.open(code.account)
        fields = {
            "ret": "0",
            "message": "",
            "skey": session.skey,
            "wxsid": session.sid,
            "wxuin": str(code.account.uin),
            "pass_ticket": session.pass_ticket,
            "isgrayscale": "1",
        }
        text = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
        where = {"Location": f"{self.world.root}/?&lang=zh_CN"}
        return xml(f"<error>{text}</error>", status=301, headers=where, cookies=session.cookies)

    async def logout(self, call: Call) -> Answer:
        """webwxlogout: the client goes."""
        session = self._session(call)
        if session is not None:
            session.end(LOGGED_OUT)
        return Answer(b"", status=301, headers={"Location": f"{self.world.root}/"})

    def _session(self, call: Call) -> Session | None:
        known = (call.cookies.get("wxsid"), call.cookies.get("wxuin"))
        found = (one for one in self.sessions.all if (one.sid, str(one.account.uin)) == known)
        return next(found, None)

    def _redirect(self, code: Code) -> str:
        query = f"ticket={code.ticket}&uuid={code.uuid}&lang=zh_CN&scan={int(time.time())}"
        return f"{self.world.root}{BASE}webwxnewloginpage?{query}"


def _desktop(headers: dict[str, str]) -> bool:
    """Whether the headers are those of the client for UOS, which may do what browsers may not."""
    return (
        headers.get("client-version") == "2.0.0"
        and headers.get("extspam", "").startswith("Gp8ICJkIEpkICggwMDAwMDAwMRAGGoAI")
        and "target=t" in headers.get("referer", "")
    )
