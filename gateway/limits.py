"""How much each person and each chat may ask: pure, no I/O."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass

from gateway.message import Message

_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one channel; 0 = none.

    `per_minute`, `messages_per_day` and `tokens_per_day` hold for each person, `chat_per_minute` for the
    answers in one group: it slows the talk of two bots down.
    """

    per_minute: int = 0
    chat_per_minute: int = 60
    messages_per_day: int = 0
    tokens_per_day: int = 0

    @property
    def daily(self) -> bool:
        """True where there is a quota to keep account of."""
        return self.messages_per_day > 0 or self.tokens_per_day > 0


def person(message: Message) -> str:
    """Who wrote *message*, as the configuration names people: ``channel:id``."""
    return f"{message.chat.channel}:{message.sender.id}"


class Rate:
    """At most *per_minute* of each key in any 60 seconds, exactly; 0 = as many as they like.

    A token bucket would let twice as many pass in a key's first minute. No more than *most* keys are
    known; of more that are busy at once, those that were admitted longest ago begin anew.
    """

    def __init__(self, per_minute: int, most: int = 10_000) -> None:
        self._per_minute = per_minute
        self._most = most
        # Each key's newest moments, the key admitted longest ago first.
        self._admitted: OrderedDict[str, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._admitted)

    def admit(self, key: str, now: float) -> float:
        """0.0: it may, and is counted. Else how many seconds until it may; it is not counted.

        *now* in seconds, of a clock that never goes back.
        """
        if self._per_minute == 0:
            return 0.0
        moments = self._admitted.get(key)
        if moments is None:
            self._forget(now)
            moments = self._admitted[key] = deque(maxlen=self._per_minute)
        elif len(moments) == self._per_minute and (wait := _MINUTE - (now - moments[0])) > 0:
            return wait
        moments.append(now)
        self._admitted.move_to_end(key)
        return 0.0

    def _forget(self, now: float) -> None:
        while self._admitted:
            oldest = next(iter(self._admitted))
            if now - self._admitted[oldest][-1] < _MINUTE and len(self._admitted) < self._most:
                return
            del self._admitted[oldest]
