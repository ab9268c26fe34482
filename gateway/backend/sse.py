"""Server-sent events, as chat completions use them.

https://html.spec.whatwg.org/multipage/server-sent-events.html, of which only `data` carries anything here.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from gateway.errors import BackendBusy
from gateway.http import is_deep, may_be_deep

_MOST_LINE = 1 << 20  # bytes
_SILENT = (b":", b"event:", b"id:", b"retry:")


class Decoder:
    """Turns the bytes of a stream, cut anywhere, into the JSON objects of its events.

    `done` once the server said that all is sent. Raises `BackendBusy` for what is no event.
    """

    def __init__(self) -> None:
        self.done = False
        self._rest = b""

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """The events that *data* completes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _MOST_LINE:
            raise BackendBusy("the model's server sent a line without end")
        return [event for line in lines if (event := self._event(line)) is not None]

    def finish(self) -> list[dict[str, Any]]:
        """The events that the end of the stream completes."""
        return self.feed(b"\n")

    def _event(self, line: bytes) -> dict[str, Any] | None:
        line = line.strip()
        if self.done or not line or line.startswith(_SILENT):
            return None
        if not line.startswith(b"data:"):
            raise _garbage(line)
        data = line[5:].strip()
        if data == b"[DONE]":
            self.done = True
            return None
        event = parse(data)
        if not isinstance(event, dict):
            raise _garbage(line)
        return event


def parse(data: bytes) -> object:
    """What JSON *data* says. Raises `BackendBusy` where it is none."""
    try:
        value: object = orjson.loads(data)
    except orjson.JSONDecodeError:
        value = _leniently(data)
    if may_be_deep(data) and is_deep(value):
        raise _garbage(data)
    return value


def _leniently(data: bytes) -> object:
    try:
        # Servers that cut text in UTF-16 escape half an emoji; only the standard library reads that.
        return json.loads(data)
    except (ValueError, RecursionError):
        raise _garbage(data) from None


def _garbage(line: bytes) -> BackendBusy:
    return BackendBusy(f"the model's server sent what is no answer: {line[:100]!r}")
