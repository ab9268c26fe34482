"""Failures on request: refused, broken, cut and unanswered calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import orjson

from .entities import Json
from .flood import Flood, Limits
from .world import World


@dataclass(slots=True)
class Fault:
    """What becomes of the next *times* calls of *method* (None: of all) for which *when* is true.

    *status* 0 hangs. *cut*: half the body, then the connection breaks. *after_acting*: the call is done
    first, only its answer is lost.
    """

    method: str
    status: int
    body: bytes
    times: int | None
    when: Callable[[Json], bool] | None = None
    cut: bool = False
    after_acting: bool = False

    def matches(self, method: str, params: Json) -> bool:
        """Whether it is for this call."""
        return self.method in (method, "*") and (self.when is None or self.when(params))


class Faults:
    """What goes wrong, and when."""

    world: World
    faults: list[Fault]

    def fail(
        self,
        method: str,
        *,
        status: int = 500,
        description: str = "",
        parameters: Json | None = None,
        times: int | None = 1,
        when: Callable[[Json], bool] | None = None,
        body: bytes | None = None,
        cut: bool = False,
        after_acting: bool = False,
    ) -> Fault:
        """Refuse the next *times* calls of *method* ("*": of any; None: until `heal`).

        *body* replaces the error's JSON (garbage, a proxy's page), *cut* sends half of it and breaks the
        connection, *after_acting* does what was asked first.
        """
        if status == 429 and parameters is None:
            parameters = {"retry_after": 1}
        if body is None:
            error: Json = {"ok": False, "error_code": status, "description": description or _words(status)}
            body = orjson.dumps({**error, "parameters": parameters} if parameters else error)
        fault = Fault(method, status, body, times, when, cut, after_acting)
        self.faults.append(fault)
        return fault

    def hang(
        self,
        method: str,
        *,
        times: int | None = 1,
        after_acting: bool = False,
        when: Callable[[Json], bool] | None = None,
    ) -> Fault:
        """Never answer the next *times* calls of *method*; with *after_acting* they happen all the same."""
        fault = Fault(method, 0, b"", times, when, after_acting=after_acting)
        self.faults.append(fault)
        return fault

    def heal(self) -> None:
        """No more faults. Calls that hang go on hanging."""
        self.faults.clear()

    def limits(
        self,
        *,
        per_chat: float | None = 1.0,
        group_per_minute: int | None = 20,
        overall: int | None = 30,
        burst: int = 1,
        minute: float = 60.0,
    ) -> None:
        """Enforce flood limits from now on, on messages, edits and drafts; None is no limit.

        *per_chat* a second in one chat, *burst* of them at once; *overall* in any second; groups also
        *group_per_minute*, where a *minute* has as many seconds as the test has patience. What comes too
        fast meets 429 with the exact `retry_after`.
        """
        self.world.flood = Flood(Limits(per_chat, group_per_minute, overall, burst, minute))

    def fault_for(self, method: str, params: Json) -> Fault | None:
        """The fault that this call meets, counted down."""
        for fault in self.faults:
            if fault.matches(method, params):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.faults.remove(fault)
                return fault
        return None


def _words(status: int) -> str:
    known = {
        400: "Bad Request",
        401: "Unauthorized",
        403: "Forbidden: bot was blocked by the user",
        404: "Not Found",
        409: "Conflict: terminated by other getUpdates request; "
        "make sure that only one bot instance is running",
        429: "Too Many Requests: retry after 1",
    }
    return known.get(status, "Internal Server Error")
