"""What people see, and waiting for it."""

from __future__ import annotations

from tests.servers.watching import Watched

from .api import Call
from .pushes import Pushes
from .world import Person, Push, Shown, World


class Screen(Watched[World]):
    """The chats as they look now, and every call that made them so."""

    world: World
    pushes: Pushes
    calls: list[Call]

    @property
    def complaints(self) -> list[str]:
        """What the account's server answered that WeChat does not understand."""
        return self.world.complaints

    def called(self, part: str) -> list[Call]:
        """The calls so far whose path has *part*."""
        return [call for call in self.calls if part in call.path]

    def texts(self, person: Person) -> list[str]:
        """What *person* reads, in order."""
        return [shown.text for shown in person.shown]

    async def answers(self, person: Person, count: int = 1, timeout: float = 10) -> list[Shown]:  # noqa: ASYNC109 - as above
        """Wait until *person* sees *count* messages; all of them."""
        await self.until(lambda: len(person.shown) >= count, timeout)
        return person.shown

    async def tried(self, push: Push, times: int, timeout: float = 20) -> None:  # noqa: ASYNC109 - as above
        """Wait until the account's server has been asked *times* about *push*."""
        await self.until(lambda: len(push.tries) >= times, timeout)

    async def settled(self, push: Push, timeout: float = 20) -> str:  # noqa: ASYNC109 - as above
        """Wait until nothing more is asked about *push*; what became of it."""
        return await self.until(lambda: push.outcome or "", timeout)

    def dump(self) -> str:
        """The last calls, pushes and chats, for people who look for a mistake."""
        lines = [
            f"  {call.status} {call.method} {call.path} {call.raw[:200]!r} {call.answer!r:.200}"
            for call in self.calls[-20:]
        ]
        lines += [f"  complaint: {words[:300]}" for words in self.complaints[-10:]]
        for push in self.pushes.all[-20:]:
            said = push.fields.get("Content") or push.fields.get("Event")
            lines.append(f"  push {push.id} {said!r:.60}: {len(push.tries)} tries, {push.outcome}")
        for person in self.world.people.values():
            lines.append(f"  {person.name} ({person.id}) sees {len(person.shown)} messages")
            lines += [
                f"    {shown.via} {shown.question}: {shown.text[:100]!r}" for shown in person.shown[-6:]
            ]
        return "\n".join(lines)
