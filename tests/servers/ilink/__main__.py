"""A WeChat to talk to by hand: ``python -m tests.servers.ilink --port 8083``.

A code that a program asks for is scanned and confirmed at once, or when ``#scan`` is typed (``--by-hand``).
What else is typed is said to the bot; ``#picture``, ``#voice`` and ``#file`` send such, ``#expire`` ends the
session. What the bot says is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable

from tests.servers.typed import typed

from .server import IlinkServer
from .world import Person


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def scan(server: IlinkServer, ann: Person) -> None:
    """Scan the newest code and confirm."""
    server.scan(ann)
    server.confirm()


def act(server: IlinkServer, ann: Person, line: str) -> None:
    """Do what was typed."""
    commands: dict[str, Callable[[], object]] = {
        "#scan": lambda: scan(server, ann),
        "#picture": lambda: server.picture(ann),
        "#voice": lambda: server.voice(ann, text="what I said"),
        "#file": lambda: server.file(ann),
        "#expire": lambda: server.expire(server.first),
    }
    if line not in commands and not server.world.bots:
        say("there is no bot yet: a program must ask for a code, and somebody scan it")
        return
    try:
        commands.get(line, lambda: server.say(ann, line))()
    except AssertionError as exc:
        say(str(exc))


async def read(server: IlinkServer, ann: Person) -> None:
    """Do every line of stdin, until it ends."""
    async for text in typed():
        act(server, ann, text)


async def show(server: IlinkServer, ann: Person, *, by_hand: bool) -> None:
    """Print what happens, and scan what is to be scanned."""
    seen = codes = complaints = 0
    typing = False
    while True:
        server.world.change.clear()
        for one in server.sent(ann)[seen:]:
            say(f"[bot, {one.kind}] {one.text}{one.name}")
        for code in server.world.codes[codes:]:
            say(f"[code] {code.text}")
            if not by_hand:
                scan(server, ann)
        for words in server.complaints[complaints:]:
            say(f"[refused] {words}")
        if typing != server.typing(ann):
            typing = not typing
            say(f"[{'typing' if typing else 'not typing'}]")
        seen, codes, complaints = len(server.sent(ann)), len(server.world.codes), len(server.complaints)
        await server.world.change.wait()


async def main(port: int, *, by_hand: bool) -> None:
    """Serve until stdin ends."""
    async with IlinkServer(ports=(port, port + 1, port + 2)) as server:
        ann = server.person("Ann")
        say(f"iLink at {server.root}, its CDN at {server.cdn} ; type to talk to the bot")
        shown = asyncio.create_task(show(server, ann, by_hand=by_hand))
        try:
            await read(server, ann)
        finally:
            shown.cancel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.servers.ilink", description=__doc__)
    parser.add_argument("--port", type=int, default=8083)
    parser.add_argument("--by-hand", action="store_true")
    options = parser.parse_args()
    asyncio.run(main(options.port, by_hand=options.by_hand))
