"""The questions that people, operators and adapters ask of the database."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from gateway import calendar
from gateway.limits import person
from gateway.message import Message, Said
from gateway.store import answers, channels, history, quota, settings, state, usage
from gateway.store.channels import Status
from gateway.store.database import Database
from gateway.store.quota import Counted
from gateway.store.usage import Total


@dataclass(frozen=True, slots=True)
class Overview:
    """What an operator asks first: the channels, and today's usage by model."""

    channels: Sequence[Status]
    today: Sequence[Total]


@dataclass(frozen=True, slots=True)
class Account:
    """What a person has used today and this month in all chats, and what was ever used in this one.

    `counted` is what stands against today's quota, until the moment `until` (seconds since 1970).
    """

    today: Total
    month: Total
    chat: Total
    counted: Counted
    until: float


class Archive:
    """What is kept about chats, people and channels. Every method raises `StoreError`.

    Days begin at midnight in *zone*; None = the system's.
    """

    def __init__(self, database: Database, zone: tzinfo | None = None) -> None:
        self._database = database
        self.zone = zone

    async def clear(self, session: str, chat: str) -> None:
        """Begin a context anew."""
        await self._database.run(lambda connection: history.clear(connection, session, chat))

    async def set(self, chat: str, key: str, value: str | None) -> None:
        """Set *key* in the chat with key *chat*; None takes the setting back."""
        await self._database.run(lambda connection: settings.save(connection, chat, key, value))

    async def forget(self, chat: str) -> None:
        """Delete everything that is kept about the chat with key *chat*, but what the day's quotas count."""
        await self._database.run(lambda connection: history.forget_chat(connection, chat))

    async def transcript(self, chat: str, *, waiting: bool = True) -> list[Said]:
        """What was said in the chat with key *chat*, oldest first; *waiting*: also what has no answer yet."""
        return await self._database.run(
            lambda connection: history.transcript(connection, chat, waiting=waiting)
        )

    async def awaited(self, chat: str, messages: Collection[str]) -> Collection[str]:
        """Those of *messages*, ids in the chat with key *chat*, of which not all is said and done."""
        return await self._database.run(lambda connection: answers.awaited(connection, chat, messages))

    async def account(self, message: Message) -> Account:
        """What the author of *message* has used, and its chat."""
        now = time.time()
        today = calendar.day(now, self.zone)
        month = f"{today[:-2]}01"
        channel, sender = message.chat.channel, message.sender.id

        def work(connection: sqlite3.Connection) -> Account:
            return Account(
                usage.of_person(connection, channel, sender, today),
                usage.of_person(connection, channel, sender, month),
                usage.of_chat(connection, message.chat.key),
                quota.load(connection, person(message), today),
                calendar.midnight_after(now, self.zone),
            )

        return await self._database.run(work)

    async def overview(self) -> Overview:
        """How the channels are, and what was used today."""
        today = calendar.day(time.time(), self.zone)

        def work(connection: sqlite3.Connection) -> Overview:
            known = channels.load(connection).values()
            return Overview(list(known), usage.totals(connection, "model", today))

        return await self._database.run(work)

    async def load_state(self, channel: str, key: str) -> str | None:
        """A small durable value of a channel's."""
        return await self._database.run(lambda connection: state.load(connection, channel, key))

    async def save_state(self, channel: str, key: str, value: str) -> None:
        """Keep a small value of a channel's."""
        await self._database.run(lambda connection: state.save(connection, channel, key, value))
