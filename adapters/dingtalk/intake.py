"""What both ways of receiving end in: read, remembered how to answer, handed over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from adapters.dingtalk.parse import Account, parse
from adapters.dingtalk.ways import Ways
from gateway import Receive


class Intake:
    """Takes messages as DingTalk writes them."""

    def __init__(self, me: Account, ways: Ways, receive: Receive) -> None:
        self._me = me
        self._ways = ways
        self._receive = receive

    async def take(self, payloads: Iterable[Any]) -> None:
        """Return once all of *payloads* is durable. Raises `InboxError`, `StoreError`."""
        found = [incoming for payload in payloads if (incoming := parse(payload, self._me))]
        for incoming in found:
            await self._ways.learn(incoming.message, incoming.way)
        if found:
            await self._receive([incoming.message for incoming in found])
