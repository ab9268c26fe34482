"""What people see of the accounts, and waiting for it."""

from __future__ import annotations

from tests.servers.watching import Watched

from .call import Call
from .codes import Code, Logins
from .phone import Phone
from .sessions import Session, Sessions
from .world import STATUS, Account, FriendRequest, Message, Room, Sent, World


class Screen(Watched[World], Phone):
    """The conversations as they look now, and every call that made them so."""

    world: World
    sessions: Sessions
    logins: Logins
    calls: list[Call]

    def sent(self, room: Room) -> list[Sent]:
        """What our accounts sent to *room* from the web and did not take back, in order."""
        return [one for one in room.shown if not one.revoked]

    def files(self, room: Room) -> list[tuple[str, bytes]]:
        """Names and contents of the files among it."""
        return [(one.name, one.content) for one in self.sent(room) if one.kind == "file"]

    def called(self, part: str) -> list[Call]:
        """The calls so far whose path has *part*."""
        return [call for call in self.calls if part in call.path]

    @property
    def friend_requests(self) -> list[FriendRequest]:
        """Who asked to be a friend, in order, and whether it was accepted."""
        return self.world.requests

    @property
    def complaints(self) -> list[str]:
        """What clients did that WeChat would not understand."""
        return self.world.complaints

    def unconfirmed(self, account: Account | None = None) -> int:
        """How many messages no web client of *account* is known to have got; without those about status."""
        account = account or self.world.first
        left = account.timeline[account.confirmed :]
        return sum(isinstance(item, Message) and item.kind != STATUS for item in left)

    def session(self, account: Account | None = None) -> Session | None:
        """The login of *account*, if it has one."""
        return next(iter(self.sessions.of(account or self.world.first)), None)

    def online(self, account: Account | None = None) -> bool:
        """Whether *account* is logged in, and its client has asked for news."""
        session = self.session(account)
        return session is not None and session.ready

    def listening(self, account: Account | None = None) -> bool:
        """Whether a client of *account* waits for news at this very moment."""
        session = self.session(account)
        return session is not None and session.checks > 0

    async def shown_code(self, timeout: float = 10) -> Code:  # noqa: ASYNC109 - as above
        """Wait until a client shows a code and asks what becomes of it; that one, the newest."""
        return await self.until(self._waiting, timeout)

    async def log_in(self, account: Account | None = None, timeout: float = 10) -> Session:  # noqa: ASYNC109 - as above
        """Scan the code that is shown, unless the phone asks already; say yes, and wait until the client
        asks for news.
        """
        await self.until(lambda: self.asked(account) or self._waiting(), timeout)
        if self.asked(account) is None:
            self.scan(await self.shown_code(timeout), account)
        self.confirm(account)
        await self.until(lambda: self.online(account), timeout)
        return self.sessions.of(account or self.world.first)[0]

    async def answers(self, room: Room, count: int = 1, timeout: float = 10) -> list[Sent]:  # noqa: ASYNC109 - as above
        """Wait until our accounts have *count* messages in *room*; all they have."""
        await self.until(lambda: len(self.sent(room)) >= count, timeout)
        return self.sent(room)

    def dump(self) -> str:
        """The last calls, the codes, the logins and what every conversation shows, for people who look for
        a mistake.
        """
        lines = [
            f"  {call.status} {call.method} {call.path} {call.answer[:150]}" for call in self.calls[-20:]
        ]
        lines += [f"  complaint: {words[:300]}" for words in self.complaints[-10:]]
        lines += [f"  code {code.uuid}: {code.state}, {code.polls} polls" for code in self.logins.codes[-5:]]
        for one in self.sessions.all[-5:]:
            lines.append(f"  login {one.number} of {one.account.name}: over={one.over}, ready={one.ready}")
        for account in self.world.accounts:
            lines.append(
                f"  {account.name}: {len(account.timeline)} pieces of news, {account.confirmed} confirmed"
            )
        lines += self._conversations()
        return "\n".join(lines)

    def _waiting(self) -> Code | None:
        return next((code for code in reversed(self.codes) if code.polls), None)

    def _conversations(self) -> list[str]:
        lines = []
        for room in self.world.rooms:
            lines.append(f"  conversation {room.id} ({room.title}): {len(room.shown)} messages sent")
            lines += [f"    {one.kind}: {one.text[:100]!r} {one.name}" for one in self.sent(room)[-5:]]
        return lines
