"""What goes wrong on request: calls, connections, and what was handed out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import orjson

from .deliveries import Deliveries
from .refusals import too_fast
from .stream import Connection
from .world import Json, Robot, World

CLOSES_AFTER = 10.0


@dataclass(slots=True)
class Fault:
    """What becomes of the next *times* calls (None: of all) whose path has *part*, where *when* is true.

    *status* 0 hangs. *cut*: half the body, then the connection breaks. *after_acting*: the call is done
    first, only its answer is lost.
    """

    part: str
    status: int
    body: bytes
    times: int | None
    when: Callable[[Json], bool] | None = None
    cut: bool = False
    after_acting: bool = False

    def matches(self, path: str, params: Json) -> bool:
        """Whether it is for this call."""
        return self.part in path and (self.when is None or self.when(params))


class Faults:
    """What goes wrong, and when."""

    world: World
    deliveries: Deliveries
    faults: list[Fault]

    def fail(
        self,
        part: str,
        *,
        status: int = 500,
        body: Json | bytes | None = None,
        times: int | None = 1,
        when: Callable[[Json], bool] | None = None,
        cut: bool = False,
        after_acting: bool = False,
    ) -> Fault:
        """Refuse the next *times* calls whose path has *part* ("": of any; None: until `heal`).

        *body* replaces the error's JSON; without it 403 is the QPS limit's. *when* is asked with the call's
        parameters. *cut* sends half of the body and breaks the connection, *after_acting* does what was
        asked first.
        """
        if body is None:
            unknown = {"code": "unknownError", "requestid": "0", "message": "未知错误"}
            body = too_fast().body if status == 403 else unknown
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        fault = Fault(part, status, raw, times, when, cut, after_acting)
        self.faults.append(fault)
        return fault

    def hang(
        self,
        part: str,
        *,
        times: int | None = 1,
        when: Callable[[Json], bool] | None = None,
        after_acting: bool = False,
    ) -> Fault:
        """Never answer the next *times* calls whose path has *part*."""
        fault = Fault(part, 0, b"", times, when, after_acting=after_acting)
        self.faults.append(fault)
        return fault

    def heal(self) -> None:
        """No more faults. Calls that hang go on hanging, zombies stay what they are."""
        self.faults.clear()

    def limits(self, *, card_qps: int | None = 20, webhook_per_minute: int | None = None) -> None:
        """How many calls of one card API an app may make in a second (more meet 403), and how many
        messages one conversation takes over webhooks in a minute (more meet errcode 130101); None is no
        limit.
        """
        self.world.card_qps = card_qps
        self.world.webhook_per_minute = webhook_per_minute
        self.world.used.clear()

    def expire_webhooks(self) -> None:
        """Every sessionWebhook so far is refused from now on, whatever its message said."""
        self.world.sessions.clear()

    def expire_tokens(self, *, status: int = 400) -> None:
        """Every access token so far is refused from now on, with *status*."""
        self.world.token_status = status
        self.world.tokens.clear()

    def fault_for(self, path: str, params: Json) -> Fault | None:
        """The fault that this call meets, counted down."""
        for fault in self.faults:
            if fault.matches(path, params):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.faults.remove(fault)
                return fault
        return None


class Outages:
    """What happens to connections. Each method takes a robot, for all it has, or one connection."""

    deliveries: Deliveries

    def disconnect(self, target: Robot | Connection, *, after: float = CLOSES_AFTER) -> None:
        """Tell it to disconnect: nothing is delivered on it any more; TCP is closed *after* seconds."""
        for connection in self._of(target):
            connection.leave(after)

    def drop(self, target: Robot | Connection) -> None:
        """Reset the TCP connection."""
        for connection in self._of(target):
            connection.reset()

    def zombie(self, target: Robot | Connection) -> None:
        """Leave it open and answering pings, and let nothing through: what goes over it is lost."""
        for connection in self._of(target):
            connection.zombie = True

    def _of(self, target: Robot | Connection) -> list[Connection]:
        return [target] if isinstance(target, Connection) else self.deliveries.live(target)
