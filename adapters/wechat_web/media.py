"""Where the files that people send are: pure."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.errors import Rejected
from gateway.http import dumps, loads


@dataclass(frozen=True, slots=True)
class Media:
    """Where a file is: the *page* that has it, and what to ask it for."""

    page: str
    id: str
    sender: str = ""
    name: str = ""

    def ref(self) -> str:
        """A reference that `from_ref` reads."""
        return dumps([self.page, self.id, self.sender, self.name]).decode()

    @classmethod
    def from_ref(cls, ref: str) -> Media:
        """The place that `ref` wrote. Raises `Rejected` for anything else."""
        try:
            return cls(*map(str, loads(ref)))
        except (ValueError, TypeError) as exc:
            raise Rejected("there is no file") from exc
