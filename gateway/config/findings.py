"""Collecting what is wrong while a configuration is read: every value knows where it came from."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.config.mistakes import Mistake, Mistakes
from gateway.config.reader import Document, Json, Path


@dataclass(slots=True)
class Findings:
    """Mistakes and notes about one configuration.

    `variables` are the paths that an environment variable set, and its name. `alternatives` are other
    readings of a value that has no type of its own (a variable holds text: is ``5`` a number?).
    """

    document: Document
    variables: dict[Path, str] = field(default_factory=dict)
    alternatives: dict[Path, Json] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _wrong: set[tuple[Path, bool]] = field(default_factory=set)

    def wrong(self, path: Path, text: str, hint: str = "", *, key: bool = False) -> None:
        """Record a mistake at *path*, or at its name where *key*. One mistake a place is enough."""
        if (path, key) not in self._wrong:
            self._wrong.add((path, key))
            self.mistakes.append(self._mistake(path, text, hint, key))

    def note(self, text: str) -> None:
        """Record something to know that is no mistake."""
        if text not in self.notes:
            self.notes.append(text)

    def check(self) -> None:
        """Raise `Mistakes` where there are any."""
        if self.mistakes:
            raise Mistakes(self.mistakes)

    def _mistake(self, path: Path, text: str, hint: str, key: bool) -> Mistake:
        parents = [path[:length] for length in range(len(path), -1, -1)]
        if variable := next((self.variables[at] for at in parents if at in self.variables), None):
            return Mistake(f"environment variable {variable}", 0, 0, text, hint)
        values, keys = self.document.values, self.document.keys
        if not values:
            return Mistake(self.document.source.name, 0, 0, text, hint)
        at = next(at for at in parents if at in values)
        # What is missing is missing in something: its name says more than its opening brace.
        named = at in keys and (key or at != path)
        return self.document.source.mistake((keys if named else values)[at], text, hint)
