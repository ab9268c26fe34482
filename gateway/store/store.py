"""The questions that the work on a message asks of the database."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from gateway import calendar
from gateway.access import session_key
from gateway.limits import Limits
from gateway.message import Message
from gateway.session import Summary, Turn
from gateway.store import answers, history, quota, settings, summaries, talk, usage
from gateway.store.answers import Answer
from gateway.store.database import Database
from gateway.store.history import Exchange, StoredExchange
from gateway.store.usage import Spent


@dataclass(frozen=True, slots=True)
class Record:
    """What is known when the work on a message begins.

    `answer`: it was decided on already, before a crash. `receipts`: the messages that an answer belongs in
    already. `session` names the context; `exchanges` are the newest of it, oldest first, after what `summary`
    tells. `earlier`: what the message, which corrects another, was answered before. `settings` are the
    chat's, `talk` what was said beside us.
    """

    session: str
    answer: Answer | None = None
    receipts: tuple[str, ...] = ()
    exchanges: Sequence[StoredExchange] = ()
    summary: Summary | None = None
    earlier: StoredExchange | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    talk: Sequence[str] = ()

    def turns(self, before: int | None = None) -> list[Turn]:
        """The context turn by turn, oldest first; only what was said before exchange *before*, if given."""
        kept = [entry for entry in self.exchanges if before is None or entry.id < before]
        return [turn for entry in kept for turn in (entry.question, entry.answer)]


class Store:
    """What the work on a message asks of the database. Every method raises `StoreError`.

    Days begin at midnight in *zone*; None = the system's.
    """

    def __init__(self, database: Database, zone: tzinfo | None = None) -> None:
        self._database = database
        self.zone = zone

    async def open(
        self,
        message: Message,
        context: str = "chat",
        *,
        silence: float = 0.0,
        summarised: bool = False,
        recent: int = 0,
    ) -> Record:
        """What is known about *message* and its context.

        *context*: "chat" or "member", where the chat has set nothing else. *silence*: for how many seconds
        ends a conversation, 0 = none does; see `load_exchanges`. *summarised*: the summary stands for what
        it tells of. *recent*: how much is wanted of what was said beside us.
        """
        chat = message.chat.key

        def work(connection: sqlite3.Connection) -> Record:
            known = settings.load(connection, chat)
            session = session_key(message.chat, message.sender.id, known.get("context", context))
            answer, receipts = answers.load(connection, message)
            if answer is not None:
                return Record(session, answer, receipts, settings=known)
            called = history.current(connection, chat, session)
            summary = summaries.load(connection, called) if summarised else None
            return Record(
                session,
                None,
                receipts,
                history.load_exchanges(connection, called, summary.upto if summary else 0, silence),
                summary,
                history.find(connection, chat, message.root) if message.edit_of else None,
                known,
                talk.load(connection, chat, recent) if recent else (),
            )

        return await self._database.run(work)

    async def overhear(self, message: Message, keep: int) -> None:
        """Remember what was said beside us, as one of the newest *keep* of its chat."""
        await self._database.run(lambda connection: talk.add(connection, message, keep))

    async def commit(
        self, message: Message, answer: Answer, exchange: Exchange | None = None, spent: Spent | None = None
    ) -> None:
        """Keep an answer with its exchange and what it cost, all or nothing.

        Of what was recalled meanwhile only the cost is kept.
        """
        today = calendar.day(time.time(), self.zone)

        def work(connection: sqlite3.Connection) -> None:
            if not answers.is_settled(connection, message):
                answers.save(connection, message, answer)
                if exchange is not None:
                    history.add(connection, message, exchange)
            if spent is not None:
                _book(connection, message, spent, today)

        await self._database.run(work)

    async def book(self, message: Message, spent: Spent) -> None:
        """Count what was spent beside the answer, on the account of the author of *message*."""
        today = calendar.day(time.time(), self.zone)

        await self._database.run(lambda connection: _book(connection, message, spent, today))

    async def admit(self, message: Message, limits: Limits) -> float | None:
        """Count *message*, which has no answer yet, on its author's account of today; None: it may be asked.

        Counted once, however often it is admitted. Else, the moment when the quota begins anew, in seconds
        since 1970, and nothing is counted.
        """
        if not limits.daily:
            return None
        now = time.time()
        today = calendar.day(now, self.zone)
        admitted = await self._database.run(
            lambda connection: quota.admit(connection, message, today, limits)
        )
        return None if admitted else calendar.midnight_after(now, self.zone)

    async def keep_sent(self, message: Message, sent: int, receipts: Sequence[str]) -> None:
        """Keep how many pieces of the answer the platform has, and what it calls them."""
        await self._database.run(lambda connection: answers.save_sent(connection, message, sent, receipts))

    async def doubt(self, message: Message) -> None:
        """Keep that nobody knows whether the platform has the next piece of the answer."""
        await self._database.run(lambda connection: answers.doubt(connection, message))

    async def keep_receipt(self, message: Message, receipt: str) -> None:
        """Keep which message shows the answer growing."""
        await self._database.run(lambda connection: answers.save_receipt(connection, message, receipt))


def _book(connection: sqlite3.Connection, message: Message, spent: Spent, day: str) -> None:
    usage.add(connection, message, spent, day)
    quota.spend(connection, message, spent.tokens)
