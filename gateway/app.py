"""Puts the parts together and runs them. The only place that knows every part."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from gateway import commands, metrics
from gateway.adapter import Adapter, Keeper, Receive
from gateway.asking import Asker
from gateway.backend.models import Answer as Completion
from gateway.backend.models import Models
from gateway.channels import Board, Channel, supervise
from gateway.commands import Tools
from gateway.config import Config, Web
from gateway.conversation import Conversation
from gateway.delivery import Delivery
from gateway.dispatcher import Dispatcher
from gateway.inbox import EmbeddedInbox
from gateway.limiter import Limiter
from gateway.message import Chat, Event, Message
from gateway.moderation import Moderator
from gateway.notices import Notices, Wording
from gateway.responder import Responder
from gateway.scheduler import Scheduler
from gateway.showing import LogLine, Screen, Showing
from gateway.stops import Overtaken, Stops
from gateway.store.archive import Archive
from gateway.store.database import Database
from gateway.store.lock import owned
from gateway.store.store import Store
from gateway.store.summaries import Summaries
from gateway.summary import Summariser
from gateway.tasks import cancel
from gateway.texts import language_of_locale
from gateway.web import PAGES, ChannelPages, WebServer


class Gateway:
    """One process of the gateway. *screen*: where logins are shown; without one, a line in the log."""

    def __init__(self, config: Config, screen: Screen | None = None) -> None:
        self._config = config
        self._screen = screen or LogLine()

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until *stopping* is set or no channel has anything more to hear, then stop in order.

        Raises `StoreError` where the data directory cannot be used, `ConfigError` where an address cannot.
        """
        folder = self._config.data_dir
        with owned(folder):
            async with Database(folder / "gateway.db") as database:
                await self._run(database, stopping)

    async def _run(self, database: Database, stopping: asyncio.Event) -> None:
        """Build every part, start the channels last; on the way out stop them first."""
        config = self._config
        board, store, stops = Board(database), Store(database, config.zone), Stops()
        archive = Archive(database, config.zone)
        inbox = EmbeddedInbox(database, commands.lane, overtaken=_overtake(stops))
        conversations = {name: config.conversation(name) for name in config.channels}
        async with AsyncExitStack() as parts:
            models = Models(config.models, config.settings.fallback, config.settings.limits.concurrency)
            parts.push_async_callback(models.aclose)
            adapters = self._adapters(board, archive)
            delivery = _delivery(adapters, store, inbox, board)
            asker = self._asker(parts, database, store, models)
            tools = Tools(store, archive, stops, models, _dropper(inbox, adapters))
            limiter = Limiter(conversations, store)
            responder = Responder(conversations, tools, asker, limiter, delivery)
            await parts.enter_async_context(Scheduler(database))
            await board.begin()
            notices = await self._open_doors(parts, adapters, board)
            merging = _merging(conversations)
            dispatcher = Dispatcher(inbox, responder.respond, merging, notices.count_letter)
            channels = [
                supervise(channel, adapters[name], _receiver(inbox, channel))
                for name, channel in board.channels.items()
            ]
            await self._work(board, inbox, dispatcher, channels, stopping)

    def _adapters(self, board: Board, archive: Archive) -> dict[str, Adapter[Any]]:
        """The adapter of every channel by its name; the channels themselves go onto *board*."""
        config, adapters = self._config, dict[str, Adapter[Any]]()
        for name, settings in config.channels.items():
            channel = board.channels[name] = Channel(name, config.data_dir, archive, commands.menu())
            adapters[name] = settings.adapter(channel, settings.options)
        return adapters

    async def _open_doors(
        self, parts: AsyncExitStack, adapters: Mapping[str, Adapter[Any]], board: Board
    ) -> Notices:
        """Begin to serve pages, to show logins and to tell operators; returns what tells them."""
        pages = await self._serve(parts, adapters, board)
        logins = Showing(board.channels.values(), self._config.data_dir, pages, self._screen)
        await parts.enter_async_context(logins)
        # Before the web server ends: it waits for the requests that an adapter keeps open.
        for adapter in adapters.values():
            parts.push_async_callback(adapter.close)
        return await parts.enter_async_context(self._notices(board, adapters, pages))

    def _asker(self, parts: AsyncExitStack, database: Database, store: Store, models: Models) -> Asker:
        """What asks the models, with what summarises and moderates for it."""

        async def book(message: Message, completion: Completion) -> None:
            await asker.book(message, completion)

        summariser = Summariser(Summaries(database), models, book)
        parts.push_async_callback(summariser.aclose)
        moderator = Moderator.build(self._config.settings.moderation, self._config.models["default"])
        if moderator is not None:
            parts.push_async_callback(moderator.aclose)
        asker = Asker(store, models, summariser, moderator)
        return asker

    def _notices(self, board: Board, adapters: Mapping[str, Adapter[Any]], pages: str) -> Notices:
        """What tells operators how the channels are."""
        config, spoken = self._config, self._config.settings.language
        language = language_of_locale(os.environ) if spoken == "auto" else spoken
        return Notices(config.operators(), board.channels, adapters, Wording(language, config.zone, pages))

    async def _serve(self, parts: AsyncExitStack, adapters: Mapping[str, Adapter[Any]], board: Board) -> str:
        """Open the web server where a channel or the operator wants one; the address of its pages, or ""."""
        routes = [route for adapter in adapters.values() for route in adapter.routes()]
        web = self._config.settings.web
        if web is None and not routes:
            return ""
        web = web or Web()
        password = web.password.get_secret_value() if web.password else None
        front = all(route.path != "/" for route in routes)
        routes += ChannelPages(board.channels).routes(front=front)
        folder = self._config.data_dir
        server = WebServer(web.host, web.port, password, routes, board.states, folder, web.proxies)
        await parts.enter_async_context(server)
        return web.root + PAGES

    async def _work(
        self,
        board: Board,
        inbox: EmbeddedInbox,
        dispatcher: Dispatcher,
        channels: Sequence[Coroutine[Any, Any, None]],
        stopping: asyncio.Event,
    ) -> None:
        """Work until it is time to stop; then receive no more, finish or park what was begun."""
        listening = [asyncio.create_task(channel) for channel in channels]
        dispatching = asyncio.create_task(dispatcher.run(), name="dispatcher")
        writing = asyncio.create_task(board.run(), name="board")
        watching = asyncio.create_task(metrics.watch_loop(), name="loop lag")
        ended = asyncio.create_task(_all_said(listening, inbox), name="end of all channels")
        asked = asyncio.create_task(stopping.wait(), name="stop")
        try:
            done, _ = await asyncio.wait(
                {asked, ended, dispatching, writing}, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                task.result()
        finally:
            await cancel(asked, ended, *listening)
            await cancel(dispatching)
            await dispatcher.close(self._config.settings.shutdown_grace)
            await cancel(writing, watching)
            board.stopped()
            await board.write()


async def _all_said(listening: Sequence[asyncio.Task[None]], inbox: EmbeddedInbox) -> None:
    """Wait until every channel has nothing more to hear, and what it said is dealt with."""
    await asyncio.wait(listening)
    await inbox.idle()


def _delivery(
    adapters: Mapping[str, Adapter[Any]], store: Store, inbox: EmbeddedInbox, board: Board
) -> Delivery:
    return Delivery(
        adapters,
        store,
        moved=lambda moved: inbox.put(moved.chat.channel, [moved]),
        sent=lambda name: board.channels[name].sent(),
    )


def _overtake(stops: Stops) -> Callable[[Message], None]:
    """What ends the work on a message that was corrected or recalled meanwhile."""

    def overtake(message: Message) -> None:
        stops.stop(commands.lane(message), Overtaken)

    return overtake


def _dropper(inbox: EmbeddedInbox, adapters: Mapping[str, Adapter[Any]]) -> Callable[[Chat], Awaitable[bool]]:
    """What drops the rest of an answer that waits in a chat: with the adapter, or in the inbox."""

    async def drop(chat: Chat) -> bool:
        # The adapter first: what it is sending now is what was stopped, not what comes after that.
        adapter = adapters[chat.channel]
        kept = isinstance(adapter, Keeper) and await adapter.drop(chat)
        return await inbox.drop(chat.key) or kept

    return drop


def _merging(conversations: Mapping[str, Conversation]) -> Callable[[Message], float]:
    """For how many seconds after a message its author may go on with it; a command is whole as it is."""

    def merging(message: Message) -> float:
        conversation = conversations.get(message.chat.channel)
        if conversation is None or commands.find(message.text) is not None:
            return 0.0
        token = conversation.session_clear_token
        return 0.0 if token and token in message.text else conversation.merge_seconds

    return merging


def _receiver(inbox: EmbeddedInbox, channel: Channel) -> Receive:
    """What the adapter of *channel* hands events to."""

    async def receive(events: Sequence[Event], cursor: str | None = None) -> None:
        await inbox.put(channel.name, events, cursor)
        if events:
            channel.received(len(events))

    return receive
