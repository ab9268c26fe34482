"""Who may try a password, and when: guesses get slower and slower, and do not lock out who knows it.

Whose browser has logged in before, or who sits at this machine, only waits for tries of their own. Strangers
share what all of them may try, those whose address has not been wrong yet before the others.
https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass

from gateway.pacing import Bucket

# Wrong tries that cost no pause; then so many seconds, twice as many after each, at most the last.
_FREE, _FIRST, _LONGEST = 5, 5.0, 900.0
# Wrong tries are remembered so long (seconds) after the last, of so many addresses and browsers.
_MEMORY, _MOST = 24 * 3600.0, 10_000
# What all strangers together may try: a second, and at once.
_NEW_RATE, _NEW_BURST = 1.0, 30.0
_KNOWN_RATE, _KNOWN_BURST = 0.5, 10.0


@dataclass(frozen=True, slots=True)
class Guesser:
    """Who tries: an address, or a browser that has logged in before. *stranger*: neither that nor here."""

    key: str
    stranger: bool


@dataclass(slots=True)
class _Record:
    """How often somebody was wrong, and when last; the next try is due at `due`."""

    wrong: int = 0
    last: float = 0.0
    due: float = 0.0


class Attempts:
    """Counts wrong tries, and says how long somebody must wait before the next."""

    def __init__(self) -> None:
        self._records: OrderedDict[str, _Record] = OrderedDict()
        self._new = Bucket(_NEW_RATE, _NEW_BURST)
        self._known = Bucket(_KNOWN_RATE, _KNOWN_BURST)

    def wait(self, guesser: Guesser) -> float:
        """How long, in seconds, until *guesser* may try; 0 = now."""
        record = self._record(guesser)
        own = max(0.0, record.due - time.monotonic()) if record else 0.0
        return max(own, self._bucket(record).wait()) if guesser.stranger else own

    def begin(self, guesser: Guesser) -> None:
        """*guesser* tries. It counts as wrong until `forgive` says otherwise: many may try at once."""
        record = self._record(guesser)
        if guesser.stranger:
            self._bucket(record).take()
        if record is None:
            record = self._records[guesser.key] = _Record()
        record.wrong += 1
        record.last = time.monotonic()
        over = record.wrong - _FREE
        record.due = record.last + (min(_FIRST * 2 ** min(over, 10), _LONGEST) if over >= 0 else 0.0)
        self._records.move_to_end(guesser.key)
        while len(self._records) > _MOST:
            self._records.popitem(last=False)

    def forgive(self, guesser: Guesser) -> None:
        """*guesser* knew the password."""
        self._records.pop(guesser.key, None)

    def _bucket(self, record: _Record | None) -> Bucket:
        return self._known if record else self._new

    def _record(self, guesser: Guesser) -> _Record | None:
        record = self._records.get(guesser.key)
        if record is not None and record.last + _MEMORY < time.monotonic():
            del self._records[guesser.key]
            return None
        return record
