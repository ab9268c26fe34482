"""One connection of a stream: read, kept alive, and watched."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from adapters.dingtalk.frames import Frame, read
from adapters.dingtalk.pulse import Pulse

log = logging.getLogger(__name__)

# Seconds: DingTalk closes a connection ten after it said so.
_GRACE = 15.0
_WRITE_SECONDS = 5.0
_ENDS = (
    aiohttp.WSMsgType.CLOSE,
    aiohttp.WSMsgType.CLOSING,
    aiohttp.WSMsgType.CLOSED,
    aiohttp.WSMsgType.ERROR,
)

Take = Callable[["Link", Frame], Awaitable[None]]


class Link:
    """A WebSocket; `leaving` is set when another must take its place, `why` says the reason.

    What still comes on it then is taken all the same, until it ends or `_GRACE` is over.
    `announced`: DingTalk said that it ends. *silence* and *talks* are for its `Pulse`.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, silence: float, talks: bool) -> None:
        now = asyncio.get_running_loop().time()
        self.leaving = asyncio.Event()
        self.why = ""
        self.announced = False
        self.pulse = Pulse(now, silence, talks)
        self._opened = now
        self._socket = socket
        self._until: float | None = None

    @property
    def age(self) -> float:
        """Seconds since it was opened."""
        return self._now - self._opened

    async def run(self, take: Take) -> None:
        """Hand frames to *take* until the connection has ended."""
        try:
            while not self._over and await self._step(take):
                pass
        finally:
            self._leave("the connection was lost")
            await self._close()

    async def acknowledge(self, frame: Frame) -> None:
        """Tell DingTalk that we have *frame*, if it is still there to hear it."""
        await self._write(self._socket.send_str(frame.acknowledgement()))

    async def _step(self, take: Take) -> bool:
        """Wait for one frame, or for the time to look after the link. False: it is over."""
        verdict = self.pulse.judge(self._now)
        if verdict == "dead":
            self._leave("it does not answer")
            return False
        if verdict == "mute":
            self._leave("nothing comes any more")
        elif verdict == "ask":
            self.pulse.asked(self._now)
            await self._write(self._socket.ping())
        try:
            async with asyncio.timeout(self._patience):
                message = await self._socket.receive()
        except TimeoutError:
            return True
        return await self._heard(message, take)

    async def _heard(self, message: aiohttp.WSMessage, take: Take) -> bool:
        if message.type in _ENDS:
            return False
        if message.type is aiohttp.WSMsgType.PONG:
            self.pulse.answered(self._now)
        elif message.type is aiohttp.WSMsgType.PING:
            self.pulse.frame(self._now, unasked=True)
            await self._write(self._socket.pong(message.data))
        else:
            await self._read(message.data, take)
        return True

    async def _read(self, data: Any, take: Take) -> None:
        frame = read(data)
        self.pulse.frame(self._now, unasked=frame is not None and frame.is_sign_of_life)
        if frame is None:
            log.info("what DingTalk sent on its stream is no frame, and left out")
            return
        if frame.is_farewell:
            self.announced = True
            self._leave("DingTalk says that it ends")
        elif frame.is_message:
            await take(self, frame)
        else:
            await self.acknowledge(frame)

    def _leave(self, why: str) -> None:
        if not self.leaving.is_set():
            self.why = why
            self._until = self._now + _GRACE
            self.leaving.set()

    @property
    def _over(self) -> bool:
        return self._until is not None and self._now >= self._until

    @property
    def _patience(self) -> float:
        if self._until is not None:
            return max(0.0, self._until - self._now)
        return self.pulse.next(self._now)

    @property
    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    async def _write(self, sending: Awaitable[None]) -> None:
        """Send, if the connection is still there; reading it tells that it is not."""
        with contextlib.suppress(aiohttp.ClientError, ConnectionError, TimeoutError):
            async with asyncio.timeout(_WRITE_SECONDS):
                await sending

    async def _close(self) -> None:
        with contextlib.suppress(aiohttp.ClientError, ConnectionError, TimeoutError):
            await self._socket.close()
