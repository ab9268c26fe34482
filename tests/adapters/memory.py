"""A platform that is a few lists in memory: it keeps messages, forgets drafts, and fails when told to."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from gateway import Adapter, Capabilities, Chat, Options, Receipt, Receive, Reply
from gateway.errors import AdapterError, ChatGone, ChatMoved, OutcomeUnknown, Rejected

from .host import FakeHost


@dataclass
class Shown:
    """A message of ours as people see it."""

    id: str
    chat: str
    reply: Reply


@dataclass(frozen=True)
class Call:
    """Something we asked of the platform, and when (the loop's time)."""

    kind: str
    chat: str
    text: str
    time: float


class MemoryAdapter(Adapter[Options]):
    """An adapter that is its own platform.

    `faults`: what happens to the next calls, in order; None is success, `OutcomeUnknown` acts and says
    nothing. `moved`: new ids of chats. `gone`: chats that cannot be written to. `gate`: calls wait while it
    is not set. `heard` is told the number of each call before anything comes of it. `calls`: all that was
    asked, `messages`: what is there.
    """

    def __init__(self, folder: Path, capabilities: Capabilities | None = None, name: str = "shop") -> None:
        super().__init__(FakeHost(folder, name), Options())
        self.capabilities = capabilities or Capabilities(max_length=20)
        self.messages: list[Shown] = []
        self.calls: list[Call] = []
        self.faults: deque[AdapterError | None] = deque()
        self.moved: dict[str, str] = {}
        self.gone: set[str] = set()
        self.gate = asyncio.Event()
        self.gate.set()
        self.heard: Callable[[int], None] = lambda number: None
        self._ids = map(str, count(1))

    async def run(self, receive: Receive) -> None:
        """Nobody says anything by himself."""
        await asyncio.Event().wait()

    async def send(self, chat: Chat, reply: Reply) -> Receipt:
        """Keep a message."""
        unknown = await self._call("send", chat, reply.text)
        shown = Shown(next(self._ids), chat.id, reply)
        self.messages.append(shown)
        if unknown:
            raise unknown
        return Receipt(shown.id)

    async def edit(self, chat: Chat, receipt: Receipt, reply: Reply, *, final: bool = True) -> None:
        """Change a message that is there."""
        unknown = await self._call("edit" if final else "view", chat, reply.text)
        shown = next((shown for shown in self.messages if shown.id == receipt.id), None)
        if shown is None or shown.chat != chat.id:
            raise Rejected("message to edit not found")
        shown.reply = reply
        if unknown:
            raise unknown

    async def delete(self, chat: Chat, receipt: Receipt) -> None:
        """Take a message away."""
        await self._call("delete", chat, receipt.id)
        shown = next((shown for shown in self.messages if shown.id == receipt.id), None)
        if shown is None or shown.chat != chat.id:
            raise Rejected("message to delete not found")
        self.messages.remove(shown)

    async def draft(self, chat: Chat, number: int, reply: Reply) -> None:
        """Show a text being written."""
        assert number > 0
        await self._call("draft", chat, reply.text)

    async def typing(self, chat: Chat) -> None:
        """Show that we are writing."""
        await self._call("typing", chat, "")

    def texts(self, chat: str = "7") -> list[str]:
        """Our messages in a chat as people see them."""
        return [shown.reply.text for shown in self.messages if shown.chat == chat]

    def asked(self, kind: str) -> list[str]:
        """The texts of all calls of one kind."""
        return [call.text for call in self.calls if call.kind == kind]

    async def _call(self, kind: str, chat: Chat, text: str) -> OutcomeUnknown | None:
        self.calls.append(Call(kind, chat.id, text, asyncio.get_running_loop().time()))
        self.heard(len(self.calls))
        await self.gate.wait()
        fault = self.faults.popleft() if self.faults else None
        if fault is not None and not isinstance(fault, OutcomeUnknown):
            raise fault
        if chat.id in self.moved:
            raise ChatMoved("the chat has moved", to=self.moved[chat.id])
        if chat.id in self.gone:
            raise ChatGone("we were blocked")
        return fault
