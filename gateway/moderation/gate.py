"""What lets a growing answer through only as far as nothing forbidden can be in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from gateway.moderation.folding import settle, solid, spell
from gateway.moderation.words import WordList

Show = Callable[[str], Awaitable[None]]

# The first characters, and every half as many again, are worth a request: an answer of 2,000 characters is
# judged nine times on its way.
_FIRST_STEP = 100


class Sieve:
    """Follows a growing text and tells how much of it can no longer become part of an entry.

    What it costs is in proportion to what is added, whatever is held back.
    """

    def __init__(self, words: WordList) -> None:
        self._words = words
        self._before = ""  # the last folded character that was let through
        self._held = ""  # folded, after it
        self._origins: list[int] = []  # where in the text each character of it came from, spaces left out
        self._length = 0

    def feed(self, piece: str) -> tuple[str | None, int]:
        """Take what follows. Returns the entry that is in the text, or None; and up to where it is clear."""
        for index, character in enumerate(piece, self._length):
            self._origins.extend([index] * solid(character))
        self._length += len(piece)
        folded = settle(self._held + spell(piece))
        scan = self._words.scan(folded, self._before, final=False)
        if scan.entry is not None:
            return scan.entry, 0
        self._held = folded[scan.open :]
        self._before = folded[scan.open - 1] if scan.open else self._before
        kept = len(self._held) - self._held.count(" ")
        del self._origins[: len(self._origins) - kept]
        return None, self._origins[0] if self._origins else self._length


class Gate:
    """Called with the whole text so far, as `Models.answer` does; calls *show* with what may be seen of it.

    *found* is told the entry of *words* that is complete and raises to end the answer. *allows* says
    whether a text may be shown, in steps that grow; only what it allowed is.
    """

    def __init__(
        self,
        show: Show,
        words: WordList | None,
        found: Callable[[str], None],
        allows: Callable[[str], Awaitable[bool]] | None,
    ) -> None:
        self._show = show
        self._words = words
        self._found = found
        self._allows = allows
        self._text = ""
        self._shown = 0
        self._begin()

    async def __call__(self, text: str) -> None:
        """Take the text so far; less of it than before where another try began."""
        if not text.startswith(self._text):
            shown = self._shown
            self._begin()
            if shown:
                await self._show("")
        clear = self._clear(text)
        if clear > self._shown and await self._allowed(text[:clear]):
            self._shown = clear
            await self._show(text[:clear])

    def _begin(self) -> None:
        self._text = ""
        self._sieve = Sieve(self._words) if self._words is not None else None
        self._shown = 0
        self._next = _FIRST_STEP

    def _clear(self, text: str) -> int:
        piece, self._text = text[len(self._text) :], text
        if self._sieve is None:
            return len(text)
        entry, clear = self._sieve.feed(piece)
        if entry is not None:
            self._found(entry)
        return clear

    async def _allowed(self, text: str) -> bool:
        if self._allows is None:
            return True
        if len(text) < self._next:
            return False
        self._next = len(text) + max(_FIRST_STEP, len(text) // 2)
        return await self._allows(text)
