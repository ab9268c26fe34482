"""What becomes of each message over the up to three times that WeChat asks for its answer."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from adapters.wechat_official.bells import Bells

TRIES = 3
"""How often WeChat asks for the answer to a message."""
_MOST = 10_000
# An exchange is forgotten so many seconds after WeChat can have asked for the last time.
_REMEMBERED = 60.0


class Exchange:
    """One message of a person's, and the one text that WeChat is answered however often it asks.

    `durable`: the inbox has the message. `fetches`: it is no question, it fetches an answer; None = not
    decided yet. `last`: WeChat does not ask again. `complete`: all of its answer is on its way. `over`: no
    text can be handed in any more. `said_at`: when one was said, on the loop's clock.
    """

    def __init__(self, person: str, bells: Bells) -> None:
        self.tries = 0
        self.last = False
        self.durable = False
        self.fetches: bool | None = None
        self.complete = False
        self.over = False
        self.text: str | None = None
        self.said_at: float | None = None
        self._until = 0.0
        self._person = person
        self._bells = bells

    def asked(self, until: float, *, last: bool) -> None:
        """WeChat asks; if it does so again, then not later than *until* on the loop's clock."""
        self.tries += 1
        self.last = self.last or last or self.tries >= TRIES
        self._until = until
        self._bells.ring(self._person)

    async def carry(self, text: str) -> bool:
        """Have *text* be what WeChat is answered; false where it does not ask any more, or has an answer."""
        if self.over or self.text is not None:
            return False
        self.text = text
        self._bells.ring(self._person)
        try:
            with self._bells.listen(self._person) as bell:
                while not self.over and self._now() < self._until and not bell.closed:
                    await bell.wait(self._until)
        finally:
            if self.said_at is None:
                self.text = None
                self.over = True
        return self.said_at is not None

    def saying(self, until: float) -> None:
        """The text is being written to WeChat, which takes no longer than *until*: nobody gives up before."""
        self._until = max(self._until, until)
        self._bells.ring(self._person)

    def said(self) -> None:
        """The text has arrived."""
        self.said_at = self._now()
        self.end()

    def end(self) -> None:
        """No text can be handed in any more."""
        self.over = True
        self._bells.ring(self._person)

    def reopen(self) -> None:
        """A text can be handed in again."""
        self.over = False

    @property
    def past(self) -> bool:
        """True where nobody asks for it any more."""
        return self._now() > self._until + _REMEMBERED

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


class Exchanges:
    """The newest exchanges, by person and message."""

    def __init__(self, bells: Bells) -> None:
        self._bells = bells
        self._exchanges: OrderedDict[tuple[str, str], Exchange] = OrderedDict()

    def get(self, person: str, message: str) -> Exchange:
        """The exchange about *message*, a new one where there is none."""
        exchange = self.find(person, message)
        if exchange is None:
            self._forget()
            exchange = self._exchanges[person, message] = Exchange(person, self._bells)
        return exchange

    def find(self, person: str, message: str) -> Exchange | None:
        """The exchange about *message*, where there is one."""
        return self._exchanges.get((person, message))

    def _forget(self) -> None:
        # Two looks at the oldest for each new one: the table follows what is really in use.
        for _ in range(2):
            oldest = next(iter(self._exchanges.items()), None)
            if oldest is not None and (oldest[1].past or len(self._exchanges) >= _MOST):
                del self._exchanges[oldest[0]]
