"""A responder with all it touches: a platform in memory, a database, a simulated model on a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr

from gateway import commands
from gateway.adapter import Capabilities
from gateway.asking import Asker
from gateway.backend.base import ModelOptions
from gateway.backend.models import Answer as Completion
from gateway.backend.models import Models
from gateway.commands import Tools
from gateway.conversation import Conversation
from gateway.delivery import Delivery
from gateway.dispatcher import Dispatcher
from gateway.inbox import EmbeddedInbox
from gateway.limiter import Limiter
from gateway.message import Chat, Event, Message, Moved, Recalled, Sender, Text
from gateway.moderation import Moderator
from gateway.responder import Responder
from gateway.stops import Overtaken, Stops
from gateway.store.archive import Archive
from gateway.store.database import Database, Work
from gateway.store.store import Store
from gateway.store.summaries import Summaries
from gateway.summary import Summariser
from tests.adapters.memory import MemoryAdapter
from tests.noon import NOON
from tests.servers.model import ModelServer
from tests.words import ANN, PRIVATE, said

T = TypeVar("T")

ABLE = Capabilities(max_length=2000, edit=True, preview_seconds=0.02, group_preview_seconds=0.02)


class CountingDatabase(Database):
    """A database that counts what it is given to do."""

    submitted = 0

    def submit(self, work: Work[T]) -> asyncio.Future[T]:
        self.submitted += 1
        return super().submit(work)


class Scene:
    """What a test changes: `talk`, `adapter.capabilities`, `model`, `moderator`, `limiter`."""

    def __init__(self, folder: Path, database: CountingDatabase, model: ModelServer, models: Models) -> None:
        self.adapter = MemoryAdapter(folder, ABLE)
        self.database = database
        self.model = model
        self.models = models
        self.store, self.archive = Store(database, NOON), Archive(database, NOON)
        self.stops = Stops()
        self.drop: Callable[[Chat], Awaitable[bool]] = _nothing_waits
        self.talk = Conversation(session_timeout=3600)
        self.moderator: Moderator | None = None
        self.limiter: Limiter | None = None
        self.summariser = Summariser(Summaries(database), models, self._book)
        self._ids = count(1)

    @property
    def asker(self) -> Asker:
        return Asker(self.store, self.models, self.summariser, self.moderator)

    async def _book(self, message: Message, completion: Completion) -> None:
        await self.asker.book(message, completion)

    async def respond(self, message: Message) -> None:
        async def moved(event: Moved) -> None:
            raise AssertionError("nobody moves here")

        talks = {"shop": self.talk}
        delivery = Delivery({"shop": self.adapter}, self.store, moved)
        tools = Tools(self.store, self.archive, self.stops, self.models, self.drop)
        limiter = self.limiter or Limiter(talks, self.store)
        await Responder(talks, tools, self.asker, limiter, delivery).respond(message)

    def message(self, text: str, where: Chat = PRIVATE, who: Sender = ANN, **more: object) -> Message:
        """A new message; in a group, one that is meant for us unless something else is said."""
        known: dict[str, object] = {"mentioned": where.kind == "group"} | more
        return said(text, str(next(self._ids)), where, who, **known)  # type: ignore[arg-type] # passed on

    async def say(self, text: str, where: Chat = PRIVATE, who: Sender = ANN, **more: object) -> str:
        """What comes back, or "" where nothing does."""
        before = len(self.adapter.messages)
        await self.respond(self.message(text, where, who, **more))
        new = self.adapter.messages[before:]
        assert len(new) <= 1, new
        return new[0].reply.text if new else ""

    async def ask(self, text: str, where: Chat = PRIVATE, who: Sender = ANN) -> Message:
        """Ask, and have the answer; returns the question."""
        message = self.message(text, where, who)
        await self.respond(message)
        return message

    async def correct(self, message: Message, text: str) -> None:
        """The author of *message* edits it, and it is worked."""
        await self.respond(correction(message, text, next(self._ids)))

    def asked(self, number: int = -1) -> list[tuple[str, str]]:
        """The turns that the model was sent."""
        return [(turn["role"], turn["content"]) for turn in self.model.requests[number].body["messages"]]

    async def history(self, where: Chat = PRIVATE, who: Sender = ANN) -> list[str]:
        record = await self.store.open(said("?", "unknown", where, who), self.talk.group_context)
        return [turn.text for turn in record.turns()]


async def _nothing_waits(chat: Chat) -> bool:
    return False


def correction(message: Message, text: str, number: int = 1) -> Message:
    """*message* as its author edited it."""
    return replace(message, id=f"{message.id}~{number}", parts=(Text(text),), edit_of=message.id)


@asynccontextmanager
async def staged(folder: Path, context_tokens: int = 8000) -> AsyncIterator[Scene]:
    """Entered again with the same *folder*: what is there after a restart."""
    async with ModelServer() as model, CountingDatabase(folder / "gateway.db") as database:
        key, url = SecretStr("sk-test"), model.base_url
        options = {
            "default": ModelOptions(model="test", api_key=key, base_url=url, context_tokens=context_tokens),
            "cheap": ModelOptions(model="cheap-1", api_key=key, base_url=url),
        }
        models = Models(options, tries=1)
        scene = Scene(folder, database, model, models)
        try:
            yield scene
        finally:
            await scene.summariser.aclose()
            await models.aclose()


class Line:
    """The way from the platform to the responder: an inbox that a dispatcher works off.

    `begun`: the texts whose author was waited for.
    """

    def __init__(self, scene: Scene, inbox: EmbeddedInbox, merge: float) -> None:
        self.scene = scene
        self.inbox = inbox
        self.merge = merge
        self.begun: list[str] = []

    def merging(self, message: Message) -> float:
        if commands.find(message.text):
            return 0.0
        self.begun.append(message.text)
        return self.merge

    async def put(self, *events: Event) -> None:
        await self.inbox.put("shop", events)

    async def recall(self, message: Message) -> None:
        await self.put(Recalled(message.chat, message.id))

    async def idle(self) -> None:
        """Wait until everything is dealt with."""
        async with asyncio.timeout(10):
            await self.inbox.idle()


@asynccontextmanager
async def working(scene: Scene, merge: float = 0.0) -> AsyncIterator[Line]:
    """A line at work; what is not done when it ends is left, as in a crash."""

    def overtaken(message: Message) -> None:
        scene.stops.stop(commands.lane(message), Overtaken)

    async def drop(chat: Chat) -> bool:
        return await inbox.drop(chat.key)

    inbox = EmbeddedInbox(scene.database, commands.lane, overtaken=overtaken)
    scene.drop = drop
    line = Line(scene, inbox, merge)
    dispatcher = Dispatcher(inbox, scene.respond, line.merging)
    task = asyncio.create_task(dispatcher.run())
    try:
        yield line
    finally:
        task.cancel()
        await asyncio.wait({task})
        await dispatcher.close(0)
