"""What goes wrong on request: calls, checks, and accounts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .call import Call, done
from .sessions import Sessions
from .sync import Sync
from .world import Account, Json, World


@dataclass(slots=True)
class Fault:
    """What becomes of the next *times* calls (None: of all) whose path has *part*, where *when* is true.

    *status* 0 hangs, -1 resets the connection. *slow*: seconds before anything happens. *passes*: the call is
    then answered as ever. *cut*: half the body, then the connection breaks. *after_acting*: the call is done
    first, only its answer is lost. *account*: whose calls; None: everybody's.
    """

    part: str
    status: int
    body: bytes
    times: int | None
    when: Callable[[Json], bool] | None = None
    cut: bool = False
    after_acting: bool = False
    slow: float = 0.0
    passes: bool = False
    account: Account | None = None

    def matches(self, call: Call) -> bool:
        """Whether it is for this call."""
        ours = self.account is None or call.uin == str(self.account.uin)
        return ours and self.part in call.path and (self.when is None or self.when(call.params))


class Faults:
    """What goes wrong, and when."""

    world: World
    sessions: Sessions
    following: Sync
    faults: list[Fault]

    def fail(
        self,
        part: str,
        *,
        status: int = 200,
        ret: int | None = None,
        body: bytes = b"",
        times: int | None = 1,
        when: Callable[[Json], bool] | None = None,
        cut: bool = False,
        after_acting: bool = False,
        account: Account | None = None,
    ) -> Fault:
        """Refuse the next *times* calls whose path has *part* ("": of any; None: until `heal`).

        *ret* is the number of a refusal in JSON; without it *body* is what is answered, with *status*. *when*
        is asked with the call's parameters. *cut* sends half of the body and breaks the connection,
        *after_acting* does what was asked first; both together send half of the true answer. A check that is
        held already goes on: `stir` ends it.
        """
        if ret is not None:
            body = done(ret, MsgID="", LocalID="").body
        return self._add(Fault(part, status, body, times, when, cut, after_acting, account=account))

    def hang(
        self,
        part: str,
        *,
        times: int | None = 1,
        when: Callable[[Json], bool] | None = None,
        after_acting: bool = False,
    ) -> Fault:
        """Never answer the next *times* calls whose path has *part*."""
        return self._add(Fault(part, 0, b"", times, when, after_acting=after_acting))

    def reset(self, part: str, *, times: int | None = 1, after_acting: bool = False) -> Fault:
        """Break the connection of the next *times* calls whose path has *part*, without a word."""
        return self._add(Fault(part, -1, b"", times, after_acting=after_acting))

    def slow(self, part: str, seconds: float, *, times: int | None = 1) -> Fault:
        """Take *seconds* longer for the next *times* calls whose path has *part*."""
        return self._add(Fault(part, 200, b"", times, slow=seconds, passes=True))

    def heal(self) -> None:
        """No more faults. Calls that hang go on hanging; logins that are over stay so."""
        self.faults.clear()
        for preset in self.following.answers.values():
            preset.clear()

    def check_answers(
        self, retcode: int, selector: int = 0, *, times: int = 1, account: Account | None = None
    ) -> None:
        """Answer the next *times* checks for news of *account* with this; the login stays as it is."""
        preset = self.following.answers.setdefault(account or self.world.first, [])
        preset += [(retcode, selector)] * times
        self.world.changed()

    def replay(self, count: int, account: Account | None = None) -> None:
        """Hand over the last *count* pieces of news once more with the next webwxsync, confirmed or not."""
        self.following.replays[account or self.world.first] = count

    def restrict(self, account: Account | None = None, *, after: float | None = 2.0) -> None:
        """End every login of *account* with 1102 *after* seconds, the one there is as well; None: no more.

        https://github.com/eatmoreapple/openwechat/issues/565
        """
        account = account or self.world.first
        account.doomed = after
        if after is not None:
            for session in self.sessions.of(account):
                session.end_soon(after)

    def ban(self, account: Account | None = None, *, may: bool = False) -> None:
        """Refuse *account* at the login page: 1203, no cookies. *may*: let it in again."""
        (account or self.world.first).may = may

    def limits(self, *, sends_per_minute: int | None = None) -> None:
        """How many messages an account may send in a minute (more meet 1205); None is no limit."""
        self.world.sends_per_minute = sends_per_minute

    def fault_for(self, call: Call) -> Fault | None:
        """The fault that this call meets, counted down."""
        for fault in self.faults:
            if fault.matches(call):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.faults.remove(fault)
                return fault
        return None

    def _add(self, fault: Fault) -> Fault:
        self.faults.append(fault)
        return fault
