"""A list of forbidden words and phrases, and finding them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from gateway.errors import ConfigError
from gateway.moderation.folding import ends_itself, fold, in_word, is_mark

# Accents that a character may have and still be waited for; Unicode's stream-safe form has no more.
_MOST_MARKS = 30


class _Node(dict[str, "_Node"]):
    """What may follow in a folded text; `entry` is the one that ends here, as it stands in the list.

    Measured with 10,000 entries, 10,000 characters take 2 to 4 ms so. The C library for Aho-Corasick takes 4
    (its nodes search their children one by one, and Chinese has thousands of those at the root), one regular
    expression 120, and 57 in the form of such a tree.
    """

    __slots__ = ("entry",)

    def __init__(self) -> None:
        super().__init__()
        self.entry: str | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """What a folded text holds: an `entry`, or None; and from which index on what follows decides."""

    entry: str | None
    open: int


class WordList:
    """Entries, found however they are written.

    An entry that begins or ends with a letter of a script with spaces is found as a whole word there, one of
    Chinese characters anywhere. Entries without anything to be seen are left out.
    """

    def __init__(self, entries: Iterable[str]) -> None:
        self._root = _Node()
        self.count = 0
        for entry in entries:
            self._add(entry)

    def find(self, text: str) -> str | None:
        """The first entry that *text* holds, as it stands in the list; None where it holds none."""
        return self.scan(fold(text), "", final=True).entry

    def scan(self, folded: str, before: str, *, final: bool) -> Scan:
        """Look through *folded*, which stands after the folded character *before* ("" = nothing).

        Where it is not *final*, more may follow: an entry at its end counts only if nothing could make
        something else of it.
        """
        end = len(folded.rstrip(" "))
        last = len(folded) if final else _last_cluster(folded, end)
        inside: dict[int, int] = {}
        root, previous = self._root, before
        for start, character in enumerate(folded):
            node = root.get(character)
            if node is not None and not (previous and in_word(character) and in_word(previous)):
                scan = _walk(node, folded, start, None if final else end, inside)
                if scan is not None and scan.entry is not None:
                    return scan
                if scan is not None:
                    last = min(last, start)
            previous = character
        while last in inside:
            # Cut there, a longer word would look like the entry that it begins with.
            last = inside[last]
        return Scan(None, last)

    def _add(self, entry: str) -> None:
        folded = fold(entry).strip(" ")
        node = self._root
        for character in folded:
            node = node.setdefault(character, _Node())
        if folded and node.entry is None:
            node.entry = entry.strip()
            self.count += 1


def _walk(
    node: _Node | None, folded: str, start: int, end: int | None, inside: dict[int, int]
) -> Scan | None:
    """Follow the entries that begin at *start*; more may follow after *end*, where only spaces are left.

    None where none is there and none can be. Notes in *inside*, end to beginning, entries that are only part
    of a longer word.
    """
    position = start + 1
    while node is not None:
        if node.entry is not None:
            if _ended(folded, position, final=end is None):
                return Scan(node.entry, start)
            inside.setdefault(position, start)
        if end is not None and position >= end:
            return Scan(None, start)
        if position == len(folded):
            break
        node = node.get(folded[position])
        position += 1
    return None


def _ended(folded: str, position: int, *, final: bool) -> bool:
    """True where a word that ends before *position* is not part of a longer one."""
    last = folded[position - 1]
    if position == len(folded):
        return final or ends_itself(last)
    following = folded[position]
    return not is_mark(following) and not (in_word(last) and in_word(following))


def _last_cluster(folded: str, end: int) -> int:
    """Where a character begins that more accents may still follow; the end where none has begun."""
    marks = sum(1 for _ in takewhile(is_mark, reversed(folded[max(0, end - _MOST_MARKS) : end])))
    return max(0, end - marks - 1) if 0 < marks < _MOST_MARKS else len(folded)


def read_words(path: Path) -> WordList:
    """The list in the file at *path*: an entry a line, UTF-8; lines that begin with ``#`` are comments.

    Raises `ConfigError` where it cannot be read or holds no entry.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except OSError as exc:
        raise ConfigError(f'cannot read the file "{path}": {exc.strerror}') from exc
    except ValueError as exc:
        raise ConfigError(f'the file "{path}" is not UTF-8 text') from exc
    words = WordList(line for line in lines if not line.lstrip().startswith("#"))
    if not words.count:
        raise ConfigError(f'the file "{path}" holds no word')
    return words
