"""Whether a connection still carries what it should: pure, with the time given from outside."""

from __future__ import annotations

from typing import Literal

Verdict = Literal["alive", "ask", "dead", "mute"]

# How many times the usual silence a connection may be quiet that answers pings and was never heard to say
# anything by itself.
_PATIENCE = 60


class Pulse:
    """The pulse of one connection, in seconds of any steady clock.

    DingTalk says something every 20 to 30 seconds on most links, and on some nothing for hours. So a link
    that was quiet for a third of *silence* is asked by a WebSocket ping. One that does not answer within
    another third is "dead". One that does may still be a zombie, whose messages go nowhere: it is "mute"
    after *silence* without a frame where links are known to talk by themselves (`talks`), and after sixty
    times as long where none ever did.
    """

    def __init__(self, now: float, silence: float, talks: bool) -> None:
        self.talks = talks
        self._silence = silence
        self._heard = now  # anything but answers to our pings
        self._lively = now  # anything at all
        self._asked: float | None = None

    def frame(self, now: float, *, unasked: bool = False) -> None:
        """A frame came; *unasked*: one that only shows that the link is there."""
        self._heard = self._lively = now
        self._asked = None
        self.talks = self.talks or unasked

    def answered(self, now: float) -> None:
        """Our ping was answered."""
        self._lively = now
        self._asked = None

    def asked(self, now: float) -> None:
        """A ping of ours went out."""
        self._asked = now

    def judge(self, now: float) -> Verdict:
        """How the link is; "ask": a ping is due."""
        if self._asked is not None and now - self._asked >= self._silence / 3:
            return "dead"
        if now - self._heard >= self._silence * (1 if self.talks else _PATIENCE):
            return "mute"
        if self._asked is None and now - self._lively >= self._silence / 3:
            return "ask"
        return "alive"

    def next(self, now: float) -> float:
        """Seconds until there may be something else to say."""
        since = self._lively if self._asked is None else self._asked
        mute = self._heard + self._silence * (1 if self.talks else _PATIENCE)
        return max(0.0, min(since + self._silence / 3, mute) - now)
