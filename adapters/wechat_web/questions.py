"""Who asked what lately: an answer in a group calls the person, and may repeat the question."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from gateway import Message

_MOST = 10_000
_LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class Question:
    """Who asked, by name, and the beginning of what."""

    name: str = ""
    text: str = ""


class Questions:
    """The newest messages of groups, in memory: after a restart, answers do not repeat them."""

    def __init__(self) -> None:
        self._questions: OrderedDict[str, Question] = OrderedDict()

    def note(self, message: Message) -> None:
        """Keep what *message* says; whether it asks us is not for us to know."""
        if message.chat.kind != "group":
            return
        self._questions[message.id] = Question(message.sender.name, message.text[:_LONGEST_TEXT])
        if len(self._questions) > _MOST:
            self._questions.popitem(last=False)

    def find(self, id: str | None) -> Question:
        """The question with this message id, as far as it is known."""
        return self._questions.get(id or "", Question())
