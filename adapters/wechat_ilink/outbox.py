"""Sending to people: to each in order, within what WeChat allows, or not at all."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from adapters.wechat_ilink.api import Api
from adapters.wechat_ilink.cdn import Cdn
from adapters.wechat_ilink.errors import BadArgument, NotNow
from adapters.wechat_ilink.limits import Limits
from adapters.wechat_ilink.outgoing import (
    ClientIds,
    file_item,
    interrupted,
    kind_of,
    message,
    text_item,
)
from adapters.wechat_ilink.people import People
from gateway import Reply
from gateway.errors import AdapterError, ChatGone, OutcomeUnknown, WindowClosed

log = logging.getLogger(__name__)

T = TypeVar("T")

# A message may be refused for its context token. So it is tried with the newest one, again with what is the
# newest by then, and at last without.
_WITH_TOKEN = (True, True, False)
# A refusal does not tell whether it is for the pace; that would pass by itself within this (seconds), as
# reported in https://github.com/Tencent/openclaw-weixin/issues/270.
_PACE_FORGOTTEN = 1800.0
_WITH = {True: "with", False: "without"}


class Outbox:
    """Sends replies. Raises `AdapterError`, of which `WindowClosed`: the person must write first."""

    def __init__(self, api: Api, cdn: Cdn, people: People, limits: Limits) -> None:
        self._api = api
        self._cdn = cdn
        self._people = people
        self._limits = limits
        self._ids = ClientIds(uuid.uuid4().hex)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._gives_ids = False

    async def send(self, user: str, reply: Reply) -> str:
        """Send *reply*, a file behind its text; WeChat's id of the last message, or ours."""
        lock = self._locks.setdefault(user, asyncio.Lock())
        async with lock:
            return await self._checked(user, self._send(user, reply))

    async def _send(self, user: str, reply: Reply) -> str:
        if reply.file is None:
            item = text_item(reply.text)
            return await self._put(user, item, self._ids.make(user, reply), more=reply.more)
        # All of it or nothing: what is tried again would show the text twice.
        await self._people.find(user, room=2 if reply.text else 1)
        kind = kind_of(reply.file)
        sealed, name = await self._cdn.upload(reply.file, kind, user)
        if reply.text:
            await self._put(user, text_item(reply.text), self._ids.make(user, reply))
        item = file_item(reply.file, kind, sealed, name)
        return await self._put(user, item, self._ids.make(user, reply, reply.file))

    async def _put(self, user: str, item: dict[str, Any], client_id: str, *, more: bool = False) -> str:
        """Send one message. Refused, it is tried again as it may be taken, and then waits for the person."""
        for with_token in _WITH_TOKEN:
            try:
                id = await self._try(user, item, client_id, more=more, with_token=with_token)
            except NotNow as exc:
                log.info("WeChat does not take a message now, %s a context token: %s", _WITH[with_token], exc)
            else:
                return self._taken(id, client_id)
        (await self._people.find(user)).forget_older()
        raise WindowClosed("WeChat takes no more messages until the person writes", _PACE_FORGOTTEN)

    async def _try(
        self, user: str, item: dict[str, Any], client_id: str, *, more: bool, with_token: bool
    ) -> str:
        await self._limits.admit(user)
        person = await self._people.find(user)
        shown = interrupted(item) if more and self._people.room(person) == 1 else item
        leave = await self._people.spend(user, person)
        token = leave.token if with_token else ""
        try:
            return await self._api.send(message(user, shown, client_id, token))
        except OutcomeUnknown:
            raise  # it may have been sent, so it counts
        except AdapterError:
            leave.sent -= 1
            raise

    def _taken(self, id: str, client_id: str) -> str:
        """The id of a message that was taken.

        One without an id was taken and is not shown, as far as is known from
        https://github.com/Tencent/openclaw-weixin/issues/287, so it waits like one that was refused. Where
        ids are never given, that says nothing, and whatever is taken counts as sent.
        """
        if not id and self._gives_ids:
            raise WindowClosed("WeChat took the message, but will not show it")
        self._ids.sent(client_id)
        if not id:
            log.warning("WeChat took a message without giving it an id: the person may not see it")
            return client_id
        self._gives_ids = True
        return id

    async def _checked(self, user: str, sending: Awaitable[T]) -> T:
        """What *sending* gives. Raises `ChatGone` where it is not the message that is refused."""
        try:
            return await sending
        except BadArgument:
            if await self._is_gone(user):
                raise ChatGone("there is nobody any more with this id") from None
            raise

    async def _is_gone(self, user: str) -> bool:
        """True where whatever is asked about *user* is refused."""
        try:
            await self._api.typing_ticket(user, "")
        except BadArgument:
            return True
        except AdapterError as exc:
            log.debug("cannot ask whether the person is there: %s", exc)
        return False
