"""Failures on request: refused, broken, cut and unanswered calls."""

from __future__ import annotations

import orjson

from tests.servers import faults
from tests.servers.faults import Fault, When

from .entities import Json
from .flood import Flood, Limits
from .world import World


class Faults(faults.Faults):
    """What goes wrong, and when; the parts of Telegram are its methods."""

    world: World

    def fail(
        self,
        method: str,
        *,
        status: int = 500,
        description: str = "",
        parameters: Json | None = None,
        times: int | None = 1,
        when: When | None = None,
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
        return self._plan(Fault(method, status, body, times, when, cut, after_acting))

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

    def _is_of(self, part: str, path: str) -> bool:
        """Parts are names of methods; "*": of any."""
        return part in (path, "*")


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
