"""What is asked and answered in a run, each piece saying whose it is; and the model, which may fail."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tests.servers.model import Body, Fault, ModelServer, Refusal, garbage

_QUESTION = re.compile(r"Q(\d+)\.(\d+)\.")
_WORD = re.compile(r"A(\d+)\.(\d+)\.(\d+)")
NOTHING = "nothing was asked"


@dataclass(frozen=True, slots=True)
class Word:
    """One word of an answer: to which question of which chat, and which word of it."""

    chat: int
    question: int
    number: int


def question(chat: int, number: int) -> str:
    """What is asked."""
    return f"Q{chat}.{number}. please"


def asked(text: str) -> tuple[int, int] | None:
    """Which question of which chat *text* is."""
    found = _QUESTION.search(text)
    return (int(found[1]), int(found[2])) if found else None


def words(text: str) -> list[Word]:
    """The words in what is shown."""
    return [Word(*map(int, found)) for found in _WORD.findall(text)]


def text_of(found: Iterable[Word]) -> str:
    """These words as a text."""
    return " ".join(f"A{word.chat}.{word.question}.{word.number}" for word in found)


class Model:
    """The model's side of a run: how long each answer is, and how often asking for it fails at first."""

    def __init__(self, seed: int, server: ModelServer, longest: int) -> None:
        self.server = server
        self.healthy = False
        self._seed = seed
        self._longest = longest
        self._tries: Counter[tuple[int, int]] = Counter()
        server.answer, server.latency, server.fault = self.answer, self.latency, self.fault
        server.delay = random.Random(f"{seed} delay").choice((0.0, 0.0, 0.05))

    def length(self, chat: int, number: int) -> int:
        """How many words the answer has."""
        chance = random.Random(f"{self._seed} length {chat}.{number}")
        return chance.choice((1, 3, 3, 8, 8, 30, self._longest))

    def answer(self, body: Body) -> str:
        """What a model says to the newest question."""
        found = asked(str(body["messages"][-1]["content"]))
        if found is None:
            return NOTHING
        return text_of(Word(*found, number) for number in range(self.length(*found)))

    def latency(self, body: Body) -> float:
        """How long it takes for that."""
        return self._chance(body, "latency").choice((0.0, 0.05, 0.3, 0.8))

    def fault(self, body: Body) -> Fault | Refusal | None:
        """What goes wrong with it."""
        chance = self._chance(body, "fault")
        found = asked(str(body["messages"][-1]["content"]))
        if found is not None:
            self._tries[found] += 1
        if self.healthy or chance.random() < 0.75:
            return None
        return chance.choice((
            Refusal(429, "Rate limit reached.", headers={"Retry-After": "1"}),
            Refusal(429, "Rate limit reached.", headers={"Retry-After": "300"}),
            Refusal(500, "The server had an error."),
            Refusal(503, raw="<html>bad gateway</html>"),
            Refusal(200, raw="<html>what is this?</html>"),
            garbage(),
            Fault(after=2, end="cut"),
            Fault(after=2, end="hang"),
            Fault(after=-1, end="hang"),
            Fault(after=0, end="stop"),
        ))  # fmt: skip

    def _chance(self, body: Body, what: str) -> random.Random:
        found = asked(str(body["messages"][-1]["content"]))
        tries = self._tries[found] if found is not None else 0
        return random.Random(f"{self._seed} {what} {found} {tries}")
