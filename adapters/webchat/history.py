"""What a page shows of a conversation when it is opened: what lasts, and over it what goes on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from adapters.webchat.live import Exchange
from gateway import Said

# Messages that steer rather than say something bear what they are about in their id.
_CONTROL = re.compile(r"(?P<kind>stop|retry|forget)\.(?P<about>[A-Za-z0-9_-]{16,40})\.[A-Za-z0-9_-]{16,40}")
CONTROLS = {"stop": "/stop", "retry": "/retry", "forget": "/forget"}


class Control(NamedTuple):
    """A message that steers: its `kind`, a key of `CONTROLS`, and the id of the question it is about.

    A wish to "forget" is about the whole conversation.
    """

    kind: str
    about: str


def control(id: str) -> Control | None:
    """What the message *id* steers; None for a message that says something."""
    found = _CONTROL.fullmatch(id)
    return Control(found["kind"], found["about"]) if found else None


def question_of(id: str) -> str:
    """The id of the question that the message *id* is, or is about."""
    steering = control(id)
    return steering.about if steering else id


def merge(transcript: Sequence[Said], live: Iterable[Exchange]) -> list[Exchange]:
    """The exchanges of a conversation in order, oldest first."""
    exchanges = _remembered(transcript)
    for now in live:
        known = exchanges.get(now.id)
        if known is None:
            exchanges[now.id] = now
            continue
        answers = known.answers or now.answers
        question = known.question if known.question is not None else now.question
        exchanges[now.id] = Exchange(now.id, now.time, question, answers, now.growing, now.open)
    return sorted(exchanges.values(), key=lambda exchange: exchange.time)


def _remembered(transcript: Sequence[Said]) -> dict[str, Exchange]:
    """What the *transcript* has, by the ids of the questions."""
    exchanges: dict[str, Exchange] = {}
    for said in transcript:
        steering, id = control(said.id), question_of(said.id)
        exchange = exchanges.get(id)
        if exchange is None:
            if steering is not None and said.text == CONTROLS[steering.kind]:
                continue  # it waits, and what it is about is not remembered any more
            exchange = exchanges[id] = Exchange(id, said.time)
            if steering is not None and said.author == "person":
                exchange.question = said.text  # a question that was asked again is kept with its text
        if said.author == "bot":
            # What was asked again is answered anew: the last answer counts.
            exchange.answers, exchange.open = [said.text], False
        elif steering is None:
            exchange.question = said.text
        elif steering.kind == "retry":
            exchange.open = True
    return exchanges
