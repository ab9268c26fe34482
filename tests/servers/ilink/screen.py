"""What people see of the bots, and waiting for it."""

from __future__ import annotations

import time

from tests.servers.watching import Watched

from .botapi import Call
from .world import Bot, Code, Person, Sent, Talk, World


class Screen(Watched[World]):
    """The conversations as they look now, and every call that made them so."""

    world: World
    calls: list[Call]

    def sent(self, person: Person, bot: Bot | None = None) -> list[Sent]:
        """What bots, or *bot*, sent to *person*, in order."""
        shown = [one for talk in self._talks(person, bot) for one in talk.shown]
        return sorted(shown, key=lambda one: one.time)

    def typing(self, person: Person, bot: Bot | None = None) -> bool:
        """Whether *person* sees now that a bot, or *bot*, is writing."""
        return any(talk.typing_until > time.monotonic() for talk in self._talks(person, bot))

    def typings(self, person: Person, bot: Bot | None = None) -> list[int]:
        """Every typing status that was set for *person* so far: 1 writing, 2 not."""
        return [status for talk in self._talks(person, bot) for status in talk.typings]

    def unconfirmed(self, bot: Bot | None = None) -> int:
        """How many messages wait for *bot*, or for the bots that live, that no poll has confirmed."""
        bots = [bot] if bot else [one for one in self.world.bots if not one.dead]
        return sum(len(one.inbox) - one.confirmed for one in bots)

    def called(self, part: str) -> list[Call]:
        """The calls so far whose path has *part*."""
        return [call for call in self.calls if part in call.path]

    @property
    def complaints(self) -> list[str]:
        """What bots did that WeChat would not take, in more words than WeChat has."""
        return self.world.complaints

    async def code(self, count: int = 1, timeout: float = 10) -> Code:  # noqa: ASYNC109 - as above
        """Wait until *count* codes were asked for so far; the newest."""
        await self.until(lambda: len(self.world.codes) >= count, timeout)
        return self.world.codes[-1]

    async def polling(self, bot: Bot, timeout: float = 10) -> None:  # noqa: ASYNC109 - as above
        """Wait until *bot* waits for messages."""
        await self.until(lambda: bot.waiting, timeout)

    async def answers(self, person: Person, count: int = 1, timeout: float = 10) -> list[Sent]:  # noqa: ASYNC109 - as above
        """Wait until *person* has *count* messages of bots; all they have."""
        await self.until(lambda: len(self.sent(person)) >= count, timeout)
        return self.sent(person)

    def dump(self) -> str:
        """The last calls, the bots and what everybody sees, for people who look for a mistake."""
        lines = [f"  {call.status} {call.path} {str(call.params)[:200]} {call.answer}" for call in self.calls]
        lines = lines[-20:] + [f"  complaint: {words[:300]}" for words in self.complaints[-10:]]
        lines += [f"  code {code.id}: {code.status}" for code in self.world.codes[-5:]]
        for bot in self.world.bots[-5:]:
            lines.append(
                f"  bot {bot.id} of {bot.owner.name}: {'dead' if bot.dead else 'alive'}, {bot.polls} polls,"
                f" {bot.waiting} waiting, {len(bot.inbox)} messages, {bot.confirmed} confirmed"
            )
        for person in self.world.people.values():
            lines.append(f"  {person.name}: {len(self.sent(person))} messages of bots")
            lines += [f"    {one.kind}: {one.text[:100]!r} {one.name}" for one in self.sent(person)[-5:]]
        return "\n".join(lines)

    def _talks(self, person: Person, bot: Bot | None) -> list[Talk]:
        bots = [bot] if bot else self.world.bots
        return [one.talks[person.id] for one in bots if person.id in one.talks]
