"""Questions to somebody at a terminal, in their language, each asked until the answer can be used."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from gateway.texts import Language

Words = tuple[str, str]
"""A text in English and in Chinese."""

Ask = Callable[[str, bool], str]
"""Shows a question and returns what is typed, which nobody sees where True.

Raises `EOFError` at the end of the input, `UnicodeDecodeError` for what is no text.
"""

Tell = Callable[[str], None]
"""Shows a line."""

_YES, _NO = {"y", "yes", "是", "好", "对"}, {"n", "no", "否", "不"}
_YES_OR_NO: Words = ("Please answer y or n.", "请输入 y 或 n。")
_GARBLED: Words = (
    "There are characters in this that cannot be read; please type it again.",
    "输入中有无法识别的字符，请重新输入。",
)
_NUMBER: Words = ("Number", "请输入编号")
_NUMBERS: Words = ("Numbers", "请输入编号")
_ONE_OF_THEM: Words = ("Please type one of the numbers.", "请输入列出的编号。")
_SOME_OF_THEM: Words = ("Please type some of the numbers, as in: 1 3", "请输入列出的编号，例如：1 3")


class Dialogue:
    """Asks and tells in one *language*."""

    def __init__(self, ask: Ask, tell: Tell, language: Language) -> None:
        self._ask = ask
        self._tell = tell
        self._language = language

    def text(self, words: Words, **facts: object) -> str:
        """*words* in our language, with *facts* put in."""
        return words[self._language == "zh"].format(**facts)

    def tell(self, words: Words, **facts: object) -> None:
        """Say *words*."""
        self._tell(self.text(words, **facts))

    def begin(self, words: Words, **facts: object) -> None:
        """Say *words* below an empty line."""
        self._tell(f"\n{self.text(words, **facts)}")

    def ask(
        self,
        question: Words,
        complaint: Words,
        usable: Callable[[str], object],
        *,
        default: str | None = None,
        hidden: bool = False,
    ) -> str:
        """What is typed, once it is *usable*; *default* where nothing is. Raises `EOFError`."""
        shown = f" [{default}]" if default else ""
        prompt = f"{self.text(question)}{shown}{self.text((': ', '：'))}"
        while True:
            answer = self._typed(prompt, hidden)
            if not answer and default is not None:
                return default
            if usable(answer):
                return answer
            self.tell(complaint)

    def agrees(self, question: Words, *, default: bool, **facts: object) -> bool:
        """Yes or no. Raises `EOFError`."""
        prompt = f"{self.text(question, **facts)} {'[Y/n]' if default else '[y/N]'} "
        while (answer := self._typed(prompt, hidden=False).lower()) not in _YES | _NO:
            if not answer:
                return default
            self.tell(_YES_OR_NO)
        return answer in _YES

    def choose(self, question: Words, labels: Sequence[str], default: int) -> int:
        """The index in *labels* of what is chosen. Raises `EOFError`."""
        self._list(question, labels)
        typed = self.ask(
            _NUMBER, _ONE_OF_THEM, lambda typed: len(_chosen(typed, labels)) == 1, default=str(default + 1)
        )
        return _chosen(typed, labels)[0]

    def choose_some(self, question: Words, labels: Sequence[str], default: int) -> list[int]:
        """The indexes in *labels* of what is chosen, in their order. Raises `EOFError`."""
        self._list(question, labels)
        typed = self.ask(
            _NUMBERS, _SOME_OF_THEM, lambda typed: _chosen(typed, labels), default=str(default + 1)
        )
        return _chosen(typed, labels)

    def _list(self, question: Words, labels: Sequence[str]) -> None:
        self.begin(question)
        for number, label in enumerate(labels, 1):
            self._tell(f"  {number}  {label}")

    def _typed(self, prompt: str, hidden: bool) -> str:
        """What is typed and can be read: a key of the keyboard that is no letter leaves signs of its own."""
        while True:
            try:
                answer = self._ask(prompt, hidden).strip()
            except UnicodeDecodeError:
                answer = "\0"
            if answer.isprintable():
                return answer
            self.tell(_GARBLED)


def _chosen(typed: str, labels: Sequence[str]) -> list[int]:
    """The indexes that are meant by numbers with spaces or commas between them; none where one is wrong."""
    words = re.split(r"[\s,、;]+", unicodedata.normalize("NFKC", typed).strip(" ,、;"))
    numbers = {word: number for number, word in enumerate(map(str, range(1, len(labels) + 1)))}
    return sorted({numbers[word] for word in words}) if numbers.keys() >= set(words) else []
