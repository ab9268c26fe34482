"""What goes wrong on request at every simulated platform: calls that are refused, cut or never answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

Json = dict[str, Any]
When = Callable[[Json], bool]


@dataclass(slots=True)
class Fault:
    """What becomes of the next *times* calls (None: of all) of *part*, where *when* is true of what they say.

    *status* 0 hangs. *cut*: half the body, then the connection breaks. *after_acting*: the call is done
    first, only its answer is lost.
    """

    part: str
    status: int
    body: bytes
    times: int | None
    when: When | None = None
    cut: bool = False
    after_acting: bool = False


async def fail(request: web.BaseRequest, fault: Fault, kind: str = "application/json") -> web.StreamResponse:
    """What the caller gets instead of an answer; *kind*: of the body."""
    if not fault.status:
        await asyncio.get_running_loop().create_future()  # until the caller or this server goes away
    if not fault.cut:
        return web.Response(status=fault.status, body=fault.body, content_type=kind)
    answer = web.StreamResponse(status=fault.status, headers={"Content-Type": kind})
    answer.content_length = max(2, len(fault.body))
    await answer.prepare(request)
    await answer.write(fault.body[: len(fault.body) // 2])
    if request.transport is not None:
        request.transport.close()
    return answer


class Faults:
    """What goes wrong, and when."""

    faults: list[Fault]

    def hang(
        self, part: str, *, times: int | None = 1, when: When | None = None, after_acting: bool = False
    ) -> Fault:
        """Never answer the next *times* calls of *part*; with *after_acting* they happen all the same."""
        return self._plan(Fault(part, 0, b"", times, when, after_acting=after_acting))

    def heal(self) -> None:
        """No more faults. Calls that hang go on hanging."""
        self.faults.clear()

    def fault_for(self, path: str, params: Json) -> Fault | None:
        """The fault that this call meets, counted down."""
        for fault in self.faults:
            if self._is_of(fault.part, path) and (fault.when is None or fault.when(params)):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.faults.remove(fault)
                return fault
        return None

    def _plan(self, fault: Fault) -> Fault:
        self.faults.append(fault)
        return fault

    def _is_of(self, part: str, path: str) -> bool:
        """Whether a call of *path* is one of *part*: where its path has it; "": any."""
        return part in path


class PlainFaults(Faults):
    """The same of a platform whose errors are a status and a body."""

    def fail(
        self,
        part: str,
        status: int = 500,
        body: Json | bytes | None = None,
        *,
        times: int | None = 1,
        when: When | None = None,
        cut: bool = False,
        after_acting: bool = False,
    ) -> Fault:
        """Answer the next *times* calls whose path has *part* ("": of any; None: until `heal`) with *status*.

        *body*: instead of what the platform says then. *when* is asked with the call's parameters. *cut*
        sends half of the body and breaks the connection, *after_acting* does what was asked first.
        """
        said = self._error(status) if body is None else body
        raw = said if isinstance(said, bytes) else orjson.dumps(said)
        return self._plan(Fault(part, status, raw, times, when, cut, after_acting))

    def _error(self, status: int) -> Json | bytes:
        """What the platform says with *status*."""
        raise NotImplementedError
