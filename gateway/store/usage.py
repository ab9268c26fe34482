"""What was used: answers, tokens and their cost by day, channel, chat, sender and model."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from gateway.message import Message

By = Literal["day", "user", "chat", "model", "channel"]

_NAMES: Mapping[By, str] = {
    "day": "day",
    "user": "channel || ':' || sender",
    "chat": "chat",
    "model": "model",
    "channel": "channel",
}


@dataclass(frozen=True, slots=True)
class Spent:
    """What one answer cost: tokens, and `cost` in whole units of `currency` (1.0 is one dollar)."""

    model: str
    prompt_tokens: int
    completion_tokens: int
    cost: float = 0.0
    currency: str = "USD"

    @property
    def tokens(self) -> int:
        """All of them."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(slots=True)
class Total:
    """What was used in all by what `name` stands for. `costs`: by currency, without those that are 0."""

    name: str = ""
    answers: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    costs: dict[str, float] = field(default_factory=dict)

    @property
    def tokens(self) -> int:
        """All of them."""
        return self.prompt_tokens + self.completion_tokens

    def add(self, other: Total) -> None:
        """Count what *other* used as well."""
        self.answers += other.answers
        self.prompt_tokens += other.prompt_tokens
        self.completion_tokens += other.completion_tokens
        for currency, cost in other.costs.items():
            self.costs[currency] = self.costs.get(currency, 0.0) + cost


def add(connection: sqlite3.Connection, message: Message, spent: Spent, day: str) -> None:
    """Count one answer, on the account of *day*."""
    connection.execute(
        """INSERT INTO usage (day, channel, chat, sender, model, currency,
                              answers, prompt_tokens, completion_tokens, cost)
           VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?) ON CONFLICT DO UPDATE SET
           answers = answers + 1,
           prompt_tokens = prompt_tokens + excluded.prompt_tokens,
           completion_tokens = completion_tokens + excluded.completion_tokens,
           cost = cost + excluded.cost""",
        (
            day,
            message.chat.channel,
            message.chat.key,
            message.sender.id,
            spent.model,
            spent.currency,
            spent.prompt_tokens,
            spent.completion_tokens,
            spent.cost,
        ),
    )


def totals(connection: sqlite3.Connection, by: By, since: str) -> list[Total]:
    """What each *by* used from day *since* on; days in their order, others by their tokens."""
    found = _sum(connection, _NAMES[by], "day >= ?", (since,))
    if by != "day":
        found.sort(key=lambda total: -total.tokens)
    return found


def of_person(connection: sqlite3.Connection, channel: str, sender: str, since: str) -> Total:
    """What one person used from day *since* on, in all chats."""
    return _one(
        _sum(connection, "sender", "channel = ? AND sender = ? AND day >= ?", (channel, sender, since))
    )


def of_chat(connection: sqlite3.Connection, chat: str) -> Total:
    """What was used in the chat with key *chat*, ever."""
    return _one(_sum(connection, "chat", "chat = ?", (chat,)))


def _one(found: list[Total]) -> Total:
    return found[0] if found else Total()


def _sum(connection: sqlite3.Connection, name: str, where: str, values: tuple[str, ...]) -> list[Total]:
    rows = connection.execute(
        f"""SELECT {name} AS name, currency,
                   sum(answers), sum(prompt_tokens), sum(completion_tokens), sum(cost)
            FROM usage WHERE {where} GROUP BY 1, 2 ORDER BY 1, 2""",  # noqa: S608 - constants of this file
        values,
    )
    found: dict[str, Total] = {}
    for key, currency, answers, prompt_tokens, completion_tokens, cost in rows:
        costs = {currency: cost} if cost else {}
        total = found.setdefault(key, Total(key))
        total.add(Total(key, answers, prompt_tokens, completion_tokens, costs))
    return list(found.values())
