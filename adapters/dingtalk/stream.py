"""Messages by stream: taken from whichever connection brings them, made durable, and then acknowledged.

https://open-dingtalk.github.io/developerpedia/docs/learn/stream/protocol
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from itertools import chain
from urllib.parse import quote_plus

from adapters.dingtalk.api import Api
from adapters.dingtalk.frames import MESSAGES, Frame
from adapters.dingtalk.intake import Intake
from adapters.dingtalk.link import Link
from adapters.dingtalk.transport import Transport
from gateway.errors import GatewayError, InboxError, NetworkError, StoreError
from gateway.health import Health, growing_pauses

log = logging.getLogger(__name__)

_AGENT = "bot-gateway"
# A connection that served this long (seconds) was a good one: its successor comes without a pause. More of
# them than one in this time are never opened; with a pause, what people say meanwhile may be lost.
_WORKED = 2.0
# Messages that wait to be stored; while there are so many, none is read.
_MOST_WAITING = 1000


class Stream:
    """One application's stream: always one connection that is good, for a while also the one before it.

    DingTalk pushes what is not acknowledged again only sometimes. So what could not be stored is kept and
    tried again here, whatever becomes of the connection that brought it.
    """

    def __init__(
        self, api: Api, transport: Transport, intake: Intake, health: Health, silence: float
    ) -> None:
        self._api = api
        self._transport = transport
        self._intake = intake
        self._health = health
        self._silence = silence
        self._talks = False
        self._waiting: asyncio.Queue[tuple[Link, Frame]] = asyncio.Queue(_MOST_WAITING)

    async def run(self) -> None:
        """Hand over messages until cancelled. Raises the `AdapterError`s that trying again cannot mend."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._store())
                await self._stay_connected(tasks)
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    async def _stay_connected(self, tasks: asyncio.TaskGroup) -> None:
        pauses = _pauses()
        mute: asyncio.Task[None] | None = None
        while True:
            try:
                link = await self._connect()
            except GatewayError as exc:
                await self._health.recover(exc, pauses)
                continue
            self._health.up()
            if mute is not None:
                mute.cancel()  # DingTalk would go on losing messages on it
            reading = tasks.create_task(link.run(self._take))
            await link.leaving.wait()
            mute = None if link.announced else reading
            self._talks = link.pulse.talks
            log.info("a new connection after %.0f s: %s", link.age, link.why)
            if link.age >= _WORKED:
                pauses = _pauses()
            await self._pause(link, next(pauses))

    async def _pause(self, link: Link, seconds: float) -> None:
        if seconds and not link.announced:
            self._health.down(NetworkError(link.why))
        await asyncio.sleep(seconds)

    async def _connect(self) -> Link:
        endpoint, ticket = await self._api.open_stream([MESSAGES], _AGENT)
        sign = "&" if "?" in endpoint else "?"
        socket = await self._transport.connect(f"{endpoint}{sign}ticket={quote_plus(ticket)}")
        return Link(socket, self._silence, self._talks)

    async def _take(self, link: Link, frame: Frame) -> None:
        await self._waiting.put((link, frame))

    async def _store(self) -> None:
        """Hand over what waits, all of it at once, in the order in which it came."""
        while True:
            taken = [await self._waiting.get()]
            while not self._waiting.empty():
                taken.append(self._waiting.get_nowait())
            await self._hand_over([frame for _, frame in taken])
            for link, frame in taken:
                await link.acknowledge(frame)

    async def _hand_over(self, frames: list[Frame]) -> None:
        pauses = growing_pauses()
        payloads = [frame.payload for frame in frames]
        failed = False
        while True:
            try:
                await self._intake.take(payloads)
            except (InboxError, StoreError) as exc:
                failed = True
                await self._health.recover(exc, pauses)
            else:
                if failed:
                    self._health.up()
                return


def _pauses() -> Iterator[float]:
    """Seconds before each next connection: none before the first, for DingTalk ends good ones at its will."""
    return chain((0.0,), growing_pauses())
