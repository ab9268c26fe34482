"""Getting an answer out: render it, split it, send it piece by piece, remember how far we got."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, NoReturn

from gateway import metrics
from gateway.adapter import Adapter
from gateway.backoff import delays
from gateway.conversation import Conversation
from gateway.draft import LAST_WAIT, Draft
from gateway.errors import (
    AdapterError,
    ChatGone,
    ChatMoved,
    OutcomeUnknown,
    Rejected,
    StoreError,
    Unconfirmed,
)
from gateway.message import Attachment, Chat, Message, Moved, Receipt, Reply
from gateway.presentation import present
from gateway.store.answers import Answer
from gateway.store.store import Store
from gateway.tasks import cancel
from gateway.texts import Sentence, language_of

logger = logging.getLogger(__name__)

Keep = Callable[[Chat, Receipt], Awaitable[None]]
"""Writes down where a piece is, and which message holds it."""

Place = Callable[[Chat, Reply, Sequence[str]], Coroutine[Any, Any, None]]
"""Puts a piece into a chat, or into the message there that it belongs in; writes down what came of it."""

# Tries at one piece before it is put off, and the longest wait between two: a longer one does not hold the
# chat's lane in memory.
_TRIES = 4
_PATIENCE = 10.0


class Delivery:
    """Sends answers through the channels they belong to.

    `moved` makes it durable that a chat has another id; `sent` hears the channel of every piece that a
    platform took.
    """

    def __init__(
        self,
        adapters: Mapping[str, Adapter[Any]],
        store: Store,
        moved: Callable[[Moved], Awaitable[None]],
        sent: Callable[[str], None] = lambda channel: None,
    ) -> None:
        self._adapters = adapters
        self._store = store
        self._moved = moved
        self._sent = sent

    def check(self, chat: Chat) -> None:
        """Raises `ChatGone` where *chat* belongs to another account than the channel has by now."""
        account = self._adapters[chat.channel].account
        if account and chat.account and chat.account != account:
            raise ChatGone(f"the chat belongs to another account, {chat.account}; the channel has {account}")

    def draft(self, message: Message, conversation: Conversation, receipts: Sequence[str]) -> Draft:
        """An answer being written; the first of *receipts* is the message that it belongs in already."""
        adapter = self._adapters[message.chat.channel]
        reply = _first(adapter, message, conversation)
        receipt = next(iter(receipts), None)

        def keep(id: str) -> Awaitable[None]:
            return _surely(lambda: self._store.keep_receipt(message, id))

        return Draft(adapter, message.chat, reply, keep, receipt)

    async def deliver(self, message: Message, conversation: Conversation, answer: Answer) -> None:
        """Send what of *answer* has not been sent yet; how far it got is kept after each piece.

        Raises `AdapterError`: a retryable one leaves the rest to be sent later, any other is final.
        """
        adapter = self._adapters[message.chat.channel]
        if answer.doubtful:
            await self._own_up(adapter, message, conversation)
        pieces = await _pieces(adapter, message, conversation, answer)
        # A message cannot become a file, nor anything where the platform does not edit: that is sent anew.
        in_place = adapter.capabilities.edit and not any(piece.file for piece in pieces)
        receipts = list(answer.receipts if in_place else answer.receipts[: answer.sent])
        # The chat may move on the way; the answer is kept under the message as it came.
        there = message
        for number, piece in enumerate(pieces[answer.sent :], answer.sent):
            keep = partial(self._keep, message, receipts, number)
            place = partial(self._place, adapter, message, keep)
            try:
                there = await self._put(place, there, piece, receipts[number : number + 1])
            except Rejected as exc:
                await self._apologise(adapter, there, conversation, exc)
                raise
            except Unconfirmed as exc:
                logger.error("nobody knows whether piece %d arrived: %s", number + 1, exc)
                await self._own_up(adapter, there, conversation)
            if there.chat != message.chat:
                del receipts[number + 1 :]  # of the chat as it was: in the new one these are others' ids
        if adapter.capabilities.delete and len(receipts) > len(pieces):
            await self._take_away(adapter, there, receipts[len(pieces) :])
            await self._store.keep_sent(message, len(pieces), receipts[: len(pieces)])

    async def _place(
        self,
        adapter: Adapter[Any],
        message: Message,
        keep: Keep,
        chat: Chat,
        piece: Reply,
        receipts: Sequence[str],
    ) -> None:
        """Send a piece and write down what came of it, also that nobody knows: whoever is stopped meanwhile
        waits for this, and hears no more of it."""
        try:
            receipt = await _show(adapter, chat, piece, receipts)
        except Unconfirmed:
            await _surely(lambda: self._store.doubt(message))
            raise
        await keep(chat, receipt)

    async def _keep(
        self, message: Message, receipts: list[str], number: int, chat: Chat, receipt: Receipt
    ) -> None:
        """Write down that the platform has piece *number*, in *chat*."""
        if chat != message.chat:
            # In the chat's new place, other messages bear these ids.
            del receipts[number:]
        receipts[number : number + 1] = [receipt.id]
        self._sent(message.chat.channel)
        metrics.SENT.labels(message.chat.channel).inc()
        await _surely(lambda: self._store.keep_sent(message, number + 1, receipts))

    async def _take_away(self, adapter: Adapter[Any], message: Message, receipts: Sequence[str]) -> None:
        """Delete what is left of an earlier, longer answer."""
        for receipt in receipts:
            try:
                await adapter.delete(message.chat, Receipt(receipt))
            except AdapterError as exc:
                logger.info("a piece of the earlier answer stays: %s", exc)

    async def _put(self, place: Place, message: Message, piece: Reply, receipts: Sequence[str]) -> Message:
        """Send one piece, wherever the chat is by now; returns the message with the chat's newest id."""
        try:
            await self._persist(lambda: place(message.chat, piece, receipts))
        except ChatMoved as exc:
            logger.info("the chat has a new id: %s", exc.to)
            await self._moved(Moved(message.chat, exc.to))
            moved, elsewhere = message.chat.moved(exc.to), replace(piece, reply_to=None)
            await self._persist(lambda: place(moved, elsewhere, ()))
            return replace(message, chat=moved)
        return message

    async def _persist(self, attempt: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Try again what may succeed soon. Raises the last error."""
        for pause in islice(delays(0.5, _PATIENCE), _TRIES - 1):
            try:
                return await _to_its_end(attempt())
            except AdapterError as exc:
                wait = pause if exc.retry_after is None else exc.retry_after
                if not exc.retryable or wait > _PATIENCE:
                    raise
                logger.warning("not sent, again in %.1f s: %s", wait, exc)
            await asyncio.sleep(wait)
        return await _to_its_end(attempt())

    async def _own_up(self, adapter: Adapter[Any], message: Message, conversation: Conversation) -> NoReturn:
        """Tell the chat that its answer may be missing. Raises `Unconfirmed` once it was told."""
        text = Sentence.UNCONFIRMED.say(language_of(message, conversation.language))

        async def tell() -> None:
            # Should the outcome of this be unknown as well, it is not said twice either.
            with contextlib.suppress(Unconfirmed):
                await _send(adapter, message.chat, Reply(text, question=message.id))

        await self._persist(tell)
        raise Unconfirmed(
            "no answer came when a piece was sent: it may have arrived; `gateway dead retry` sends it again"
        )

    async def _apologise(
        self, adapter: Adapter[Any], message: Message, conversation: Conversation, error: Rejected
    ) -> None:
        """Tell the chat that its answer was refused by the platform; the operator finds the id in the log."""
        id = uuid.uuid4().hex[:8]
        logger.error("error %s: the platform refuses the answer: %s", id, error)
        text = Sentence.UNDELIVERABLE.say(language_of(message, conversation.language), id=id)
        try:
            await adapter.send(message.chat, Reply(text, question=message.id))
        except AdapterError as exc:
            logger.warning("nor could the chat be told: %s", exc)


async def _to_its_end(sending: Coroutine[Any, Any, None]) -> None:
    """Send, also where we are cancelled: else a message of ours would be there of which we do not know."""
    task = asyncio.create_task(sending)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=LAST_WAIT)
        await cancel(task)
        raise


async def _surely(write: Callable[[], Awaitable[None]]) -> None:
    """Write down what was sent, as soon as the database takes it: else that would be sent once more."""
    for pause in delays(0.5, _PATIENCE):
        try:
            await write()
        except StoreError as exc:
            logger.error("cannot write down what was sent, again in %.1f s: %s", pause, exc)
            await asyncio.sleep(pause)
        else:
            return


async def _show(adapter: Adapter[Any], chat: Chat, piece: Reply, receipts: Sequence[str]) -> Receipt:
    """Put a piece into the message where it belongs, if there is one; into a new one where that is gone."""
    for receipt in map(Receipt, receipts):
        try:
            await adapter.edit(chat, receipt, piece)
        except Rejected as exc:
            logger.info("the message cannot be changed any more, sending anew: %s", exc)
        else:
            return receipt
    return await _send(adapter, chat, piece)


async def _send(adapter: Adapter[Any], chat: Chat, piece: Reply) -> Receipt:
    """Send one message. Raises `Unconfirmed`, which no one tries again, where it may have arrived."""
    try:
        return await adapter.send(chat, piece)
    except OutcomeUnknown as exc:
        raise Unconfirmed(str(exc)) from exc


def _first(adapter: Adapter[Any], message: Message, conversation: Conversation) -> Reply:
    """How the first piece of an answer refers to its question."""
    if message.chat.kind == "private":
        return Reply("", question=message.id)
    style = conversation.group_reply
    if style == "quote" and not adapter.capabilities.quote:
        style = "mention"
    return Reply(
        "",
        question=message.id,
        reply_to=message.id if style == "quote" else None,
        mention=message.sender if style == "mention" else None,
    )


async def _pieces(
    adapter: Adapter[Any], message: Message, conversation: Conversation, answer: Answer
) -> list[Reply]:
    """The answer as messages, or as a file where it is to be one; the first refers to the question."""
    first = _first(adapter, message, conversation)
    if answer.file and adapter.capabilities.files:
        return [replace(first, file=Attachment(answer.file, answer.text.encode()))]
    pieces = await present(answer.text, adapter.capabilities, answer.prefix)
    last = len(pieces)
    replies = [
        Reply(piece.text, piece.entities, message.id, more=number < last)
        for number, piece in enumerate(pieces, 1)
    ]
    replies[:1] = [replace(reply, reply_to=first.reply_to, mention=first.mention) for reply in replies[:1]]
    return replies
