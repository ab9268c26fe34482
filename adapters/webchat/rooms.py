"""The conversations: who asks what, what the pages are told of it, what is shown when one is opened."""

from __future__ import annotations

import secrets
import time
from dataclasses import asdict
from typing import Any

from adapters.webchat.book import Book
from adapters.webchat.feed import Feed
from adapters.webchat.history import CONTROLS, control, merge, question_of
from adapters.webchat.live import Event, Talks
from adapters.webchat.place import Place
from gateway import Host, Message, Receive, Sender, Text
from gateway.errors import InboxError, StoreError


class NotAnswered(Exception):
    """What is to be answered again was not answered by the model last: it must be asked anew."""


class Rooms:
    """Everything that is said on one channel, in and out."""

    def __init__(self, host: Host) -> None:
        self.book = Book(host)
        self.talks = Talks()
        self.feed = Feed()
        self.receive: Receive | None = None
        self._host = host

    def publish(self, place: Place, type: str, **what: Any) -> None:
        """Tell the open pages of a visitor what happens in a conversation."""
        self.feed.publish(place.visitor, {"type": type, "conversation": place.conversation, **what})

    async def say(self, place: Place, id: str, text: str, language: str) -> None:
        """Take a message in; it is durable when this returns.

        Raises `InboxError`, `StoreError`, and `NotAnswered`: the model's last answer is not the one to renew.
        """
        receive = self.receive
        if receive is None:
            raise InboxError("the channel does not listen")
        now = time.time()
        steering, about = control(id), question_of(id)
        kind = steering.kind if steering else ""
        answered = await self._answered_by_the_model(place)
        if kind == "retry" and about not in answered[-1:]:
            raise NotAnswered
        if not kind:
            # Before the message: its answer needs a conversation to go to.
            entry = await self.book.touch(place.visitor, place.conversation, text, now)
            self.publish(place, "listed", entry=asdict(entry))
        message = Message(
            id, place.chat(self._host.name), Sender(place.visitor), (Text(text),), now, language=language
        )
        if kind in ("stop", "forget") or (not kind and id in answered):
            await receive([message])  # nothing comes of it that a page must wait for
        else:
            await self._ask(receive, place, message)

    async def _ask(self, receive: Receive, place: Place, message: Message) -> None:
        """Hand over a message that is answered, and tell the pages that it is asked."""
        talk, steering = self.talks[place], control(message.id)
        known = message.id in talk.exchanges
        if steering is None:
            exchange = talk.ask(message.id, message.text, message.time)
        else:
            exchange = talk.again(steering.about, message.time)
        try:
            await receive([message])
        except InboxError:
            if not known:
                talk.drop(exchange.id)
            raise
        # An answer may have been faster, and then says all there is to say.
        if exchange.open:
            question = None if steering else message.text
            self.publish(place, "asked", id=exchange.id, question=question, time=exchange.time)

    async def _answered_by_the_model(self, place: Place) -> list[str]:
        """The ids of the questions whose answers are in the transcript, in order."""
        transcript = await self._host.transcript(place.chat(self._host.name))
        return [question_of(said.id) for said in transcript if said.author == "bot"]

    async def answered(self, place: Place, id: str) -> None:
        """An answer was sent: what the transcript has need not be remembered here."""
        try:
            transcript = await self._host.transcript(place.chat(self._host.name))
        except StoreError:
            return  # remembered twice, then
        self.talks[place].shorten(id, transcript)

    async def history(self, place: Place) -> Event:
        """A conversation as it stands; `seq` is the last event that is surely in it. Raises `StoreError`."""
        seq = self.feed.seq
        if place.conversation not in await self.book.entries(place.visitor):
            return {"seq": seq, "exchanges": []}
        transcript = await self._host.transcript(place.chat(self._host.name))
        exchanges = merge(transcript, self.talks[place].exchanges.values())
        return {"seq": seq, "exchanges": [exchange.view() for exchange in exchanges]}

    async def conversations(self, visitor: str) -> Event:
        """The conversations of a visitor, the newest first. Raises `StoreError`."""
        entries = sorted((await self.book.entries(visitor)).values(), key=lambda entry: -entry.time)
        return {"seq": self.feed.seq, "conversations": [asdict(entry) for entry in entries]}

    async def remove(self, place: Place) -> bool:
        """Delete a conversation and what is stored of it; false where there is none.

        Raises `InboxError` or `StoreError`.
        """
        if place.conversation not in await self.book.entries(place.visitor):
            return False
        for kind in ("stop", "forget"):
            id = f"{kind}.{place.conversation}.{secrets.token_urlsafe(16)}"
            await self.say(place, id, CONTROLS[kind], "")
        removed = await self.book.remove(place.visitor, place.conversation)
        self.talks.forget(place)
        self.publish(place, "deleted")
        return removed
