"""What goes wrong on request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson

from .api import refusal
from .world import Json, World


@dataclass(slots=True)
class Fault:
    """What becomes of the next *times* calls whose path has *part*; *status* 0 hangs.

    *cut*: half the body, then the connection breaks. *after_acting*: the call is done first, only its answer
    is lost.
    """

    part: str
    status: int
    body: bytes
    times: int
    cut: bool = False
    after_acting: bool = False


class Faults:
    """What goes wrong, and when."""

    world: World
    faults: list[Fault]

    def refuse(self, part: str, code: int, *, times: int = 1) -> None:
        """Answer the next *times* calls whose path has *part* with this errcode."""
        self.faults.append(Fault(part, 200, orjson.dumps(refusal(code)), times))

    def fail(
        self,
        part: str,
        status: int = 500,
        body: Json | bytes = b"oops",
        *,
        times: int = 1,
        cut: bool = False,
        after_acting: bool = False,
    ) -> None:
        """Answer them with *status* and *body*, of which *cut* sends half."""
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        self.faults.append(Fault(part, status, raw, times, cut, after_acting))

    def hang(self, part: str, *, times: int = 1, after_acting: bool = False) -> None:
        """Never answer them."""
        self.faults.append(Fault(part, 0, b"", times, after_acting=after_acting))

    def heal(self) -> None:
        """No more faults."""
        self.faults.clear()

    def expire_tokens(self) -> None:
        """Every access token so far is refused from now on."""
        self.world.tokens.clear()

    @asynccontextmanager
    async def outage(self) -> AsyncIterator[None]:
        """WeChat's interfaces cannot be reached; what people do still reaches the account's server."""
        await self.stop()
        try:
            yield
        finally:
            await self.start()

    async def start(self) -> None:
        """Listen."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Listen no more."""
        raise NotImplementedError

    def fault_for(self, path: str) -> Fault | None:
        """The fault that this call meets, counted down."""
        for fault in self.faults:
            if fault.part in path:
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                return fault
        return None
