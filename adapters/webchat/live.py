"""What is going on in the conversations now: questions that wait, answers that grow, what was just said.

Only in memory: the gateway's transcript is what lasts. It lacks what is no part of a conversation with the
model (replies to commands, apologies), so the newest of these are here until the process ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gateway import Said
from gateway.newest import Newest
from gateway.text import length

Event = dict[str, Any]

# Exchanges remembered in a conversation, and conversations.
_EXCHANGES = 30
_CONVERSATIONS = 1000
# What the gateway says itself is short; what is longer is shown once (characters).
_LONGEST_KEPT = 4000


@dataclass(slots=True)
class Exchange:
    """A question and what was answered; `question` is None where we do not know it.

    `growing` is an answer so far. `open`: an answer is still to come. `round` is the id of the message that
    the answers belong to: the question's own, or that of a wish to have it answered again; "" where the
    next answer begins anew.
    """

    id: str
    time: float
    question: str | None = None
    answers: list[str] = field(default_factory=list)
    growing: str | None = None
    open: bool = True
    round: str = ""

    def view(self) -> Event:
        """As the page gets it."""
        return {
            "id": self.id,
            "time": self.time,
            "question": self.question,
            "answers": [*self.answers],
            "growing": self.growing,
            "open": self.open,
        }


class Talk:
    """One conversation as it goes on."""

    def __init__(self) -> None:
        self.exchanges: Newest[str, Exchange] = Newest(_EXCHANGES)

    def ask(self, id: str, text: str, time: float) -> Exchange:
        """A question comes in; a repeated one changes nothing."""
        exchange = self._exchange(id, time)
        exchange.question = text
        return exchange

    def again(self, id: str, time: float) -> Exchange:
        """Somebody wishes a question to be answered again."""
        exchange = self._exchange(id, time)
        exchange.open, exchange.round = True, ""
        return exchange

    def grow(self, id: str, text: str, time: float) -> Event:
        """The answer to *id* is *text* so far; returns the change: what stands from `at` (UTF-16) on."""
        exchange = self._exchange(id, time)
        before = exchange.growing or ""
        exchange.growing, exchange.open = text, True
        kept = before if text.startswith(before) else ""
        return {"id": id, "at": length(kept, "utf16"), "tail": text[len(kept) :], "time": exchange.time}

    def answer(self, id: str, round: str, text: str, time: float) -> Event:
        """*text* was sent for *id*; returns the exchange as it is now."""
        exchange = self._exchange(id, time)
        if exchange.round != round:
            exchange.answers, exchange.round = [], round
        exchange.answers.append(text)
        exchange.growing, exchange.open = None, False
        return exchange.view()

    def close(self, id: str) -> None:
        """No answer to *id* will come any more."""
        if (exchange := self.exchanges.get(id)) is not None:
            exchange.open = False

    def drop(self, id: str) -> None:
        """An exchange is not for us to remember: it was not accepted, or the transcript has it."""
        self.exchanges.pop(id, None)

    def shorten(self, id: str, transcript: Iterable[Said]) -> None:
        """Forget an answered exchange that is in the *transcript*, or too long to be kept twice."""
        exchange = self.exchanges.get(id)
        if exchange is None or exchange.open:
            return
        known = any(said.id == id and said.author == "bot" for said in transcript)
        if known or sum(map(len, exchange.answers)) > _LONGEST_KEPT:
            self.drop(id)

    def _exchange(self, id: str, time: float) -> Exchange:
        """The exchange that *id* began, a new one where there is none."""
        exchange = self.exchanges.get(id)
        if exchange is None:
            exchange = self.exchanges[id] = Exchange(id, time)
        return exchange


class Talks:
    """The conversations in which something was said last, by visitor and conversation."""

    def __init__(self) -> None:
        self._talks: Newest[tuple[str, str], Talk] = Newest(_CONVERSATIONS)

    def __getitem__(self, key: tuple[str, str]) -> Talk:
        talk = self._talks[key] = self._talks.get(key) or Talk()
        return talk

    def forget(self, key: tuple[str, str]) -> None:
        """A conversation is deleted."""
        self._talks.pop(key, None)
