"""Models behind an OpenAI-compatible server: OpenAI, Azure, DeepSeek, Qwen, vLLM, llama.cpp, Ollama, …

The official SDK makes the requests: its URLs, its headers, its errors. The events of a stream are read here:
22 chunks cost 0.7 ms of CPU that way and 4.4 ms as the SDK's objects.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx2
from openai import APIStatusError

from gateway.backend.base import ModelOptions, Timeouts, Usage
from gateway.backend.client import headers, make_client
from gateway.backend.completion import Completion
from gateway.backend.failures import translated
from gateway.backend.quirks import Body, Quirks
from gateway.backend.sse import Decoder, parse
from gateway.errors import BackendBusy, BackendRefused
from gateway.session import Turn
from gateway.text import clean, estimate_tokens

log = logging.getLogger(__name__)

_MOST_ANSWER = 200_000  # characters; fifty times what a person reads
_MOST_BODY = 32 << 20  # bytes of an answer that comes in one piece
_COMPLAINTS = frozenset({400, 422})
_Chunks = list[dict[str, Any]]


class OpenAIBackend:
    """One model of an OpenAI-compatible server.

    Nothing is retried here, except once for each quirk of the server that a complaint reveals. Raises
    `ConfigError` where the proxy's address cannot be one.
    """

    def __init__(self, options: ModelOptions) -> None:
        self._options = options
        self._quirks = Quirks()
        self._client = make_client(options)
        self._headers = headers(options)

    async def stream(self, turns: Sequence[Turn], whole: bool = False) -> AsyncGenerator[str | Usage]:
        """Yield the answer piece by piece, or in one where *whole*, then its usage.

        A server that answers in one piece though it was asked for a stream is understood too. Raises
        `BackendError`. An answer of more than 200,000 characters is cut, and the log says so.
        """
        completion = Completion(_MOST_ANSWER)
        said = []
        async with aclosing(self._chunks(self._body(turns, whole), completion)) as batches:
            async for chunks in batches:
                if text := "".join(map(completion.take, chunks)):
                    said.append(text)
                    yield text
                if completion.full:
                    break
        self._remark(completion)
        yield completion.usage or _estimate(turns, "".join(said))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

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

    async def _chunks(self, body: Body, completion: Completion) -> AsyncGenerator[_Chunks]:
        """Ask, and yield what comes, read by read, until it is complete."""
        clock = _Clock(self._options.timeouts, whole="stream" not in body)
        response = await self._send(body, clock)
        try:
            async with aclosing(_read(response, clock)) as batches:
                async for chunks in batches:
                    yield chunks
        except BackendBusy:
            # With a finish reason the text is all there, and asking for it once more would only cost.
            if completion.finish is None:
                raise
        finally:
            await response.aclose()

    async def _send(self, body: Body, clock: _Clock) -> httpx2.Response:
        """The response, its body not yet read. Asks again, differently, where the server complains."""
        while True:
            sent = self._quirks.apply(body)
            try:
                return await self._post(sent, clock)
            except BackendRefused as error:
                if not self._learn(sent, error.__cause__):
                    raise

    async def _post(self, body: Body, clock: _Clock) -> httpx2.Response:
        async with _bounded(clock):
            response = await self._client.post(
                "/chat/completions",
                cast_to=httpx2.Response,
                body=body,
                stream=True,
                options={"headers": self._headers},
            )
        if not isinstance(response, httpx2.Response):
            raise TypeError("the openai SDK no longer hands over the response")
        return response

    def _learn(self, sent: Body, error: BaseException | None) -> bool:
        """Whether it will help to ask again."""
        if not isinstance(error, APIStatusError) or error.status_code not in _COMPLAINTS:
            return False
        quirk = self._quirks.learn(sent, str(error.body))
        if quirk and quirk.new:
            log.info("%s at %s wants %s", self._options.model, self._client.base_url.host, quirk.said)
        return quirk is not None

    def _remark(self, completion: Completion) -> None:
        if completion.full:
            log.warning("the answer of %s was cut at %d characters", self._options.model, _MOST_ANSWER)
        elif not completion.length and completion.finish == "length":
            log.warning("%s spent all of max_tokens before it said anything: raise it", self._options.model)


def _estimate(turns: Sequence[Turn], answer: str) -> Usage:
    return Usage(sum(turn.tokens for turn in turns), estimate_tokens(answer))


class _Clock:
    """Until when a request may wait: for its first token, for the next, for the last."""

    def __init__(self, timeouts: Timeouts, whole: bool) -> None:
        now = asyncio.get_running_loop().time()
        self._timeouts = timeouts
        self._end = now + timeouts.total
        self._begun = False
        self.deadline = self._end if whole else min(self._end, now + timeouts.first_token)

    def progress(self) -> None:
        """Something came."""
        self._begun = True
        self.deadline = min(self._end, asyncio.get_running_loop().time() + self._timeouts.idle)

    def late(self) -> BackendBusy:
        """What to say when the deadline has passed."""
        if self.deadline == self._end:
            return BackendBusy(f"the answer took more than {self._timeouts.total:g} s")
        if self._begun:
            return BackendBusy(f"the model fell silent for {self._timeouts.idle:g} s")
        return BackendBusy(f"no word of the model for {self._timeouts.first_token:g} s")


@asynccontextmanager
async def _bounded(clock: _Clock) -> AsyncIterator[None]:
    """Ends what is inside at the clock's deadline. Raises `BackendError` for every foreign error."""
    with translated():
        try:
            async with asyncio.timeout_at(clock.deadline):
                yield
        except TimeoutError as error:
            raise clock.late() from error


async def _read(response: httpx2.Response, clock: _Clock) -> AsyncGenerator[_Chunks]:
    """Yield the chunks of *response*, all that one read brings at a time; one piece where it is no stream."""
    kind = response.headers.get("content-type", "")
    if "html" in kind:
        raise BackendRefused("base_url leads to a web page, not to a model")
    if kind.startswith("application/json"):
        yield [await _read_whole(response, clock)]
        return
    decoder = Decoder()
    data = response.aiter_bytes()
    while not decoder.done:
        async with _bounded(clock):
            read = await anext(data, None)
        chunks = decoder.finish() if read is None else decoder.feed(read)
        if chunks:
            clock.progress()
            yield chunks
        if read is None and not decoder.done:
            raise BackendBusy("the answer broke off in the middle")


async def _read_whole(response: httpx2.Response, clock: _Clock) -> dict[str, Any]:
    body = bytearray()
    async with _bounded(clock):
        async for data in response.aiter_bytes():
            body += data
            if len(body) > _MOST_BODY:
                raise BackendBusy("the model's server sent more than an answer can be")
    answer = parse(bytes(body))
    if not isinstance(answer, dict):
        raise BackendBusy("the model's server sent JSON that is no answer")
    return answer
