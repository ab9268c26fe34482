"""How notices are worded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from gateway.adapter import ChannelState
from gateway.notices.watch import BACK, DIGITS, DOWN, NO_MORE_CODES, REFUSED, Watch
from gateway.texts import Language, Sentence

_SENTENCES = {
    BACK: Sentence.CHANNEL_BACK,
    DOWN: Sentence.CHANNEL_DOWN,
    REFUSED: Sentence.CHANNEL_REFUSED,
    DIGITS: Sentence.DIGITS_WANTED,
    NO_MORE_CODES: Sentence.NO_MORE_CODES,
}
_REASONS = {
    ChannelState.LOGGED_OUT: Sentence.LOGGED_OUT,
    ChannelState.KICKED: Sentence.KICKED,
    ChannelState.COOKIE_INVALID: Sentence.SESSION_ENDED,
    ChannelState.AUTH_EXPIRED: Sentence.LOGIN_EXPIRED,
}


@dataclass(frozen=True, slots=True)
class Wording:
    """What operators read: their language, their time zone (None: the system's).

    `pages` is the address below which each channel has a page with its login, "" where there is none.
    """

    language: Language = "en"
    zone: tzinfo | None = None
    pages: str = ""

    def notice(self, topic: str, watch: Watch, expires: float | None) -> str:
        """What is said of *topic*.

        *expires*: until when (seconds since 1970) the code is good that goes with it; None: there is none.
        """
        name, since, why = watch.channel.name, self.clock(watch.since), self._reason(watch)
        said = _SENTENCES.get(topic, Sentence.LOGIN_WANTED)
        parts = [said.say(self.language, channel=name, since=since, why=why)]
        if topic not in (BACK, DIGITS, NO_MORE_CODES):
            parts.append(watch.why)
        if expires is not None:
            parts.append(Sentence.SCAN_THIS.say(self.language, until=self.clock(expires)))
        if topic not in (BACK, DOWN, REFUSED):
            parts.append(self._how(name))
        return "\n\n".join(filter(None, parts))

    def given_up(self, count: int) -> str:
        """That *count* messages became dead letters."""
        return Sentence.GIVEN_UP.say(self.language, count=count)

    def too_many(self, until: float) -> str:
        """That nothing more is told before *until* (seconds since 1970)."""
        return Sentence.TOO_MANY_NOTICES.say(self.language, until=self.clock(until))

    def clock(self, moment: float) -> str:
        """The time of the day at *moment*, in seconds since 1970."""
        return f"{datetime.fromtimestamp(moment, self.zone):%H:%M:%S}"

    def _reason(self, watch: Watch) -> str:
        """Why a login is needed."""
        reason = _REASONS.get(watch.state or ChannelState.NEEDS_LOGIN, Sentence.NOBODY_LOGGED_IN)
        return reason.say(self.language)

    def _how(self, name: str) -> str:
        if not self.pages:
            return Sentence.LOGIN_HOW.say(self.language, channel=name)
        return Sentence.LOGIN_HOW_OR_PAGE.say(self.language, channel=name, page=f"{self.pages}/{name}")
