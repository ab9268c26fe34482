"""Logs: a line an event, with channel, chat and message id on it; secrets masked always."""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType, TracebackType
from typing import Literal

import orjson

from gateway.text import clean, harmless

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
Format = Literal["auto", "human", "json"]

_labels: ContextVar[Mapping[str, str]] = ContextVar("labels", default=MappingProxyType({}))

# What looks like a secret, whoever wrote it: a bot token in a URL, an API key, an Authorization header,
# a password in a URL.
_SECRETS = re.compile(
    r"(?<=bot)\d+:[\w-]{20,}|\bsk-[\w-]{12,}|(?<=[Bb]earer )[\w.~+/=-]{8,}|(?<=://)[^\s/@:]*:[^\s/@]+(?=@)"
)
_MASK = "***"


@contextmanager
def labels(values: Mapping[str, str]) -> Iterator[None]:
    """Every log line written inside carries *values*."""
    token = _labels.set({**_labels.get(), **values})
    try:
        yield
    finally:
        _labels.reset(token)


class Mask:
    """Replaces secrets in a text: the given ones, and what looks like one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # The longest first: one may be part of another. Very short ones would mask ordinary words.
        known = sorted({secret for secret in secrets if len(secret) >= 4}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(_MASK, text)
        return _SECRETS.sub(_MASK, text)


class _HumanFormatter(logging.Formatter):
    """``12:30:01 WARNING telegram: text  (chat=…, message=…)``."""

    def __init__(self, mask: Mask) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")
        self._mask = mask

    def formatMessage(self, record: logging.LogRecord) -> str:
        line = super().formatMessage(record)
        values = _labels.get()
        if values:
            line += "  (" + ", ".join(f"{name}={value}" for name, value in values.items()) + ")"
        return harmless(line)

    def formatException(self, ei: ExcInfo) -> str:
        # Set in, so that what an error says is taken for no line of the log.
        return "\n".join(f"  {harmless(line)}" for line in super().formatException(ei).split("\n"))

    def format(self, record: logging.LogRecord) -> str:
        return self._mask(super().format(record))


class _JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def __init__(self, mask: Mask) -> None:
        super().__init__()
        self._mask = mask

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, str] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{record.msecs:03.0f}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "text": record.getMessage(),
            **_labels.get(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        written = orjson.dumps({name: clean(self._mask(value)) for name, value in line.items()})
        return harmless(written.decode())  # what is left to escape is text inside of quotation marks


def configure(format: Format, level: str, secrets: Iterable[str] = ()) -> None:
    """Send the log to standard error: for a person on a terminal, JSON elsewhere, unless *format* says."""
    mask = Mask(secrets)
    human = format == "human" or (format == "auto" and sys.stderr.isatty())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_HumanFormatter(mask) if human else _JsonFormatter(mask))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Libraries that tell of every request, with its URL: only their complaints.
    for chatty in ("aiohttp.access", "apscheduler", "httpx", "httpx2", "openai", "telegram"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
