"""An answer being put together from what a model's server sends."""

from __future__ import annotations

from typing import Any

from gateway.backend.base import Usage
from gateway.backend.failures import reported
from gateway.errors import BackendBusy


class Completion:
    """Takes the chunks of a chat completion, or the whole of one, and keeps what was said.

    It keeps *most* characters and no more: `full` is true once they are reached. Reasoning that comes in
    fields of its own is left out. `usage` is what the server counted, None where it did not; `finish` is why
    the model ended, None as long as it has not; `length` counts the characters so far.
    """

    def __init__(self, most: int) -> None:
        self.usage: Usage | None = None
        self.finish: str | None = None
        self.length = 0
        self._most = most
        self._half = ""

    @property
    def full(self) -> bool:
        """True where the answer was cut."""
        return self.length >= self._most

    def take(self, chunk: dict[str, Any]) -> str:
        """The text that *chunk* adds. Raises `BackendError` where it reports one."""
        error = chunk.get("error")
        if error or chunk.get("object") == "error":
            raise reported(error or chunk)
        if isinstance(usage := chunk.get("usage"), dict):
            self.usage = _usage(usage)
        choices = chunk.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict):
            return ""
        self.finish = choice.get("finish_reason") or self.finish
        if self.finish == "error":
            raise BackendBusy("the model broke off")
        return self._add(_said(choice.get("delta") or choice.get("message")))

    def _add(self, text: str) -> str:
        if not text:
            return ""
        text = self._mend(self._half + text)[: self._most - self.length]
        self.length += len(text)
        return text

    def _mend(self, text: str) -> str:
        """*text* with halves of surrogate pairs joined; a half at its end waits for the next piece."""
        if text.isascii():
            self._half = ""
            return text
        self._half = text[-1] if "\ud800" <= text[-1] <= "\udbff" else ""
        whole = text[:-1] if self._half else text
        return whole.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _said(message: object) -> str:
    """The text of a message or delta: a string, or a list of parts (Mistral); a refusal is an answer too."""
    if not isinstance(message, dict):
        return ""
    content = message.get("content") or message.get("refusal")
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if _is_text(part))
    return content if isinstance(content, str) else ""


def _is_text(part: object) -> bool:
    return isinstance(part, dict) and part.get("type") == "text"


def _usage(usage: dict[str, Any]) -> Usage:
    counts = (usage.get(name) for name in ("prompt_tokens", "completion_tokens"))
    return Usage(*(count if isinstance(count, int) else 0 for count in counts))
