"""All models of the configuration: asking one, again, and another where it fails."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import islice

from gateway.backend.base import Backend, ModelOptions, Price, Usage
from gateway.backend.echo import EchoBackend
from gateway.backend.openai import OpenAIBackend
from gateway.backend.think import ThinkFilter
from gateway.backend.transport import check_proxy
from gateway.backoff import delays
from gateway.errors import BackendBusy, BackendError, ConfigError, ContextTooLong
from gateway.markdown.parsing import is_blank
from gateway.session import Turn

log = logging.getLogger(__name__)

DEFAULT = "default"
Show = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said, which one of the configuration's it was, and what it cost."""

    text: str
    model: str
    usage: Usage


class Models:
    """The models by name; the one called "default" stands in for names that are not there.

    `fallback`: the names tried in order when the chosen one fails. `concurrency`: how many requests run at
    once, over all chats. `tries` for each model, with growing pauses between them that begin at `pause`
    seconds; a server that asks for more than `patience` seconds is left for the next one. Raises
    `ConfigError` where "default" or a fallback is missing or a proxy cannot be one.
    """

    def __init__(
        self,
        options: Mapping[str, ModelOptions],
        fallback: Sequence[str] = (),
        concurrency: int = 1000,
        *,
        tries: int = 3,
        pause: float = 1.0,
        patience: float = 20.0,
    ) -> None:
        _check(options, fallback)
        self._options = dict(options)
        self._fallback = tuple(fallback)
        self._slots = asyncio.Semaphore(concurrency)
        self._tries = tries
        self._pause = pause
        self._patience = patience
        self._backends: dict[str, Backend] = {}

    def names(self) -> tuple[str, ...]:
        """The names that can be asked for."""
        return tuple(self._options)

    def context_tokens(self, name: str) -> int:
        """How many tokens of conversation the model *name* may be sent."""
        return self._options[self._known(name)].context_tokens

    def price(self, name: str) -> Price:
        """What the model *name* asks for its tokens."""
        return self._options[self._known(name)].price

    async def answer(
        self, name: str, turns: Sequence[Turn], show: Show | None = None, stream: bool = True
    ) -> Answer:
        """What the model *name* says to *turns*, or a fallback where it fails.

        *show* is called with the whole text so far as it grows, and may see less of it when another try
        begins. Raises `ContextTooLong` at once, and what went wrong when every model has failed: a
        `BackendBusy` where one of them may be better later.
        """
        errors: list[BackendError] = []
        for model in dict.fromkeys((self._known(name), *self._fallback)):
            try:
                return await self._insist(model, turns, show, stream)
            except ContextTooLong:
                raise
            except BackendError as error:
                log.warning("model %s failed: %s", model, error)
                errors.append(error)
        raise _worth_most(errors)

    async def aclose(self) -> None:
        """Close the connections of all models."""
        backends = list(self._backends.values())
        self._backends.clear()
        for backend in backends:
            await backend.aclose()

    async def _insist(self, model: str, turns: Sequence[Turn], show: Show | None, stream: bool) -> Answer:
        """Ask one model until it answers. Raises its last `BackendError`."""
        pauses = islice(delays(self._pause, self._patience), self._tries - 1)
        blanks = 0
        while True:
            try:
                return await self._ask(model, turns, show, stream)
            except BackendBusy as error:
                blanks += isinstance(error, _Blank)
                if blanks > 1:
                    raise
                await self._wait(error, pauses)

    async def _wait(self, error: BackendBusy, pauses: Iterator[float]) -> None:
        """Pause before the next try; raises *error* where there is none."""
        pause = next(pauses, None)
        asked = error.retry_after or 0.0
        if pause is None or asked > self._patience:
            raise error
        if asked > pause:
            # A little later than asked, and not all at the same moment.
            pause = asked + random.uniform(0, self._pause / 2)  # noqa: S311 - jitter, not a secret
        log.info("asking again in %.1f s: %s", pause, error)
        await asyncio.sleep(pause)

    async def _ask(self, model: str, turns: Sequence[Turn], show: Show | None, stream: bool) -> Answer:
        """One request, in one slot."""
        said, usage = ThinkFilter(), Usage()
        async with self._slots, aclosing(self._backend(model).stream(turns, whole=not stream)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Usage):
                    usage = piece
                elif said.feed(piece) and show is not None:
                    await show(said.text)
        if is_blank(text := said.finish()):
            raise _Blank("the model answered nothing")
        return Answer(text, model, usage)

    def _backend(self, model: str) -> Backend:
        if model not in self._backends:
            self._backends[model] = _build(self._options[model])
        return self._backends[model]

    def _known(self, name: str) -> str:
        return name if name in self._options else DEFAULT


class _Blank(BackendBusy):
    """Nothing was said that can be seen, or nothing but reasoning."""


def _check(options: Mapping[str, ModelOptions], fallback: Sequence[str]) -> None:
    for name in (DEFAULT, *fallback):
        if name not in options:
            raise ConfigError(f"there is no model called {name!r}")
    for option in options.values():
        if option.proxy is not None:
            check_proxy(option.proxy.get_secret_value())


def _build(options: ModelOptions) -> Backend:
    return EchoBackend() if options.type == "echo" else OpenAIBackend(options)


def _worth_most(errors: Sequence[BackendError]) -> BackendError:
    """The error that helps most to know: the shortest wait, else one that may pass, else the last."""
    waits = [error for error in errors if error.retry_after is not None]
    if waits:
        return min(waits, key=lambda error: error.retry_after or 0.0)
    return next((error for error in reversed(errors) if error.retryable), errors[-1])
