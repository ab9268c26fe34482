"""Who asked what lately: an answer in a group calls the person, and may repeat the question."""

from __future__ import annotations

from dataclasses import dataclass

from gateway import Message
from gateway.newest import Newest

# Messages that are remembered, and characters of each.
_MOST, _LONGEST_TEXT = 10_000, 200


@dataclass(frozen=True, slots=True)
class Question:
    """Who asked, by name, and the beginning of what."""

    name: str = ""
    text: str = ""


class Questions:
    """The newest messages of groups, in memory: after a restart, answers do not repeat them."""

    def __init__(self) -> None:
        self._questions: Newest[str, Question] = Newest(_MOST)

    def note(self, message: Message) -> None:
        """Keep what *message* says; whether it asks us is not for us to know."""
        if message.chat.kind != "group":
            return
        self._questions[message.id] = Question(message.sender.name, message.text[:_LONGEST_TEXT])

    def find(self, id: str | None) -> Question:
        """The question with this message id, as far as it is known."""
        return self._questions.get(id or "", Question())
