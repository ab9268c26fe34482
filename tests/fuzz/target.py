"""What is fuzzed: a parser, the payloads it is meant for, and the exceptions that it may raise."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import orjson

from .mutation import Mutator

SLOWEST = 5.0
"""Seconds of CPU for up to a megabyte; a fifth of it is what is meant, and machines differ."""
_LONGEST_SHOWN = 3000


class Escape(AssertionError):
    """Something came out of a parser that must not, or it took too long."""


@dataclass(frozen=True)
class Target:
    """`run` takes bytes, the mutated `payloads` as JSON or, where `texts`, as text.

    `allowed` are the exceptions that its documentation names. `words` mean something to it. `dress` makes
    of the mutated JSON what arrives on the wire. `most` bytes are let in by whoever calls it.
    """

    name: str
    run: Callable[[bytes], object]
    payloads: Sequence[Any] = ()
    texts: Sequence[str] = ()
    allowed: tuple[type[Exception], ...] = ()
    words: Sequence[str] = ()
    dress: Callable[[bytes], bytes] = bytes
    most: int = 1 << 20
    _mutator: list[Mutator] = field(default_factory=list)

    @property
    def mutator(self) -> Mutator:
        """What makes inputs of the payloads."""
        if not self._mutator:
            self._mutator.append(Mutator(self.payloads, self.words))
        return self._mutator[0]

    def make(self, dice: Random) -> bytes:
        """An input."""
        if self.texts:
            text = self.mutator.text(dice.choice(self.texts), dice)
            data = text.encode("utf-8", "surrogatepass")
            return self.mutator.bytes(data, dice) if dice.random() < 0.1 else data
        packed = orjson.dumps(dice.choice(self.payloads))
        return self.dress(self.mutator.json(packed, dice))[: self.most]

    def make_large(self, dice: Random) -> bytes:
        """An input of up to a megabyte."""
        size = self.most * 9 // 10
        if self.texts:
            text = self.mutator.filled(dice, size)
            text = dice.choice((text, dice.choice(self.texts) + text))
            return text.encode("utf-8", "surrogatepass")[: self.most]
        packed = orjson.dumps(dice.choice(self.payloads))
        return self.dress(self.mutator.grown(packed, dice, size))[: self.most]

    def try_on(self, data: bytes, what: str) -> bool:
        """Whether *data* was taken, or refused as documented. Raises `Escape`, which says *what* it was."""
        began = time.thread_time()
        taken = True
        try:
            self.run(data)
        except self.allowed:
            taken = False
        except Exception as exc:  # noqa: BLE001 - to see what comes out is what this is for
            trace = "".join(traceback.format_exception(exc, limit=-12))[-_LONGEST_SHOWN:]
            raise Escape(f"{self.name}, {what}: {_shown(data)}\n{trace}") from None
        took = time.thread_time() - began
        if took > SLOWEST:
            raise Escape(f"{self.name}, {what}: {took:.1f} s for {len(data)} bytes: {_shown(data)}")
        return taken


def decoded(data: bytes) -> str:
    """*data* as text, lone surrogates for what is none."""
    return data.decode("utf-8", "surrogateescape")


def _shown(data: bytes) -> str:
    return repr(data if len(data) <= _LONGEST_SHOWN else data[:_LONGEST_SHOWN] + b"...")
