"""What goes wrong on request: calls, connections, and what was handed out."""

from __future__ import annotations

from tests.servers.faults import PlainFaults

from .deliveries import Deliveries
from .refusals import too_fast
from .stream import Connection
from .world import Json, Robot, World

CLOSES_AFTER = 10.0


class Faults(PlainFaults):
    """What goes wrong with calls, and when."""

    world: World

    def _error(self, status: int) -> Json:
        """403 is the QPS limit's."""
        if status == 403:
            return too_fast().body
        return {"code": "unknownError", "requestid": "0", "message": "未知错误"}

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
