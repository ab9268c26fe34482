"""How an answer reaches a person: in a response to WeChat, by customer service, or fetched by the person."""

from __future__ import annotations

import asyncio

from adapters.wechat_official.errors import NoPermission
from adapters.wechat_official.exchanges import Exchange, Exchanges
from adapters.wechat_official.service import Service
from adapters.wechat_official.shelf import Shelf
from adapters.wechat_official.wording import Words, language_of
from gateway import Reply

# What is said in a response and what is said by customer service reach WeChat on two ways: so many seconds
# apart, the first is the first.
_APART = 0.5


class Outgoing:
    """Takes each piece the first way that is open."""

    def __init__(self, exchanges: Exchanges, shelf: Shelf, service: Service) -> None:
        self._exchanges = exchanges
        self._shelf = shelf
        self._service = service

    async def send(self, person: str, reply: Reply) -> None:
        """Return when *person* has got *reply*, it waits to be fetched, or is not wanted any more.

        Raises `AdapterError`, `StoreError`.
        """
        began = asyncio.get_running_loop().time()
        exchange = self._exchanges.find(person, reply.question)
        behind = await self._comes_behind(person, reply, exchange)
        if behind or not await self._delivered(person, reply, exchange):
            await self._shelf.add(person, reply.question, reply.text, more=reply.more, since=began)
        elif not reply.more:
            await self._shelf.settle(person, reply.question)
        if exchange is not None and not reply.more:
            exchange.complete = True

    async def _comes_behind(self, person: str, reply: Reply, exchange: Exchange | None) -> bool:
        """Whether *reply* has to be fetched, for what comes before it has: so all of it stays in order."""
        kept = await self._shelf.look(person)
        if kept.pieces and exchange is not None and not exchange.over:
            await self._shelf.promise(person, reply.question, language_of(reply.text))
            exchange.end()
            return True
        return reply.question in kept.promised

    async def _delivered(self, person: str, reply: Reply, exchange: Exchange | None) -> bool:
        """False where *reply* has to be fetched."""
        if exchange is not None and await self._carried(person, reply, exchange):
            return True
        if self._service.allowed is False:
            return False
        if exchange is not None and exchange.said_at is not None:
            await asyncio.sleep(exchange.said_at + _APART - asyncio.get_running_loop().time())
        try:
            await self._written(person, reply)
        except NoPermission:
            if self._service.allowed:
                raise
            return False
        return True

    async def _carried(self, person: str, reply: Reply, exchange: Exchange) -> bool:
        """Whether a response to WeChat had *reply* in it."""
        if exchange.over:
            return False
        text = reply.text
        if reply.more and not await self._service.find_out(person):
            text = await self._with_a_promise(person, reply)
        return await exchange.carry(text)

    async def _written(self, person: str, reply: Reply) -> None:
        """Write by customer service; the last message that WeChat lets through says that there is more."""
        text = reply.text
        if reply.more and self._service.left(person) == 1:
            text = await self._with_a_promise(person, reply)
        await self._service.send(person, text)

    async def _with_a_promise(self, person: str, reply: Reply) -> str:
        """*reply*'s text, and that the rest can be fetched: durable before it is said."""
        language = language_of(reply.text)
        await self._shelf.promise(person, reply.question, language)
        return reply.text + Words.MORE.say(language)
