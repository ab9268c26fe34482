"""What goes wrong on request."""

from __future__ import annotations

from tests.servers.faults import Fault, PlainFaults

from .api import refusal
from .world import World


class Faults(PlainFaults):
    """What goes wrong, and when."""

    world: World

    def refuse(self, part: str, code: int, *, times: int | None = 1) -> Fault:
        """Answer the next *times* calls whose path has *part* with this errcode."""
        return self.fail(part, 200, refusal(code), times=times)

    def expire_tokens(self) -> None:
        """Every access token so far is refused from now on."""
        self.world.tokens.clear()

    def _error(self, status: int) -> bytes:
        return b"oops"
