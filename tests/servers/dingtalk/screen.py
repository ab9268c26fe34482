"""What people see of the robots, and waiting for it."""

from __future__ import annotations

from tests.servers.watching import Watched

from .deliveries import Deliveries
from .openapi import Call
from .stream import Connection
from .world import Card, Room, Sent, World


class Screen(Watched[World]):
    """The conversations as they look now, and every call that made them so."""

    world: World
    deliveries: Deliveries
    calls: list[Call]

    def sent(self, room: Room) -> list[Sent]:
        """The robots' messages in *room* as they are now, in order."""
        return [one.seen() if isinstance(one, Card) else one for one in room.shown]

    def cards(self, room: Room) -> list[Card]:
        """The cards in *room*, in order."""
        return [one for one in room.shown if isinstance(one, Card)]

    def called(self, part: str) -> list[Call]:
        """The calls so far whose path has *part*."""
        return [call for call in self.calls if part in call.path]

    @property
    def acks(self) -> dict[str, float]:
        """When each message was first acknowledged: message id to `time.monotonic()`."""
        return self.deliveries.acks

    @property
    def complaints(self) -> list[str]:
        """What robots did that DingTalk would not understand."""
        return self.world.complaints

    @property
    def connections(self) -> dict[str, list[Connection]]:
        """The open connections of each robot, by its client id, oldest first."""
        return {name: self.deliveries.live(robot) for name, robot in self.world.robots.items()}

    async def connected(self, count: int = 1, timeout: float = 10) -> list[Connection]:  # noqa: ASYNC109 - as above
        """Wait until *count* connections are open and not told to leave; those."""

        def found() -> list[Connection] | None:
            ready = [one for one in self.deliveries.connections if one.live and one.leaving is None]
            return ready if len(ready) >= count else None

        return await self.until(found, timeout)

    async def answers(self, room: Room, count: int = 1, timeout: float = 10) -> list[Sent]:  # noqa: ASYNC109 - as above
        """Wait until *room* has *count* messages of robots; all it has."""
        await self.until(lambda: len(room.shown) >= count, timeout)
        return self.sent(room)

    def dump(self) -> str:
        """The last calls, the connections and what every conversation shows, for people who look for a
        mistake.
        """
        lines = [f"  {call.status} {call.method} {call.path} {str(call.params)[:200]}" for call in self.calls]
        lines = lines[-20:] + [f"  complaint: {words[:300]}" for words in self.complaints[-10:]]
        for one in self.deliveries.connections[-10:]:
            state = "open" if one.live else "closed"
            lines.append(
                f"  connection of {one.robot.client_id}: {state}, leaving={one.leaving is not None},"
                f" zombie={one.zombie}, {len(one.sent)} frames out, {len(one.heard)} in"
            )
        waiting = [push.id for push in self.deliveries.pushes.values() if not push.acked.is_set()]
        lines.append(f"  not acknowledged: {waiting[:10]}")
        for room in self.world.rooms.values():
            lines.append(f"  conversation {room.id} ({room.title}): {len(room.shown)} messages of robots")
            lines += [f"    {one.via} {one.state or ''}: {one.text[:100]!r}" for one in self.sent(room)[-5:]]
        return "\n".join(lines)
