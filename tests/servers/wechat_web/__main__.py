"""A WeChat to talk to by hand: ``python -m tests.servers.wechat_web --port 8082``.

What is typed is said to the account in a private chat, ``#group text`` mentions it in a group. ``#scan``,
``#confirm``, ``#refuse`` and ``#logout`` is what its owner does with the phone. What the account sends is
printed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable

from tests.servers.typed import typed

from .server import WeChatServer
from .world import Room, User


def act(server: WeChatServer, private: Room, group: Room, ann: User, text: str) -> None:
    """Do what one line of stdin says."""
    phone: dict[str, Callable[[], object]] = {
        "#scan": server.scan,
        "#confirm": server.confirm,
        "#refuse": server.refuse,
        "#logout": server.log_out,
    }
    if text in phone:
        try:
            phone[text]()
        except AssertionError as why:
            sys.stdout.write(f"[phone] {why}\n")
    elif text.startswith("#group "):
        server.say(group, ann, text.removeprefix("#group "), mention=True)
    else:
        server.say(private, ann, text)


async def read(server: WeChatServer, private: Room, group: Room, ann: User) -> None:
    """Do every line of stdin, until it ends."""
    async for text in typed():
        act(server, private, group, ann, text)


async def show(server: WeChatServer, *rooms: Room) -> None:
    """Print what the account sends, and which codes wait for the phone, as it happens."""
    seen: set[object] = set()
    while True:
        server.world.change.clear()
        for code in server.codes:
            if code.polls and code not in seen:
                seen.add(code)
                sys.stdout.write(f"[phone] a client shows {code.text}: #scan, then #confirm\n")
        for room in rooms:
            for sent in server.sent(room):
                if sent not in seen:
                    seen.add(sent)
                    sys.stdout.write(f"[{room.title}] {sent.kind}: {sent.text}{sent.name}\n")
        sys.stdout.flush()
        await server.world.change.wait()


async def main(port: int) -> None:
    """Serve until stdin ends."""
    async with WeChatServer(port=port) as server:
        ann = server.user("Ann")
        private, group = server.private(ann), server.group("Friends", ann)
        sys.stdout.write(f"WeChat at {server.root} ; type to talk to {server.first.name}\n")
        shown = asyncio.create_task(show(server, private, group))
        try:
            await read(server, private, group, ann)
        finally:
            shown.cancel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.servers.wechat_web", description=__doc__)
    parser.add_argument("--port", type=int, default=8082)
    options = parser.parse_args()
    asyncio.run(main(options.port))
