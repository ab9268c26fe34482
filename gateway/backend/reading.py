"""Reading what a model's server sends: the events of a stream, or the whole of an answer."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Any, Self

import aiohttp

from gateway.backend.clock import Clock
from gateway.backend.failures import FOREIGN_ERRORS, translate
from gateway.backend.sse import Decoder, parse
from gateway.errors import BackendBusy

_MOST_BODY = 32 << 20  # bytes of an answer that comes in one piece
_MOST_AT_ONCE = 1 << 17  # bytes of a stream, unpacked, before others have their turn
_END_SECONDS = 0.05  # for the end of a stream to come after its last event; the answer waits for it


class Reading:
    """The chunks of *response*, while *clock* allows. An async context manager; the response is released.

    Each step is a plain read, without a generator, a task or a timer of its own: an answer has dozens of
    pieces, and each would pay for them.
    """

    def __init__(self, response: aiohttp.ClientResponse, clock: Clock) -> None:
        self._response = response
        self._clock = clock
        self._in_one_piece = response.headers.get("content-type", "").startswith("application/json")
        self._decoder = Decoder()
        self._turn = 0  # how much had come when others had their last turn

    async def __aenter__(self) -> Self:
        self._clock.watch(self._response.content.set_exception)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._clock.stop()
        if self._decoder.done and not self._response.content.is_eof():
            await self._end()
        self._response.release()  # what is not read to its end closes the connection

    async def next(self) -> list[dict[str, Any]]:
        """All chunks that the next read brings, the only one where it is no stream; none at the end.

        Raises `BackendError`.
        """
        if self._decoder.done:
            return []
        self._clock.resume()
        try:
            chunks = await (self._whole() if self._in_one_piece else self._some())
        except FOREIGN_ERRORS as error:
            raise translate(error) from error
        self._clock.pause()
        return chunks

    async def _some(self) -> list[dict[str, Any]]:
        """What the next reads bring, until they bring anything."""
        decoder, content = self._decoder, self._response.content
        while not decoder.done:
            read = await content.readany()
            if content.total_bytes - self._turn > _MOST_AT_ONCE:
                # What is there already is read without a pause: a packed stream may be nothing else.
                self._turn = content.total_bytes
                await asyncio.sleep(0)
            if chunks := decoder.feed(read) if read else decoder.finish():
                return chunks
            if not read and not decoder.done:
                raise BackendBusy("the answer broke off in the middle")
        return []

    async def _end(self) -> None:
        """Wait a little for the end of the body, so that the next request need not connect anew."""
        with contextlib.suppress(*FOREIGN_ERRORS):
            async with asyncio.timeout(_END_SECONDS):
                while await self._response.content.readany():
                    pass

    async def _whole(self) -> list[dict[str, Any]]:
        body = await read_body(self._response, _MOST_BODY)
        if len(body) > _MOST_BODY:
            raise BackendBusy("the model's server sent more than an answer can be")
        answer = parse(body)
        if not isinstance(answer, dict):
            raise BackendBusy("the model's server sent JSON that is no answer")
        self._decoder.done = True
        return [answer]


async def read_body(response: aiohttp.ClientResponse, most: int) -> bytes:
    """The body of *response*; where it is longer than *most* bytes, a beginning that is longer, too."""
    body = bytearray()
    async for data in response.content.iter_any():
        body += data
        if len(body) > most:
            break
    return bytes(body)
