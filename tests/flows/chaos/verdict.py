"""Whether the promises held in a run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.wechat_official.wording import Words
from gateway.inbox.deadletters import DeadLetter
from gateway.texts import Sentence
from tests.flows.chaos.answering import NOTHING, Model, Word, asked, words
from tests.flows.chaos.stages import Stage

_APOLOGY = re.compile(r"(?:error|错误编号) ([0-9a-f]{8})")
# A view of an answer that grows may be there, which the answer then comes below.
_BEGUN = "the beginning of the answer may be there"
_UNCONFIRMED = Sentence.UNCONFIRMED.value
_ASIDE = (*_UNCONFIRMED, NOTHING, *(said.strip() for known in Words for said in known.value))


@dataclass(slots=True, eq=False)
class Talk:
    """One chat of a run: what was asked in it, by the platform's ids."""

    number: int
    stage: Stage
    chat: Any
    ids: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Verdict:
    """What came of a run. `wrong`: every promise that was not kept; none is what is hoped for.

    `kills` and `stops`: how often the gateway was ended with SIGKILL, and with SIGTERM. `refused`: what the
    platform told people that it did not get through; `fetching`: what was taken for a wish to see more;
    `missed`: what another program on the account got.
    """

    seed: int
    kills: int = 0
    stops: int = 0
    questions: int = 0
    answered: int = 0
    excused: int = 0
    dead: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    fetching: int = 0
    missed: int = 0
    repeated: int = 0
    wrong: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        dead = ", ".join(f"{count} {why}" for why, count in self.dead.items()) or "none"
        return (
            f"seed {self.seed}: {self.questions} questions, {self.answered} answered, "
            f"{self.excused} excused, dead: {dead}, {self.refused} not accepted, {self.fetching} fetched, "
            f"{self.missed} missed; "
            f"{self.kills} kills, {self.stops} stops, {self.repeated} pieces repeated"
        )

    @property
    def ends(self) -> int:
        """How often a piece may have been on its way when the gateway ended, and be shown twice."""
        return self.kills + self.stops


class Judge:
    """Looks at what was said, what is shown, and what the gateway tells an operator.

    `kept`: channel and id of the messages that the gateway made durable.
    """

    def __init__(
        self,
        verdict: Verdict,
        model: Model,
        kept: Collection[tuple[str, str]],
        letters: Iterable[DeadLetter],
        log: Sequence[Mapping[str, str]],
    ) -> None:
        self.verdict = verdict
        self._model = model
        self._kept = kept
        self._letters = {
            found: letter for letter in letters if letter.message and (found := asked(letter.message.text))
        }
        self._errors = {
            line["text"].split()[1].rstrip(":"): line for line in log if line["text"].startswith("error ")
        }
        self._begun = sum(line["text"].startswith(_BEGUN) for line in log)

    def judge(self, talk: Talk) -> None:
        """One chat."""
        texts = talk.stage.shown(talk.chat)
        found = [words(text) for text in texts]
        self._see_that_it_is_ours(talk, texts, found)
        excused = self._excuses(talk, texts)
        repeated = self._repeats(found) + sum(count - 1 for count in excused.values())
        self.verdict.repeated += repeated
        if repeated > self.verdict.ends + self._begun:
            self._wrong(talk, f"{repeated} pieces twice")
        for number, id in enumerate(talk.ids):
            seen = {word.number for piece in found for word in piece if word.question == number}
            self._see_that_it_is_answered(talk, number, id, seen, id in excused)
        order = [word.question for text in talk.stage.sequence(talk.chat) for word in words(text)]
        self._see_the_order(talk, order)

    def _see_that_it_is_ours(self, talk: Talk, texts: Sequence[str], found: Sequence[Sequence[Word]]) -> None:
        for text, piece in zip(texts, found, strict=True):
            if any(word.chat != talk.number for word in piece):
                self._wrong(talk, f"words of another chat: {text[:80]!r}")
            if not piece and not _APOLOGY.search(text) and not any(known in text for known in _ASIDE):
                self._wrong(talk, f"nobody expects {text[:80]!r}")
        told = sum(any(known in text for known in _UNCONFIRMED) for text in texts)
        unknown = sum(chat == talk.number for chat, _ in self._letters)
        if told > unknown + self.verdict.ends:
            self._wrong(talk, f"told {told} times that an answer may be missing, of which {unknown} are")

    def _excuses(self, talk: Talk, texts: Sequence[str]) -> Counter[str]:
        """How often the chat was told that a question cannot be answered, by the question's id."""
        found: Counter[str] = Counter()
        for text in texts:
            found.update(self._excused(text))
        for id in [id for text in talk.stage.passing(talk.chat) for id in self._excused(text)]:
            found[id] = found[id] or 1
        return found

    def _excused(self, text: str) -> list[str]:
        apologies = (self._errors.get(id) for id in _APOLOGY.findall(text))
        return [line.get("message", "") for line in apologies if line is not None]

    def _repeats(self, found: Sequence[Sequence[Word]]) -> int:
        seen: set[Word] = set()
        count = 0
        for piece in found:
            count += any(word in seen for word in piece)
            seen.update(piece)
        return count

    def _see_that_it_is_answered(
        self, talk: Talk, number: int, id: str, seen: Collection[int], excused: bool
    ) -> None:
        verdict, name = self.verdict, f"question {talk.number}.{number}"
        whole = len(seen) == self._model.length(talk.number, number)
        letter = self._letters.get((talk.number, number))
        verdict.questions += 1
        verdict.answered += whole
        verdict.excused += excused and not whole
        if letter is not None:
            verdict.dead[letter.error.partition(":")[0]] += 1
            if not letter.error:
                self._wrong(talk, f"{name} is a dead letter without a reason")
        elif not whole and not excused:
            kept = (talk.stage.name, id) in self._kept
            if not kept and talk.stage.fetched(id):
                verdict.fetching += 1
            elif not kept and talk.stage.missed(id):
                verdict.missed += 1
            elif talk.stage.accepted(id):
                self._wrong(talk, f"{name} ({id}) is lost: {len(seen)} words of its answer are there")
            else:
                verdict.refused += 1

    def _see_the_order(self, talk: Talk, questions: Iterable[int]) -> None:
        first = [number for number in dict.fromkeys(questions) if talk.stage.straight(talk.ids[number])]
        if first != sorted(first):
            self._wrong(talk, f"answers in the order {first}")

    def _wrong(self, talk: Talk, what: str) -> None:
        self.verdict.wrong.append(f"{talk.stage.kind}, chat {talk.number}: {what}")
