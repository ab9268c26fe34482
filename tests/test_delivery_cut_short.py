"""An answer that is not wanted any more while it is being sent: what the platform has is known."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.conversation import Conversation
from gateway.delivery import Delivery
from gateway.errors import OutcomeUnknown
from gateway.message import Chat, Moved, Receipt, Reply
from gateway.store.answers import Answer
from gateway.store.database import Database
from gateway.store.store import Store
from tests.adapters.memory import MemoryAdapter
from tests.words import said


class SlowToConfirm(MemoryAdapter):
    """A platform that shows a message at once and says so later."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.shown = asyncio.Event()
        self.confirmed = asyncio.Event()

    async def send(self, chat: Chat, reply: Reply) -> Receipt:
        receipt = await super().send(chat, reply)
        self.shown.set()
        await self.confirmed.wait()
        return receipt


async def test_a_piece_that_is_on_its_way_is_known_though_it_is_cut_short(tmp_path: Path) -> None:
    async def moved(event: Moved) -> None:
        """Nothing moves here."""

    message, adapter = said("question"), SlowToConfirm(tmp_path)
    async with Database(tmp_path / "gateway.db") as database:
        store = Store(database)
        answer = Answer("one\n\n" + "word " * 10)
        await store.commit(message, answer)
        delivery = Delivery({"shop": adapter}, store, moved)
        sending = asyncio.create_task(delivery.deliver(message, Conversation(), answer))
        await adapter.shown.wait()
        sending.cancel()
        asyncio.get_running_loop().call_later(0.05, adapter.confirmed.set)
        with pytest.raises(asyncio.CancelledError):
            await sending
        kept = (await store.open(message)).answer
    assert kept is not None
    assert (kept.sent, list(kept.receipts)) == (1, [adapter.messages[0].id])
    assert len(adapter.messages) == 1


class SlowToFail(SlowToConfirm):
    """A platform that shows a message, and whose connection breaks before it says so."""

    async def send(self, chat: Chat, reply: Reply) -> Receipt:
        await super().send(chat, reply)
        raise OutcomeUnknown("the connection was reset")


async def test_a_piece_that_may_have_arrived_is_doubtful_though_it_is_cut_short(tmp_path: Path) -> None:
    """Regression: stopped at that moment, the gateway sent the piece once more after the next start."""

    async def moved(event: Moved) -> None:
        """Nothing moves here."""

    message, adapter = said("question"), SlowToFail(tmp_path)
    async with Database(tmp_path / "gateway.db") as database:
        store = Store(database)
        answer = Answer("one")
        await store.commit(message, answer)
        delivery = Delivery({"shop": adapter}, store, moved)
        sending = asyncio.create_task(delivery.deliver(message, Conversation(), answer))
        await adapter.shown.wait()
        sending.cancel()
        asyncio.get_running_loop().call_later(0.05, adapter.confirmed.set)
        with pytest.raises(asyncio.CancelledError):
            await sending
        kept = (await store.open(message)).answer
    assert kept is not None
    assert kept.doubtful
