"""Models behind an OpenAI-compatible server: OpenAI, Azure, DeepSeek, Qwen, vLLM, llama.cpp, Ollama, …"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import aiohttp

from gateway.backend.base import ModelOptions, Usage
from gateway.backend.client import Client, Complaint
from gateway.backend.clock import Clock
from gateway.backend.completion import Completion
from gateway.backend.quirks import Body, Quirks
from gateway.backend.reading import Reading
from gateway.errors import BackendBusy, BackendRefused
from gateway.session import Turn
from gateway.text import clean, estimate_tokens

log = logging.getLogger(__name__)

_MOST_ANSWER = 200_000  # characters; fifty times what a person reads
_COMPLAINTS = frozenset({400, 422})


class OpenAIBackend:
    """One model of an OpenAI-compatible server.

    Nothing is retried here, except once for each quirk of the server that a complaint reveals. Raises
    `ConfigError` where an address in *options* cannot be one.
    """

    def __init__(self, options: ModelOptions) -> None:
        self._options = options
        self._quirks = Quirks()
        self._client = Client(options)

    async def stream(self, turns: Sequence[Turn], whole: bool = False) -> AsyncGenerator[str | Usage]:
        """Yield the answer piece by piece, or in one where *whole*, then its usage.

        A server that answers in one piece though it was asked for a stream is understood too. Raises
        `BackendError`. An answer of more than 200,000 characters is cut, and the log says so.
        """
        completion, said = Completion(_MOST_ANSWER), list[str]()
        clock = Clock(self._options.timeouts, whole)
        response = await self._send(self._body(turns, whole), clock)
        async with Reading(response, clock) as reading:
            while not completion.full and (chunks := await _next(reading, completion)):
                if text := "".join(map(completion.take, chunks)):
                    said.append(text)
                    yield text
        self._remark(completion)
        yield completion.usage or _estimate(turns, "".join(said))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _body(self, turns: Sequence[Turn], whole: bool) -> Body:
        body: Body = {
            "model": self._options.model,
            "messages": [{"role": turn.role, "content": clean(turn.text)} for turn in turns],
        }
        if self._options.temperature is not None:
            body["temperature"] = self._options.temperature
        if self._options.max_tokens is not None:
            body["max_tokens"] = self._options.max_tokens
        if not whole:
            body["stream"] = True
            body["stream_options"] = {"include_usage": True}
        return body

    async def _send(self, body: Body, clock: Clock) -> aiohttp.ClientResponse:
        """The response, its body not yet read. Asks again, differently, where the server complains."""
        while True:
            sent = self._quirks.apply(body)
            try:
                return await self._client.ask(sent, clock)
            except BackendRefused as error:
                if not self._learn(sent, error.__cause__):
                    raise

    def _learn(self, sent: Body, error: BaseException | None) -> bool:
        """Whether it will help to ask again."""
        if not isinstance(error, Complaint) or error.status not in _COMPLAINTS:
            return False
        quirk = self._quirks.learn(sent, str(error.words))
        if quirk and quirk.new:
            log.info("%s at %s wants %s", self._options.model, self._client.host, quirk.said)
        return quirk is not None

    def _remark(self, completion: Completion) -> None:
        if completion.full:
            log.warning("the answer of %s was cut at %d characters", self._options.model, _MOST_ANSWER)
        elif not completion.length and completion.finish == "length":
            log.warning("%s spent all of max_tokens before it said anything: raise it", self._options.model)


def _estimate(turns: Sequence[Turn], answer: str) -> Usage:
    return Usage(sum(turn.tokens for turn in turns), estimate_tokens(answer))


async def _next(reading: Reading, completion: Completion) -> list[dict[str, Any]]:
    """The next chunks; none at the end of the answer."""
    try:
        return await reading.next()
    except BackendBusy:
        # With a finish reason the text is all there, and asking for it once more would only cost.
        if completion.finish is None:
            raise
        return []
