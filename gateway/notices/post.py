"""The way to an operator's chat."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, TypeVar

from gateway.adapter import Adapter, ChannelState
from gateway.channels import Channel
from gateway.errors import ChatMoved, GatewayError, OutcomeUnknown, Rejected
from gateway.message import Attachment, Chat, Receipt, Reply
from gateway.presentation import present

logger = logging.getLogger(__name__)

T = TypeVar("T")

# How long one message may take, in seconds.
_PATIENCE = 60.0


class Post:
    """Sends to *chat* through *adapter*, which is that of *channel*."""

    def __init__(self, chat: Chat, adapter: Adapter[Any], channel: Channel) -> None:
        self._chat = chat
        self._adapter = adapter
        self.channel = channel

    @property
    def name(self) -> str:
        """The chat as the configuration names it."""
        return f"{self._chat.channel}:{self._chat.id}"

    @property
    def open(self) -> bool:
        """True where the channel works."""
        return self.channel.status.state is ChannelState.UP

    @property
    def pictures(self) -> bool:
        """True where the platform takes files."""
        return self._adapter.capabilities.files

    async def say(self, text: str, picture: Attachment | None = None) -> Receipt | None:
        """Send *text*, CommonMark, with *picture*; returns the last message. Raises `GatewayError`."""
        try:
            return await self._say(text, picture)
        except ChatMoved as exc:
            self._chat = self._chat.moved(exc.to)
            return await self._say(text, picture)

    async def _say(self, text: str, picture: Attachment | None) -> Receipt | None:
        # The account is known since the channel came up, or is another one by now.
        chat, receipt = replace(self._chat, account=self._adapter.account), None
        pieces = await present(text, self._adapter.capabilities)
        for number, piece in enumerate(pieces, 1):
            file = picture if number == len(pieces) else None
            receipt = await _ended(self._adapter.send(chat, Reply(piece.text, piece.entities, file=file)))
            self.channel.sent()
        return receipt

    async def take_away(self, receipt: Receipt) -> None:
        """Delete a message where the platform can. Raises `GatewayError`."""
        if self._adapter.capabilities.delete:
            chat = replace(self._chat, account=self._adapter.account)
            await _ended(self._adapter.delete(chat, receipt))


async def _ended(work: Coroutine[Any, Any, T]) -> T:
    """What *work* gives. Raises `GatewayError`, also where something happens that nobody foresaw."""
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task}, timeout=_PATIENCE)
    finally:
        task.cancel()
        await asyncio.wait({task})
    if task.cancelled():
        raise OutcomeUnknown(f"no answer within {_PATIENCE:.0f} s")
    error = task.exception()
    if error is not None and not isinstance(error, GatewayError):
        logger.error("unexpected", exc_info=error)
        raise Rejected(f"{type(error).__name__}: {error}") from error
    return task.result()
