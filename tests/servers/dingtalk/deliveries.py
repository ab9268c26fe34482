"""How messages reach robots: over one of their connections, or posted to their address; again until acked."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import random
import time
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import aiohttp
import orjson

from .openapi import plain
from .refusals import Refusal
from .stream import Connection, Push, accepted, message_id
from .world import Json, Robot, World

CALLBACK_SECONDS = 5.0


def sign(timestamp: str, secret: str) -> str:
    """The `sign` header of an HTTP callback.

    https://open.dingtalk.com/document/orgapp/receive-message
    """
    digest = hmac.new(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


class Deliveries:
    """Every push, who has acknowledged it and when, and the connections they go over.

    `redelivery`: when a push that is not acknowledged goes out again, in seconds after its first time; after
    the last it is lost. `pick` chooses among the connections that may carry it. `acks`: message id to
    `time.monotonic()` of the first acknowledgement.
    """

    def __init__(self, world: World, redelivery: Sequence[float]) -> None:
        self.redelivery = tuple(redelivery)
        self.connections: list[Connection] = []
        self.pushes: dict[str, Push] = {}
        self.acks: dict[str, float] = {}
        self.pick: Callable[[list[Connection]], Connection] = random.Random(7).choice
        self._world = world
        self._numbers: dict[str, Push] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Deliver from now on; first what was left when it stopped."""
        timeout = aiohttp.ClientTimeout(total=CALLBACK_SECONDS)
        self._session = aiohttp.ClientSession(timeout=timeout)
        for push in self.pushes.values():
            if not push.acked.is_set() and push.attempts <= len(self.redelivery):
                self._spawn(push)

    async def stop(self) -> None:
        """Close every connection and deliver nothing any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in self.connections:
            connection.reset()
        if self._session is not None:
            await self._session.close()
            self._session = None

    def add(self, push: Push) -> str:
        """Deliver *push*; its id."""
        self.pushes[push.id] = self._numbers[push.number] = push
        if self._session is not None:
            self._spawn(push)
        self._world.changed()
        return push.id

    async def again(self, push_id: str, *, fresh: bool) -> None:
        """Deliver a push once more, acknowledged or not; *fresh*: in a frame with another messageId."""
        known = self.pushes[push_id]
        push = Push(known.id, known.robot, known.kind, known.topic, known.data, known.headers)
        push.acked = known.acked
        if not fresh:
            push.number = known.number
        self._numbers[push.number] = push
        await self._attempt(push)

    def hear(self, frame: Json) -> None:
        """Take what a robot said as an acknowledgement, where it is one."""
        push = self._numbers.get(message_id(frame))
        if push is None:
            self._world.complain(f"an answer to nothing: {frame}")
        elif why := accepted(push, frame):
            self._world.complain(f"no acknowledgement of {push.id}, {why}: {frame}")
        else:
            self._ack(push)

    def live(self, robot: Robot) -> list[Connection]:
        """The connections of *robot* that are open, oldest first."""
        return [one for one in self.connections if one.live and one.robot is robot]

    def _ack(self, push: Push) -> None:
        push.acked.set()
        self.acks.setdefault(push.id, time.monotonic())
        self._world.changed()

    def _spawn(self, push: Push) -> None:
        task = asyncio.create_task(self._deliver(push), name=f"push {push.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, push: Push) -> None:
        times = (0.0, *self.redelivery)
        for after in times[push.attempts :]:
            try:
                async with asyncio.timeout_at(_loop_time(push.began + after)):
                    await push.acked.wait()
            except TimeoutError:
                await self._attempt(push)
            else:
                return

    async def _attempt(self, push: Push) -> None:
        push.attempts += 1
        if push.robot.url is not None:
            await self._post(push, push.robot.url)
            return
        candidates = [one for one in self.connections if one.takes(push)]
        if candidates:
            self.pick(candidates).send(push.frame())

    async def _post(self, push: Push, url: str) -> None:
        if self._session is None:
            return
        timestamp = str(int(time.time() * 1000))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "timestamp": timestamp,
            "sign": sign(timestamp, push.robot.client_secret),
        }
        try:
            async with self._session.post(url, data=orjson.dumps(push.data), headers=headers) as answer:
                body = await answer.read()
                if answer.status // 100 == 2:
                    self._ack(push)
                    self._show(push, body)
                else:
                    self._world.complain(f"{urlsplit(url).path} answered {answer.status}")
        except (aiohttp.ClientError, TimeoutError) as exc:
            self._world.complain(f"{urlsplit(url).path}: {exc!r}")

    def _show(self, push: Push, body: bytes) -> None:
        """Show the message that the answer to a callback may be."""
        try:
            said = orjson.loads(body or b"{}")
        except orjson.JSONDecodeError:
            return
        room = self._world.rooms.get(str(push.data.get("conversationId")))
        if room is None or not isinstance(said, dict) or "msgtype" not in said:
            return
        try:
            self._world.show(room, plain(push.robot, said, "response"))
        except Refusal as refusal:
            self._world.complain(f"the answer to a callback shows nothing: {refusal.body}")


def _loop_time(monotonic: float) -> float:
    return asyncio.get_running_loop().time() + monotonic - time.monotonic()
