"""The updates that wait for the bot: a queue read by getUpdates or pushed to a webhook."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from .entities import ApiError, Json

FIRST_UPDATE_ID = 731_204_817
MAX_POLL_SECONDS = 50
KINDS = frozenset(
    [
        "message",
        "edited_message",
        "channel_post",
        "edited_channel_post",
        "business_connection",
        "business_message",
        "edited_business_message",
        "deleted_business_messages",
        "guest_message",
        "message_reaction",
        "message_reaction_count",
        "inline_query",
        "chosen_inline_result",
        "callback_query",
        "shipping_query",
        "pre_checkout_query",
        "purchased_paid_media",
        "poll",
        "poll_answer",
        "my_chat_member",
        "chat_member",
        "chat_join_request",
        "chat_boost",
        "removed_chat_boost",
    ]
)
DEFAULT_KINDS = KINDS - {"chat_member", "message_reaction", "message_reaction_count"}


@dataclass(frozen=True, slots=True)
class Update:
    """One update as the bot will get it; *lane* keeps a chat's updates in order on a webhook."""

    id: int
    body: bytes
    lane: int


class UpdateQueue:
    """Updates until they are confirmed; ids only grow. One long poll at a time."""

    def __init__(self, changed: Callable[[], None], next_id: int = FIRST_UPDATE_ID) -> None:
        self.changed = changed
        self.next_id = next_id
        self.allowed = DEFAULT_KINDS
        self.pending: OrderedDict[int, Update] = OrderedDict()
        self.push: Callable[[Update], None] | None = None  # a webhook takes updates where one is set
        self._poll: asyncio.Future[None] | None = None

    def add(self, update: Json, lane: int = 0) -> int:
        """Queue *update* under the next id, unless its kind was not asked for (then 0)."""
        if any(kind in KINDS and kind not in self.allowed for kind in update):
            return 0
        number = self.next_id
        self.next_id += 1
        queued = Update(number, orjson.dumps({"update_id": number, **update}), lane)
        self.pending[number] = queued
        if self.push is not None:
            self.push(queued)
        elif self._poll is not None and not self._poll.done():
            self._poll.set_result(None)
        return number

    def allow(self, kinds: Any) -> None:
        """Remember which kinds of update are made from now on; an empty list is the default set."""
        if isinstance(kinds, list):
            self.allowed = (KINDS & {str(kind).lower() for kind in kinds}) or DEFAULT_KINDS

    async def get(self, offset: int, limit: int, seconds: float) -> list[Update]:
        """Confirm everything before *offset*, then up to *limit* updates, waiting *seconds* for one.

        A negative offset counts from the end and forgets what is before. Raises `ApiError`: another poll
        took this one's place.
        """
        self._confirm(offset)
        if not self.pending and seconds:
            await self._wait(seconds)
        return [update for update, _ in zip(self.pending.values(), range(limit), strict=False)]

    def end_poll(self, reason: str) -> None:
        """Answer the poll that waits, if one does, with a 409."""
        if self._poll is not None and not self._poll.done():
            self._poll.set_exception(ApiError(409, f"Conflict: terminated by {reason}"))

    @property
    def polled(self) -> bool:
        """Whether a long poll waits now."""
        return self._poll is not None and not self._poll.done()

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            while len(self.pending) > -offset:
                self.pending.popitem(last=False)
        elif offset <= self.next_id + 10:  # one farther in the future is not believed: all is sent again
            while self.pending and next(iter(self.pending)) < offset:
                self.pending.popitem(last=False)

    async def _wait(self, seconds: float) -> None:
        self.end_poll("other getUpdates request; make sure that only one bot instance is running")
        poll = self._poll = asyncio.get_running_loop().create_future()
        self.changed()
        try:
            await asyncio.wait_for(poll, seconds)
        except TimeoutError:
            pass
        finally:
            if self._poll is poll:
                self._poll = None


class Webhook:
    """Posts updates to the bot's address: one chat's in order, chats beside each other, until a 2xx."""

    def __init__(self, queue: UpdateQueue, url: str, secret: str, max_connections: int) -> None:
        self.url = url
        self.secret = secret
        self.max_connections = max_connections
        self.last_error: tuple[int, str] | None = None
        self.first_pause = 0.05
        self._queue = queue
        self._slots = asyncio.Semaphore(max_connections)
        self._lanes: dict[int, deque[Update]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession

    def start(self) -> None:
        """Begin, with what waits already."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        self._queue.push = self.put
        for update in list(self._queue.pending.values()):
            self.put(update)

    async def stop(self) -> None:
        """Send no more; what was not taken waits in the queue."""
        self._queue.push = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._lanes.clear()
        await self._session.close()

    def put(self, update: Update) -> None:
        """Send *update* after those of its chat."""
        lane = self._lanes.get(update.lane)
        if lane is not None:
            lane.append(update)
            return
        self._lanes[update.lane] = deque([update])
        task = asyncio.get_running_loop().create_task(self._drain(update.lane))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drain(self, number: int) -> None:
        lane = self._lanes[number]
        while lane:
            async with self._slots:
                await self._deliver(lane[0])
            self._queue.pending.pop(lane.popleft().id, None)
            self._queue.changed()
        del self._lanes[number]

    async def _deliver(self, update: Update) -> None:
        pause = self.first_pause
        while (error := await self._post(update)) is not None:
            self.last_error = error
            await asyncio.sleep(pause)
            pause = min(pause * 2, 60)

    async def _post(self, update: Update) -> tuple[int, str] | None:
        headers = {"Content-Type": "application/json"}
        if self.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self.secret
        now = int(time.time())
        try:
            async with self._session.post(self.url, data=update.body, headers=headers) as answer:
                if answer.status // 100 == 2:
                    return None
                return now, f"Wrong response from the webhook: {answer.status} {answer.reason}"
        except (aiohttp.ClientError, TimeoutError) as exc:
            return now, f"Webhook connection closed: {exc}"
