"""Another program on an account of the gateway's, as somebody has who forgot one that still runs.

What it is told is not meant for the gateway then: each of these notes in *taken* what the platform hears that
it has got. Where its own calls fail, it gives up.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import aiohttp

from tests.servers.dingtalk import DingTalkServer, Robot
from tests.servers.dingtalk import client as dingtalk
from tests.servers.ilink import IlinkServer
from tests.servers.ilink import client as ilink
from tests.servers.wechat_web import Account, WeChatServer
from tests.servers.wechat_web import client as wechat_web

_PATIENCE = 5.0


@contextlib.contextmanager
def _giving_up() -> Iterator[None]:
    """Its calls meet the same troubles as the gateway's, and nobody cares."""
    with contextlib.suppress(aiohttp.ClientError, AssertionError, OSError, TypeError, ValueError, KeyError):
        yield


async def connect_beside(
    server: DingTalkServer, robot: Robot, seconds: float, taken: set[str] | None
) -> None:
    """Another connection of *robot*'s for so long. Without *taken* it acknowledges nothing."""
    with _giving_up():
        async with asyncio.timeout(seconds), dingtalk.RawClient(server, robot) as client:
            socket = await client.connect()
            while True:
                frame = await dingtalk.hear(socket, seconds)
                if frame["type"] == "CALLBACK" and taken is not None:
                    taken.add(frame["data"]["msgId"])
                    await dingtalk.ack(socket, frame)


async def poll_beside(server: IlinkServer, polls: int, taken: set[str] | None) -> None:
    """Other polls with the token of the bot. Without *taken* they never show how far they have come."""
    with _giving_up():
        async with asyncio.timeout(_PATIENCE), ilink.RawClient(server, server.first) as client:
            found: list[str] = []
            for _ in range(polls):
                if taken is not None:
                    taken.update(found)  # as this poll is about to say
                found = [str(message["message_id"]) for message in await client.poll()]
                if taken is None:
                    client.buf = ""


async def log_in_elsewhere(server: WeChatServer, account: Account) -> None:
    """Another computer logs in to *account*, which ends the gateway's login."""
    with _giving_up():
        async with asyncio.timeout(_PATIENCE), wechat_web.RawClient(server) as client:
            await client.log_in(account)
