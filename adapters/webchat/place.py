"""Which conversation of which visitor."""

from __future__ import annotations

from typing import NamedTuple, Self

from gateway import Chat


class Place(NamedTuple):
    """A conversation: its id says nothing without the visitor whom it belongs to."""

    visitor: str
    conversation: str

    @classmethod
    def of(cls, chat: Chat) -> Self | None:
        """The place that `chat` gave; None for a chat of something else."""
        visitor, dot, conversation = chat.id.partition(".")
        return cls(visitor, conversation) if dot else None

    def chat(self, channel: str) -> Chat:
        """As the gateway knows it. Neither id has a dot in it."""
        return Chat(channel, f"{self.visitor}.{self.conversation}")
