"""The web chat channel: what pages say, and what goes to them."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Iterable

from aiohttp import web

from adapters.webchat.door import Door
from adapters.webchat.history import control, question_of
from adapters.webchat.place import Place
from adapters.webchat.rooms import Rooms
from adapters.webchat.visitors import Visitors
from gateway import Adapter, Capabilities, ChannelState, Chat, Host, Options, Receipt, Receive, Reply
from gateway.errors import ChatGone, NetworkError, Rejected


class WebChatOptions(Options):
    """There is nothing to configure: where the page is, and who may see it, is the web server's."""

    def chat(self, channel: str, id: str) -> Chat:
        """See `Options.chat`: a conversation of a visitor's."""
        chat = Chat(channel, id)
        if Place.of(chat) is None:
            raise ValueError(f'"{id}" is no conversation: /status there tells which one it is')
        return chat


class WebChat(Adapter[WebChatOptions]):
    """A page for people with a browser."""

    options_type = WebChatOptions
    # The page renders Markdown itself and has no limit; one is here so that a mistake has an end.
    capabilities = Capabilities(
        max_length=1_000_000,
        markup="markdown",
        draft=frozenset({"private"}),
        preview_seconds=0.1,
        typing=True,
    )

    def __init__(self, host: Host, options: WebChatOptions) -> None:
        super().__init__(host, options)
        self._rooms = Rooms(host)
        self._door = Door(self._rooms, Visitors(host))
        self._closed = False

    async def run(self, receive: Receive) -> None:
        """See `Adapter.run`."""
        self._rooms.receive = receive
        self.host.report(ChannelState.UP)
        try:
            await asyncio.Event().wait()
        finally:
            self._rooms.receive = None

    async def close(self) -> None:
        """See `Adapter.close`."""
        self._closed = True
        self._rooms.feed.close()

    async def send(self, chat: Chat, reply: Reply) -> Receipt:
        """See `Adapter.send`. Nobody need be looking: who comes later reads the transcript."""
        if len(reply.text) > self.capabilities.max_length:
            raise Rejected("the text is longer than a page shows")
        receipt = uuid.uuid4().hex
        place = await self._place(chat, reply)
        if place is None:
            return Receipt(receipt)
        talk = self._rooms.talks[place]
        steering = control(reply.question)
        if steering and steering.kind == "forget":
            return Receipt(receipt)  # the conversation goes any moment
        if steering and steering.kind == "stop":
            talk.close(steering.about)
            self._rooms.publish(place, "closed", id=steering.about, text=reply.text)
            return Receipt(receipt)
        id = question_of(reply.question) or receipt
        view = talk.answer(id, reply.question or receipt, reply.text, time.time())
        self._rooms.publish(place, "exchange", exchange=view)
        await self._rooms.answered(place, id)
        return Receipt(receipt)

    async def draft(self, chat: Chat, number: int, reply: Reply) -> None:
        """See `Adapter.draft`."""
        place = await self._place(chat, reply)
        if place is None:
            return
        id = question_of(reply.question) or f"draft-{number}"
        growth = self._rooms.talks[place].grow(id, reply.text, time.time())
        self._rooms.publish(place, "growth", **growth)

    async def typing(self, chat: Chat) -> None:
        """See `Adapter.typing`."""
        place = await self._place(chat, Reply(""))
        if place is not None:
            self._rooms.publish(place, "typing")

    def routes(self) -> Iterable[web.RouteDef]:
        """See `Adapter.routes`: the page is at ``/``, what it asks for below ``/chat``."""
        return self._door.routes()

    async def _place(self, chat: Chat, reply: Reply) -> Place | None:
        """Where *chat* is; None where it was deleted and *reply* answers what was asked before.

        Nobody waits for that any more. Raises `ChatGone`: it was deleted; `NetworkError`: we are closed.
        """
        if self._closed:
            raise NetworkError("the web chat is closed")
        place = Place.of(chat)
        if place is not None and place.conversation in await self._rooms.book.entries(place.visitor):
            return place
        if place is not None and reply.question:
            return None
        raise ChatGone("the conversation was deleted")
