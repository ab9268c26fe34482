"""Keeping a model's reasoning out of its answer."""

from __future__ import annotations

import re

_OPEN = re.compile("<think(?:ing)?>", re.IGNORECASE)
_CLOSE = re.compile("</think(?:ing)?>", re.IGNORECASE)
# What the scanner stops at: tags, code marks, line ends.
_MARK = re.compile(r"</?think(?:ing)?>|`+|~{3,}|\n", re.IGNORECASE)
# What may become a tag when more text comes.
_BEGUN = re.compile(r"</?[a-z]{0,8}\Z", re.IGNORECASE)
_LONGEST_BEGUN = 10  # characters of that
# What is in no mark, not even in the beginning of one.
_PLAIN = re.compile(r"[^<`~\n]+")
_BLANK_LINE = re.compile(r"[ \t\r]*(\n|\Z)")


class ThinkFilter:
    """Takes an answer piece by piece and holds what of it is meant for people.

    ``<think>…</think>`` (or ``<thinking>``) is dropped wherever it is not code. One that never closes is
    dropped where the answer begins with it, and is text otherwise: somebody writes about the tag. A
    ``</think>`` without an opening is dropped at the beginning; on a line of its own it says that all
    before it was reasoning, which chat templates that open the tag themselves leave behind. The result does
    not depend on how the answer was cut into pieces.
    """

    def __init__(self) -> None:
        self._shown = ""
        self._new: list[str] = []  # what comes behind that
        self._says = False  # something that can be seen is shown, or is in `_new`
        self._rest = ""  # what came and is not read to its end yet
        self._at = self._end = 0  # in the rest: how far it is read, and where what is not decided begins
        self._hidden = ""  # the open tag and what follows it, while inside
        self._tagged = False  # a tag was taken for one: a later closing tag alone is text
        self._code = _Code()

    @property
    def text(self) -> str:
        """The answer so far. It grows, except when a ``</think>`` tells that it was reasoning."""
        return self._shown

    def feed(self, piece: str) -> bool:
        """Take the next piece; True where `text` changed."""
        before = self._shown
        if self._rest or self._hidden or not _PLAIN.fullmatch(piece):
            self._rest += piece
            self._scan(final=False)
        else:  # most pieces by far
            self._show(piece)
            self._settle()
        return self._shown != before

    def finish(self) -> str:
        """The whole answer: nothing more comes."""
        self._scan(final=True)
        if self._hidden and self._shown:
            self._shown += self._hidden
        self._hidden = ""
        self._shown = self._shown.rstrip()
        return self._shown

    def _scan(self, final: bool) -> None:
        self._at, self._end = 0, len(self._rest) - (0 if final else _undecided_signs(self._rest))
        while self._at < len(self._rest):
            step = self._leave() if self._hidden else self._step(final)
            if not step:
                break
        self._rest = self._rest[self._at :]
        self._settle()

    def _settle(self) -> None:
        self._shown += "".join(self._new)
        self._new.clear()

    def _leave(self) -> bool:
        """Inside the reasoning: look for its end. False where more text is needed."""
        end = _CLOSE.search(self._rest, self._at)
        if end is None:
            self._hidden += self._rest[self._at : self._end]
            self._at = max(self._at, self._end)
            return False
        self._at = end.end()
        self._hidden = ""
        return True

    def _step(self, final: bool) -> bool:
        """Outside: show what comes before the next mark, and act on it. False where more is needed."""
        mark = _MARK.search(self._rest, self._at)
        if mark is None or mark.start() >= self._end:
            self._show(self._rest[self._at : self._end])
            self._at = max(self._at, self._end)
            return False
        self._show(self._rest[self._at : mark.start()])
        self._at = mark.start()
        return self._act(mark.group(), final)

    def _act(self, mark: str, final: bool) -> bool:
        """Hide from an opening tag on, drop a lone closing tag, show other marks. False: more is needed."""
        tag = mark[0] == "<" and not self._code
        if tag and _OPEN.fullmatch(mark):
            self._hidden = mark
            self._tagged = True
        elif not tag or not self._close(mark, final):
            if tag and self._undecided(mark, final):
                return False
            self._show(mark)
        self._at += len(mark)
        return True

    def _undecided(self, mark: str, final: bool) -> bool:
        """Whether it takes more text to know if *mark* stands on a line of its own."""
        if final or self._tagged or not self._code.line_start:
            return False
        blank = _BLANK_LINE.match(self._rest, self._at + len(mark))
        return blank is not None and not blank.group(1)

    def _close(self, mark: str, final: bool) -> bool:
        """Drop a ``</think>`` that nothing opened, where it is one; False where it is text."""
        if not self._says:
            return True
        if self._tagged or not self._code.line_start or self._undecided(mark, final):
            return False
        if _BLANK_LINE.match(self._rest, self._at + len(mark)) is None:
            return False
        self._shown = ""
        self._new.clear()
        self._says = False
        self._tagged = True
        return True

    def _show(self, text: str) -> None:
        if text:
            self._code.follow(text)
            self._new.append(text if self._says else text.lstrip())
            self._says = self._says or not text.isspace()


def _undecided_signs(text: str) -> int:
    """How many characters at the end of *text* may become a mark, or a longer one, when more text comes."""
    if text.endswith(("`", "~")):
        return len(text) - len(text.rstrip(text[-1]))
    begun = _BEGUN.search(text, max(0, len(text) - _LONGEST_BEGUN))
    return len(text) - begun.start() if begun else 0


class _Code:
    """Where in Markdown we are: true inside a fenced block or a code span."""

    def __init__(self) -> None:
        self.line_start = True
        self._fence = ""
        self._span = 0

    def __bool__(self) -> bool:
        return bool(self._fence or self._span)

    def follow(self, text: str) -> None:
        """Take the next stretch: a mark alone, or text without any."""
        if text == "\n":
            self.line_start = True
            self._span = 0
            return
        if text[0] == "`" or text.startswith("~~~"):
            self._run(text)
        if not text.isspace():
            self.line_start = False

    def _run(self, run: str) -> None:
        """Take a *run* of backticks or tildes, which may open or close a fence or a span."""
        if self._fence:
            # Not only at the start of a line: what seemed a fence may have been a span of three backticks.
            if run[0] == self._fence[0] and len(run) >= len(self._fence):
                self._fence = ""
        elif self.line_start and len(run) >= 3:
            self._fence = run
        elif run[0] == "`":
            if not self._span:
                self._span = len(run)
            elif self._span == len(run):
                self._span = 0
