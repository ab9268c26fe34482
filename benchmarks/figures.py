"""What was measured, and what was hoped for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Target:
    """A bound for the gateway's figure: at most, or at least."""

    sign: Literal["≤", "≥"]
    bound: float

    def met(self, value: float) -> bool:
        """Whether *value* keeps to it."""
        return value <= self.bound if self.sign == "≤" else value >= self.bound


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; the others' values stand there to compare with."""

    name: str
    unit: str
    gateway: float
    target: Target | None = None
    floor: float | None = None
    bare: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        return None if self.target is None else self.target.met(self.gateway)


def beside(name: str, unit: str, values: Mapping[str, float], target: Target | None = None) -> Figure:
    """A figure of which each bot, by its kind, has a value."""
    return Figure(name, unit, values["gateway"], target, values.get("floor"), values.get("bare"))


def ratio(value: float, other: float) -> float:
    """How many times *other* is in *value*; 0 where *other* was too little to be measured."""
    return value / other if other else 0.0


def at_most(bound: float) -> Target:
    """A target that a figure must not exceed."""
    return Target("≤", bound)


def at_least(bound: float) -> Target:
    """A target that a figure must reach."""
    return Target("≥", bound)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of *values* that at least *share* of them (0 to 1) do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
