"""What WeChat is answered, and when: at once, as soon as there is an answer, or not, so that it asks again.

WeChat waits five seconds for an answer, three times; then, or at anything that is no answer, it tells the
person that the account is out of order.
https://developers.weixin.qq.com/doc/subscription/guide/product/message/Passive_user_reply_message.html
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from adapters.wechat_official.exchanges import Exchange, Exchanges
from adapters.wechat_official.followers import Followers
from adapters.wechat_official.service import AFTER_CLICK, AFTER_MESSAGE, Service
from adapters.wechat_official.shelf import Shelf
from adapters.wechat_official.visit import WRITE_SECONDS, Visit
from adapters.wechat_official.wording import Words, language_of
from gateway import Message, Receive
from gateway.errors import InboxError, StoreError
from gateway.health import Health

_LAST_AFTER = 9.0
"""Seconds after the message from which on WeChat asks for the last time, however often it has reached us."""


class Closed(InboxError):
    """There is nobody who could make a message durable."""


class Desk:
    """Answers visits. `receive` makes messages durable; None while there is nobody who does."""

    def __init__(
        self,
        exchanges: Exchanges,
        shelf: Shelf,
        service: Service,
        followers: Followers,
        health: Health,
    ) -> None:
        self.receive: Receive | None = None
        self._exchanges = exchanges
        self._shelf = shelf
        self._service = service
        self._followers = followers
        self._health = health

    async def serve(self, visit: Visit, message: Message) -> None:
        """Answer *visit*, which brings *message*. Raises `InboxError`, `StoreError`: nothing was answered."""
        person = visit.incoming.person
        clicked = visit.incoming.kind == "click"
        self._followers.came(person)
        exchange = self._exchanges.get(person, message.id)
        exchange.asked(visit.gone, last=visit.age >= _LAST_AFTER)
        if exchange.tries == 1:
            self._service.heard(person, AFTER_CLICK if clicked else AFTER_MESSAGE)
        if exchange.fetches is None:
            exchange.fetches = not clicked and await self._fetches(person, message)
        if not exchange.fetches or not await self._fetch(visit, exchange, message):
            await self._ask(visit, exchange, message)

    async def _fetches(self, person: str, message: Message) -> bool:
        """Whether *message* fetches an answer. A command never does, and ends the waiting for one."""
        kept = await self._shelf.look(person)
        if kept.text_for(message.id) is not None:
            return True
        if not _is_command(message.text):
            return kept.fetchable
        await self._shelf.forget_promises(person)
        return False

    async def _fetch(self, visit: Visit, exchange: Exchange, message: Message) -> bool:
        """Answer what is fetched, when it is there. False where nothing is to come: it is a question."""
        person = visit.incoming.person
        while not await self._hand_over(visit, exchange, message):
            kept = await self._shelf.look(person)
            if not kept.promised:
                exchange.fetches = False
                return False
            if not await visit.news():
                if exchange.last or visit.closing:
                    await visit.say(Words.NOT_READY.say(kept.language))
                else:
                    await visit.silence()
                break
        return True

    async def _ask(self, visit: Visit, exchange: Exchange, message: Message) -> None:
        """Have *message* answered, by the first of what waits for the person, or by what comes in time."""
        person = visit.incoming.person
        await self._keep(visit, exchange, message)
        if exchange.last and self._service.allowed is None:
            await self._find_out(visit)
        while True:
            if exchange.text is not None:
                await self._say(visit, exchange, message.id, exchange.text)
                return
            waits = await self._waits(person, exchange, message)
            if waits and await self._hand_over(visit, exchange, message):
                return
            if exchange.over and (exchange.complete or self._service.allowed):
                visit.accept()  # the answer came on another way, or will
                return
            if not await visit.news():
                break
        if exchange.last or visit.closing:
            await self._last_word(visit, exchange, message)
        else:
            await visit.silence()

    async def _waits(self, person: str, exchange: Exchange, message: Message) -> bool:
        """Whether something waits for *person* that takes the place of the answer to *message*.

        A command may be to drop what waits: it is seen once there is its answer.
        """
        kept = await self._shelf.look(person)
        if kept.text_for(message.id) is not None:
            return True
        if not kept.pieces or (_is_command(message.text) and not exchange.over):
            return False
        await self._promise(exchange, message)
        return True

    async def _keep(self, visit: Visit, exchange: Exchange, message: Message) -> None:
        """Make *message* durable while WeChat waits. Raises `InboxError`."""
        if exchange.durable:
            return
        if self.receive is None:
            raise Closed("the channel is not running")
        try:
            async with asyncio.timeout_at(visit.deadline):
                await self.receive([message])
        except TimeoutError as exc:
            raise InboxError("the message was not stored in time") from exc
        exchange.durable = True
        self._health.up()

    async def _find_out(self, visit: Visit) -> None:
        """Learn before the last word whether we may write by ourselves."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(visit.deadline):
                await self._service.find_out(visit.incoming.person)

    async def _say(self, visit: Visit, exchange: Exchange, id: str, text: str) -> None:
        # It may be lost on its way, and we may be gone when WeChat asks again.
        await self._shelf.note(visit.incoming.person, id, text)
        exchange.saying(asyncio.get_running_loop().time() + 2 * WRITE_SECONDS)
        if await visit.say(text):
            exchange.said()

    async def _hand_over(self, visit: Visit, exchange: Exchange, message: Message) -> bool:
        """Answer the first of what waits for the person; false where nothing does."""
        text = await self._shelf.take(visit.incoming.person, message.id)
        if text is None:
            return False
        if not text:
            visit.accept()
        elif not await visit.say(text) and exchange.last:
            await self._shelf.put_back(visit.incoming.person, message.id)
        return True

    async def _last_word(self, visit: Visit, exchange: Exchange, message: Message) -> None:
        """WeChat does not ask again: the answer comes by customer service, can be fetched, or never comes."""
        if self._service.allowed is None:
            await self._find_out(visit)
        if self._service.allowed:
            exchange.end()
            visit.accept()
            return
        promised = await self._promise(exchange, message)
        if await self._hand_over(visit, exchange, message):
            return
        if promised:
            await visit.say(Words.FETCH.say(language_of(message.text)))
        else:
            visit.accept()

    async def _promise(self, exchange: Exchange, message: Message) -> bool:
        """The answer to *message* can only be fetched from now on, which the person is about to be told.

        False where there is none to come: it was stopped, or is part of another question.
        """
        exchange.end()
        person = message.chat.id
        try:
            promised = await self._shelf.promise(person, message.id, language_of(message.text))
        except StoreError:
            exchange.reopen()  # nobody is told
            raise
        if exchange.complete:  # it has come meanwhile
            await self._shelf.settle(person, message.id)
        return promised


def _is_command(text: str) -> bool:
    """True for what is said to the gateway itself; WeChat writes its old smileys as "/:rose"."""
    return text.startswith("/") and text[1:2].isalpha()
