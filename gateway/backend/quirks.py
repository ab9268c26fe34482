"""What one server does not take of the usual request, learnt from its own complaint."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Body = dict[str, Any]

_UNWANTED = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|unknown|not permitted|not allowed|unexpected|only the default"
    r"|deprecated|must be 1|extra_forbidden|invalid",
    re.IGNORECASE,
)


def _rename_max_tokens(body: Body) -> None:
    body["max_completion_tokens"] = body.pop("max_tokens")


@dataclass(frozen=True, slots=True)
class _Quirk:
    """A `key` that is refused in words where `sign` stands, what is done `instead`, how the log says it."""

    key: str
    sign: str
    instead: Callable[[Body], object]
    said: str


_QUIRKS = (
    _Quirk(
        "max_tokens",
        "max_completion_tokens",
        _rename_max_tokens,
        "max_completion_tokens instead of max_tokens",
    ),
    _Quirk("temperature", "temperature", lambda body: body.pop("temperature"), "no temperature"),
    _Quirk("stream_options", "stream_options", lambda body: body.pop("stream_options"), "no stream_options"),
)


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a complaint taught, as the log says it; `new` the first time."""

    said: str
    new: bool


class Quirks:
    """What was learnt of one server; kept as long as its backend."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def apply(self, body: Body) -> Body:
        """*body* as this server takes it."""
        fitted = dict(body)
        for quirk in _QUIRKS:
            if quirk.key in self._known and quirk.key in fitted:
                quirk.instead(fitted)
        return fitted

    def learn(self, sent: Body, complaint: str) -> Lesson | None:
        """What *complaint* about *sent* teaches; None where asking again would not help."""
        if not _UNWANTED.search(complaint):
            return None
        for quirk in _QUIRKS:
            if quirk.key in sent and quirk.sign in complaint:
                lesson = Lesson(quirk.said, new=quirk.key not in self._known)
                self._known.add(quirk.key)
                return lesson
        return None
