"""How large a run is."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.bots import Kind


@dataclass(frozen=True, slots=True)
class Scale:
    """How many people talk, and for how long.

    `chats` ask `turns` questions each, `rounds` times over, and the median counts. `warm`: questions of each
    chat before that. `chunk_pause`: seconds between the pieces of a streamed answer. `burst`: people at the
    same moment, of a model that takes `thinking` seconds. `in_a_row`: messages of one person without
    waiting. `crowd`: people of whom `at_once` talk. `stored`: messages in the large store, of `known`
    people. `starts`: how often a process is started. `settling`: seconds of silence before memory is looked
    at. `kinds`: the bots that are compared.
    """

    chats: int = 100
    turns: int = 10
    rounds: int = 3
    warm: int = 2
    chunk_pause: float = 0.05
    burst: int = 500
    thinking: float = 2.0
    in_a_row: int = 5
    crowd: int = 10_000
    at_once: int = 100
    stored: int = 1_000_000
    known: int = 10_000
    starts: int = 5
    settling: float = 1.0
    kinds: tuple[Kind, ...] = ("gateway", "floor", "bare")


FULL = Scale()
MINIATURE = Scale(
    chats=3,
    turns=2,
    rounds=1,
    warm=1,
    chunk_pause=0.01,
    burst=5,
    thinking=0.1,
    crowd=6,
    at_once=3,
    stored=60,
    known=6,
    starts=1,
    settling=0.05,
)
"""Enough to see that a scenario works, not what it would show."""
