"""What goes wrong on request: calls, checks, and accounts."""

from __future__ import annotations

from dataclasses import dataclass

from tests.servers import faults
from tests.servers.faults import Fault, When

from .call import Call, done
from .sessions import Sessions
from .sync import Sync
from .world import Account, World

RESET = -1
"""Instead of a status: the connection is broken without a word."""

# Beside the parameters of a call: whose it is.
_WHO = "wxuin"


@dataclass(slots=True)
class Slowness(Fault):
    """The call is answered as ever, so many seconds later."""

    seconds: float = 0.0


class Faults(faults.Faults):
    """What goes wrong, and when."""

    world: World
    sessions: Sessions
    following: Sync

    def fail(
        self,
        part: str,
        *,
        status: int = 200,
        ret: int | None = None,
        body: bytes = b"",
        times: int | None = 1,
        when: When | None = None,
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
        return self._plan(Fault(part, status, body, times, _of(account, when), cut, after_acting))

    def reset(self, part: str, *, times: int | None = 1, after_acting: bool = False) -> Fault:
        """Break the connection of the next *times* calls whose path has *part*, without a word."""
        return self._plan(Fault(part, RESET, b"", times, after_acting=after_acting))

    def slow(self, part: str, seconds: float, *, times: int | None = 1) -> Fault:
        """Take *seconds* longer for the next *times* calls whose path has *part*."""
        return self._plan(Slowness(part, 200, b"", times, seconds=seconds))

    def heal(self) -> None:
        """No more faults. Calls that hang go on hanging; logins that are over stay so."""
        super().heal()
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

    def meets(self, call: Call) -> Fault | None:
        """The fault that this call meets, counted down."""
        return self.fault_for(call.path, {**call.params, _WHO: call.uin})


def _of(account: Account | None, when: When | None) -> When | None:
    """True of the calls of *account* (None: of any) for which *when* is true."""
    if account is None:
        return when
    return lambda params: params[_WHO] == str(account.uin) and (when is None or when(params))
