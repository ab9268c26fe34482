"""What the owners of accounts do with their phones: scan, agree, end logins."""

from __future__ import annotations

from .codes import Code, Logins
from .sessions import Sessions
from .world import Account, World


class Phone:
    """What the owner of an account does with the phone."""

    world: World
    logins: Logins
    sessions: Sessions

    @property
    def codes(self) -> list[Code]:
        """The codes that can be scanned now, oldest first."""
        return [code for code in self.logins.codes if code.state == "new" and not code.expired]

    def scan(self, code: str | Code | None = None, account: Account | None = None) -> Code:
        """Scan a code: the one that is given, as it is or as it reads, or the newest there is.

        Raises `AssertionError`: there is none, or it is good no longer.
        """
        if code is None:
            code = self.codes[-1] if self.codes else None
        elif not isinstance(code, Code):
            code = self.logins.find(code)
        assert code is not None, "there is no code to scan"
        assert code.state == "new", f"the code is {code.state}"
        assert not code.expired, "the code has expired"
        code.state, code.account = "scanned", account or self.world.first
        self.world.changed()
        return code

    def confirm(self, account: Account | None = None) -> Code:
        """Say yes on the phone. Raises `AssertionError`: nothing is asked there."""
        return self._answer(account, "confirmed")

    def refuse(self, account: Account | None = None) -> Code:
        """Say no on the phone. Raises `AssertionError`: nothing is asked there."""
        return self._answer(account, "refused")

    def asked(self, account: Account | None = None) -> Code | None:
        """What the phone asks to confirm, if anything."""
        account = account or self.world.first
        scanned = (one for one in self.logins.codes if one.state == "scanned" and not one.expired)
        return next((one for one in scanned if one.account is account), None)

    def log_out(self, account: Account | None = None, *, retcode: int = 1100) -> None:
        """End the account's login; *retcode* says to the client why: 1100 on the phone, 1101 kicked by
        another, 1102 by the server.
        """
        for session in self.sessions.of(account or self.world.first):
            session.end(retcode)

    def _answer(self, account: Account | None, state: str) -> Code:
        code = self.asked(account)
        assert code is not None, "nothing is asked on the phone"
        code.state = state
        self.world.changed()
        return code
