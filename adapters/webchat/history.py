"""What a page shows of a conversation when it is opened: what lasts, and over it what goes on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from adapters.webchat.live import Exchange
from gateway import Said

# Messages that steer rather than say something bear what they are about in their id.
_CONTROL = re.compile(r"(?P<kind>stop|retry|forget)\.(?P<about>[A-Za-z0-9_-]{16,40})\.[A-Za-z0-9_-]{16,40}")
CONTROLS = {"stop": "/stop", "retry": "/retry", "forget": "/forget"}


def control(id: str) -> tuple[str, str] | None:
    """What the message *id* steers, and the question it is about; None for what says something.

    A wish to "forget" is about the whole conversation.
    """
    found = _CONTROL.fullmatch(id)
    return (found["kind"], found["about"]) if found else None


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
    exchanges: dict[str, Exchange] = {}
    for said in transcript:
        steering = control(said.id)
        id = steering[1] if steering else said.id
        exchange = exchanges.get(id)
        if exchange is None:
            if steering is not None and said.text == CONTROLS[steering[0]]:
                continue
            exchange = exchanges[id] = Exchange(id, said.time)
            if steering is not None and said.author == "person":
                exchange.question = said.text
        if said.author == "bot":
            # What was asked again is answered anew: the last answer counts.
            exchange.answers, exchange.open = [said.text], False
        elif steering is None:
            exchange.question = said.text
        elif steering[0] == "retry":
            exchange.open = True
    return exchanges
