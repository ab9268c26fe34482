"""Listening: messages are asked for and made durable, and only then WeChat is asked for more.

The sync key in the next question is what tells WeChat that we have got them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import Any

from adapters.wechat_web import parse
from adapters.wechat_web.contacts import Renamed, is_group
from adapters.wechat_web.errors import SessionLost
from adapters.wechat_web.line import Line
from adapters.wechat_web.online import Online
from adapters.wechat_web.options import WechatWebOptions
from adapters.wechat_web.payloads import RawMessage, RawSync
from adapters.wechat_web.questions import Questions
from adapters.wechat_web.session import Session
from gateway import Chat, Event, Host, Message, Moved, Receive
from gateway.errors import GatewayError
from gateway.health import Health, growing_pauses

log = logging.getLogger(__name__)

_PAUSE_AFTER_NOTHING = 1.0  # seconds


class Sync:
    """Hands over what one login hears."""

    def __init__(
        self,
        host: Host,
        options: WechatWebOptions,
        online: Online,
        line: Line,
        questions: Questions,
    ) -> None:
        self._host = host
        self._options = options
        self._online = online
        self._line = line
        self._questions = questions
        self._renamed: list[Renamed] = []  # of whom nobody was told yet

    async def run(self, receive: Receive, health: Health) -> None:
        """Hand over messages until cancelled. Raises `SessionLost`, and what trying again cannot mend."""
        pauses, proven = growing_pauses(), False
        while True:
            try:
                # Unproven, it is not waited for news: whether it is up is known at once.
                if not proven or await self._is_news():
                    found = await self._turn(receive)
                    if proven and not found:
                        await asyncio.sleep(_PAUSE_AFTER_NOTHING)  # or it would be asked at once, for ever
            except SessionLost:
                raise
            except GatewayError as exc:
                proven = False
                await health.recover(exc, pauses)
            else:
                health.up()
                if proven:
                    pauses = growing_pauses()
                proven = True

    async def _is_news(self) -> bool:
        listener, key = self._online.listener, self._online.session.check_key
        return await self._line.call(lambda: listener.wait(key), listener.cut)

    async def _turn(self, receive: Receive) -> bool:
        """Read what is new until there is no more; whether there was anything."""
        found, more = False, True
        while more:
            before, raw = self._online.session.key, await self._read()
            await self._hand_over(raw, receive)
            moved = self._online.session.key != before
            more = moved and bool(raw.get("ContinueFlag"))
            found |= moved
        return found

    async def _read(self) -> RawSync:
        listener, key = self._online.listener, self._online.session.key
        return await self._line.call(lambda: listener.sync(key), listener.cut)

    async def _hand_over(self, raw: RawSync, receive: Receive) -> None:
        online, contacts = self._online, self._online.contacts
        messages = [message for message in map(parse.read, raw.get("AddMsgList") or ()) if message]
        self._renamed += await online.learn(raw.get("ModContactList") or ())
        for gone in raw.get("DelContactList") or ():
            if isinstance(gone, dict) and isinstance(user := gone.get("UserName"), str):
                contacts.shut(user)
        new = [message for message in messages if message.get("CreateTime", 0) >= online.session.since]
        if len(new) < len(messages):
            log.info("%s: %d old messages are left out", self._host.name, len(messages) - len(new))
        await self._look_up(new)
        events = [*self._moved(), *self._events(new)]
        async with online.writing:
            session = self._advanced(raw, new)
            await receive(events, cursor=session.to_json())
            online.session = session
        if session.waiting:
            online.requested.set()
        self._renamed.clear()
        contacts.forget_former()
        self._note(events)

    def _advanced(self, raw: RawSync, messages: Sequence[RawMessage]) -> Session:
        """The session once *raw* and its new *messages* are read."""
        online = self._online
        groups = filter(is_group, _users(messages, online.contacts.own))
        return online.session.advanced(
            raw,
            online.listener.cookies,
            newest=[message.get("CreateTime", 0) for message in messages],
            groups=[*groups, *_newest_chats(messages)],
            requests=filter(None, map(parse.request, messages)) if self._options.auto_pass else (),
        )

    async def _look_up(self, messages: Sequence[RawMessage]) -> None:
        """Learn who wrote *messages*, and of the groups that the phone tells of."""
        own = self._online.contacts.own
        theirs = [message for message in messages if parse.is_of_people(message, own)]
        members = [
            (message["FromUserName"], parse.author(message))
            for message in theirs
            if is_group(message["FromUserName"])
        ]
        self._renamed += await self._online.look_up([*_users(theirs, own), *_newest_chats(messages)], members)

    def _moved(self) -> Iterable[Moved]:
        for each in self._renamed:
            chat = parse.chat(each.user, self._host.name, self._account, self._online.contacts)
            yield Moved(chat.moved(each.before), each.after)

    def _events(self, messages: Sequence[RawMessage]) -> Iterable[Event]:
        contacts, where = self._online.contacts, (self._host.name, self._account)
        for raw in messages:
            if parse.says_shut(raw):
                contacts.shut(parse.peer(raw, contacts.own))
            event = parse.message(raw, *where, contacts) or parse.recalled(raw, *where, contacts)
            if event is not None and self._listens_to(event.chat):
                contacts.open(raw["FromUserName"])
                yield event

    def _listens_to(self, chat: Chat) -> bool:
        return chat.kind == "private" or self._options.listens_to(chat.title)

    def _note(self, events: Iterable[Event]) -> None:
        """Remember who asked what, for the answers."""
        for event in events:
            if isinstance(event, Message):
                self._questions.note(event)

    @property
    def _account(self) -> str:
        return self._online.session.keys.uin


def _users(messages: Iterable[RawMessage], own: str) -> list[str]:
    """The other sides of the chats that *messages* are in."""
    users: Iterable[Any] = (parse.peer(message, own) for message in messages)
    return [user for user in dict.fromkeys(users) if user.startswith("@")]


def _newest_chats(messages: Iterable[RawMessage]) -> list[str]:
    """The groups that the phone says were written in lately."""
    return [group for message in messages for group in parse.newest_chats(message)]
