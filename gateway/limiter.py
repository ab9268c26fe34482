"""Says which messages are too many: for a chat, for a minute, for a day."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping

from gateway.calendar import clock
from gateway.conversation import Conversation
from gateway.errors import TooManyAnswers
from gateway.limits import Rate, person
from gateway.message import Message
from gateway.store.store import Store
from gateway.texts import Language, Sentence


class Limiter:
    """Holds the limits of every channel. *monotonic* tells the time for what counts by the minute."""

    def __init__(
        self,
        conversations: Mapping[str, Conversation],
        store: Store,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._conversations = conversations
        self._store = store
        self._now = monotonic
        limits = {name: conversation.limits for name, conversation in conversations.items()}
        self._people = {name: Rate(limit.per_minute) for name, limit in limits.items()}
        self._chats = {name: Rate(limit.chat_per_minute) for name, limit in limits.items()}

    def slow_down(self, message: Message) -> None:
        """Count one answer in the group of *message*, for admins too.

        Raises `TooManyAnswers` where there were too many within a minute: it is answered later. So two bots
        that answer each other cost no more than that, and nobody's question is lost.
        """
        if message.chat.kind != "group":
            return
        wait = self._chats[message.chat.channel].admit(message.chat.key, self._now())
        if wait > 0:
            raise TooManyAnswers("too many answers within a minute in this group", wait)

    async def refuse(self, message: Message, language: Language) -> str | None:
        """Count one question of its author's; None: it may be asked. Else what to say instead.

        Admins may always. A message that is worked again after a crash counts once in its day.
        """
        conversation = self._conversations[message.chat.channel]
        if conversation.rules.is_admin(message):
            return None
        wait = self._people[message.chat.channel].admit(person(message), self._now())
        if wait > 0:
            return Sentence.TOO_FAST.say(language, seconds=math.ceil(wait))
        until = await self._store.admit(message, conversation.limits)
        if until is None:
            return None
        return Sentence.QUOTA_USED.say(language, until=clock(until, self._store.zone))
