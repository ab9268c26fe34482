"""Batches of messages made durable, together with what it takes to answer them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from adapters.wechat_ilink.parse import Account, FromGroup, parse, said
from adapters.wechat_ilink.people import Heard, People
from adapters.wechat_ilink.recent import Recent
from gateway import Message, Receive

log = logging.getLogger(__name__)

_MOST_GROUPS = 1000  # that are told of, once each


class Intake:
    """Takes what polls bring."""

    def __init__(self, me: Account, people: People, recent: Recent, receive: Receive) -> None:
        self._me = me
        self._people = people
        self._recent = recent
        self._receive = receive
        self._groups: set[str] = set()

    async def take(self, payloads: Sequence[Any], cursor: str | None) -> None:
        """Hand over *payloads* with *cursor*. Raises `InboxError` or `StoreError`: again, please.

        The context tokens come first, for the answer may be quicker than this method's end. A token without
        its message does no harm: the message comes again.
        """
        messages: list[Message] = []
        heard: list[Heard] = []
        for payload in payloads:
            parsed = parse(payload, self._me, self._recent.find)
            if isinstance(parsed, FromGroup):
                self._ignore(parsed.group)
            elif parsed is not None:
                heard.append(parsed.heard)
                if parsed.message is not None:
                    messages.append(parsed.message)
                    self._recent.remember(parsed.message.id, said(parsed.message))
        await self._people.hear(heard)
        await self._receive(messages, cursor)

    def _ignore(self, group: str) -> None:
        if group not in self._groups and len(self._groups) < _MOST_GROUPS:
            self._groups.add(group)
            log.warning("messages in the group %.60r are left out: iLink is for private chats", group)
