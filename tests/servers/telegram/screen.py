"""What people see of the bot, and waiting for it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from tests.servers.watching import Watched

from .entities import Json
from .world import DRAFT_SECONDS, SentMessage, World


@dataclass(slots=True)
class Call:
    """One call of the Bot API. `time` is `time.monotonic()`; `status` is None while it has no answer."""

    method: str
    params: Json
    time: float
    status: int | None = None


class Screen(Watched[World]):
    """The chats as they look now, and every call that made them so."""

    world: World
    calls: list[Call]

    def sent(self, chat: Json) -> list[SentMessage]:
        """The bot's messages in *chat* as they are now, in order; deleted ones are gone."""
        return list(self.world.rooms[chat["id"]].sent.values())

    def drafts(self, chat: Json) -> list[str]:
        """The text of every draft shown in *chat*, in order."""
        return [text for _, text in self.world.rooms[chat["id"]].drafts]

    def draft_now(self, chat: Json) -> str | None:
        """The draft that shows in *chat*: for 30 seconds, and until the next message."""
        live = self.world.rooms[chat["id"]].live_draft
        return live[1] if live and time.monotonic() - live[0] < DRAFT_SECONDS else None

    def actions(self, chat: Json) -> list[str]:
        """Every chat action shown in *chat*, in order."""
        return list(self.world.rooms[chat["id"]].actions)

    def called(self, method: str) -> list[Call]:
        """The calls of *method* so far."""
        return [call for call in self.calls if call.method == method]

    async def answers(self, chat: Json, count: int = 1, timeout: float = 10) -> list[SentMessage]:  # noqa: ASYNC109 - as above
        """Wait until the bot has *count* messages in *chat*; all it has there."""
        sent = self.world.rooms[chat["id"]].sent
        await self.until(lambda: len(sent) >= count, timeout)
        return self.sent(chat)

    def dump(self) -> str:
        """The last calls and what every chat shows, for people who look for a mistake."""
        lines = [f"  {call.status} {call.method} {str(call.params)[:200]}" for call in self.calls[-20:]]
        lines.append(f"  updates not confirmed: {list(self.world.queue.pending)[:10]}")
        for room in self.world.rooms.values():
            lines.append(f"  chat {room.chat['id']}: {len(room.sent)} messages of the bot")
            lines += [
                f"    {message.id}: {message.text[:100]!r}" for message in list(room.sent.values())[-5:]
            ]
        return "\n".join(lines)
