"""What moderation finds in a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gateway.texts import Sentence

Subject = Literal["question", "answer"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a question or an answer is refused.

    `kind`: it holds an "entry" of the word list, the endpoint puts it in a "category", or it could not be
    judged ("unjudged"). `reason` says which, or why; it is for the log, not for the person.
    """

    subject: Subject
    kind: Literal["entry", "category", "unjudged"]
    reason: str

    @property
    def sentence(self) -> Sentence:
        """What to tell the person."""
        if self.kind == "unjudged":
            return Sentence.UNJUDGED
        return Sentence.FORBIDDEN_QUESTION if self.subject == "question" else Sentence.FORBIDDEN_ANSWER


class Forbidden(Exception):
    """Ends an answer in which something forbidden was found."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(f"{finding.kind}: {finding.reason}")
        self.finding = finding
