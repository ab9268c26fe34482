"""All operators, and all that they are told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from gateway.adapter import Adapter
from gateway.channels import Channel
from gateway.message import Chat
from gateway.notices.desk import Desk
from gateway.notices.post import Post
from gateway.notices.watch import Pace, Watch
from gateway.notices.wording import Wording
from gateway.tasks import cancel

logger = logging.getLogger(__name__)

_AS_IN_THE_WORLD = Pace()


class Notices:
    """Tells *operators*, chats without an account, of the trouble of *channels*; see `Desk` for how.

    From the start of its context to the end. What is told is not kept over a restart: what still holds then
    is told again.
    """

    def __init__(
        self,
        operators: Iterable[Chat],
        channels: Mapping[str, Channel],
        adapters: Mapping[str, Adapter[Any]],
        wording: Wording,
        pace: Pace = _AS_IN_THE_WORLD,
    ) -> None:
        self._desks: Collection[Desk] = ()
        watches = [Watch(channel, pace, self._look) for channel in channels.values()]
        self._desks = [
            Desk(Post(chat, adapters[chat.channel], channels[chat.channel]), watches, wording, pace)
            for chat in operators
        ]
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        for desk in self._desks:
            task = asyncio.create_task(desk.run(), name="notices")
            task.add_done_callback(_complain)
            self._tasks.append(task)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await cancel(*self._tasks)

    def count_letter(self) -> None:
        """A message became a dead letter."""
        for desk in self._desks:
            desk.count_letter()

    def _look(self) -> None:
        for desk in self._desks:
            desk.look()


def _complain(task: asyncio.Task[None]) -> None:
    """Notices end before their time only by a mistake of ours; nothing else is to suffer from it."""
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("an operator is told nothing more", exc_info=error)
