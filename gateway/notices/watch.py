"""What is wrong with a channel, and what of it an operator who knows this much is to be told next."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from gateway.adapter import ChannelState
from gateway.channels import Channel
from gateway.login import Scan, Step

DOWN: Final = "down"
REFUSED: Final = "refused"
LOGIN: Final = "login"
CODE: Final = "code "
DIGITS: Final = "digits"
NO_MORE_CODES: Final = "no more codes"
BACK: Final = "back"

_GRAVITY: dict[ChannelState | None, int] = {
    ChannelState.DOWN: 1,
    ChannelState.AUTH_FAILED: 2,
    **{state: 3 for state in ChannelState if state.wants_login},
}

# Pictures of codes in a row that nobody scans: who does not look at the first ones is not here.
MOST_CODES = 3


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast operators are told, in seconds: as in the world, or in a test.

    `down`: a channel that is down for less is not told of. `code`: how long a notice waits for the code that
    goes with it. `first_pause`: before a notice that failed is tried again. `letters`: how long messages that
    are given up are counted before they are told. No more than `most` notices in an `hour`.
    """

    down: float = 60.0
    code: float = 5.0
    first_pause: float = 2.0
    letters: float = 60.0
    hour: float = 3600.0
    most: int = 20


class Watch:
    """Follows one channel. `changed` is called whenever there may be something new to tell.

    `state` is what is wrong, None: nothing; `why` says more, where more is known, `since` is in seconds since
    1970. `scan` is what a person is asked. Trouble ends when the channel works, not with another start nor
    with lesser trouble; `episode` counts its ends.
    """

    def __init__(self, channel: Channel, pace: Pace, changed: Callable[[], None]) -> None:
        self.channel = channel
        self.state: ChannelState | None = None
        self.why = ""
        self.since = 0.0
        self.scan: Scan | None = None
        self.episode = 0
        self._codes = 0
        self._due = 0.0
        self._pace = pace
        self._changed = changed
        channel.watch(self._heard)
        channel.login.watch(self._asked)

    def wait(self) -> float:
        """In how many seconds the trouble has lasted long enough to be told; 0 = now, or there is none."""
        return max(0.0, self._due - time.monotonic()) if self.state is not None else 0.0

    def next(self, told: Collection[str], *, pictures: bool) -> str | None:
        """The topic that comes after those that were *told*; None: nothing, for now.

        *pictures*: a code can be shown.
        """
        match self.state:
            case None:
                return BACK if told else None
            case ChannelState.DOWN:
                return None if told or self.wait() else DOWN
            case ChannelState.AUTH_FAILED:
                return _unless(REFUSED, told)
        return self._login(told, pictures=pictures)

    def _login(self, told: Collection[str], *, pictures: bool) -> str | None:
        """What of a login is to be told: of each code, as long as it is good, but not of many."""
        scan, shown = self.scan, [topic for topic in told if topic.startswith(CODE)]
        if scan is not None and scan.step is Step.DIGITS:
            return _unless(DIGITS, told)
        if scan is not None and scan.step is Step.CONFIRM:
            return None  # somebody is at it
        if not pictures:
            return _unless(LOGIN, told)
        if scan is not None and scan.expires > time.time():
            topic = f"{CODE}{self._codes}"
            return _unless(topic if topic in told or len(shown) < MOST_CODES else NO_MORE_CODES, told)
        return None if shown or self.wait() else _unless(LOGIN, told)

    def _heard(self, state: ChannelState, detail: str) -> None:
        if state is ChannelState.UP:
            self.state, self._codes = None, 0
            self.episode += 1
        elif self._is_less_than(state):
            self._begin(state, detail)
        self._changed()

    def _asked(self, scan: Scan | None) -> None:
        if scan is not None:
            if self.scan is None or self.scan.text != scan.text:
                self._codes += 1
            if self._is_less_than(ChannelState.NEEDS_LOGIN):
                self._begin(ChannelState.NEEDS_LOGIN, "")
        self.scan = scan
        self._changed()

    def _is_less_than(self, state: ChannelState) -> bool:
        """True where *state* is worse than what is known: the rest is part of it, or no trouble."""
        return _GRAVITY.get(state, 0) > _GRAVITY.get(self.state, 0)

    def _begin(self, state: ChannelState, why: str) -> None:
        pause = self._pace.code if state.wants_login else 0.0
        if state is ChannelState.DOWN:
            pause = self._pace.down
        self.state, self.why = state, why
        self.since, self._due = time.time(), time.monotonic() + pause


def _unless(topic: str, told: Collection[str]) -> str | None:
    return None if topic in told else topic
