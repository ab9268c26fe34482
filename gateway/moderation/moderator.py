"""Judging questions and answers by a word list and by the moderation endpoint of a model's server."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Literal, Protocol, Self

from gateway.backend.base import ModelOptions
from gateway.errors import BackendError
from gateway.moderation.finding import Finding, Forbidden, Subject
from gateway.moderation.gate import Gate, Show
from gateway.moderation.options import ModerationOptions
from gateway.moderation.words import WordList, read_words

logger = logging.getLogger(__name__)


class Endpoint(Protocol):
    """A moderation endpoint."""

    async def judge(self, text: str) -> list[str]:
        """The categories that *text* is flagged for. Raises `BackendError`: there is no judgement."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


class Moderator:
    """Says what may not be said. Every finding is logged, without the text."""

    def __init__(
        self,
        words: WordList | None = None,
        client: Endpoint | None = None,
        on_error: Literal["allow", "refuse"] = "refuse",
    ) -> None:
        self._words = words
        self._client = client
        self._on_error = on_error

    @classmethod
    def build(cls, options: ModerationOptions, model: ModelOptions) -> Self | None:
        """What *options* ask for, None where that is nothing; *model* says where the endpoint is.

        Raises `ConfigError` where the word list cannot be read.
        """
        if not options.words and not options.endpoint:
            return None
        words = read_words(Path(options.words)) if options.words else None
        return cls(words, _endpoint(options, model) if options.endpoint else None, options.on_error)

    async def judge(self, subject: Subject, text: str) -> Finding | None:
        """What is forbidden in the whole of a question or an answer; None where nothing is.

        A text that the endpoint could not judge is itself a finding, unless errors are allowed.
        """
        if self._words is not None and (entry := self._words.find(text)) is not None:
            return _logged(Finding(subject, "entry", entry))
        if self._client is None:
            return None
        try:
            return await self._ask(self._client, subject, text)
        except BackendError as exc:
            if self._on_error == "refuse":
                return _logged(Finding(subject, "unjudged", str(exc)))
            logger.warning("the %s was not judged by the endpoint: %s", subject, exc)
            return None

    def gate(self, show: Show) -> Show:
        """Wrap *show* for `Models.answer`: it sees only what can no longer become forbidden.

        The result raises `Forbidden` as soon as something forbidden is certain. What it still holds back
        when the answer ends is for `judge` to look at, with the rest.
        """
        return Gate(show, self._words, _refuse_entry, self._allows if self._client is not None else None)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _ask(self, client: Endpoint, subject: Subject, text: str) -> Finding | None:
        categories = await client.judge(text)
        return _logged(Finding(subject, "category", ", ".join(categories))) if categories else None

    async def _allows(self, text: str) -> bool:
        """Whether the beginning of an answer may be shown; where nobody knows, it grows later, or not."""
        if self._client is None:
            return True
        try:
            finding = await self._ask(self._client, "answer", text)
        except BackendError as exc:
            logger.info("the beginning of an answer was not judged by the endpoint: %s", exc)
            return self._on_error == "allow"
        if finding is not None:
            raise Forbidden(finding)
        return True


def _refuse_entry(entry: str) -> None:
    raise Forbidden(_logged(Finding("answer", "entry", entry)))


def _logged(finding: Finding) -> Finding:
    logger.warning("the %s is refused, %s: %s", finding.subject, finding.kind, finding.reason)
    return finding


def _endpoint(options: ModerationOptions, model: ModelOptions) -> Endpoint:
    # The official SDK asks it, 18 MB that no gateway without an endpoint shall load.
    from gateway.backend.moderation import ModerationClient

    return ModerationClient(model, options.model)
