"""A Telegram to talk to by hand: ``python -m tests.servers.telegram --port 8081``.

What is typed is said to the bot in a private chat (``#group text`` says it in a group); what the bot says,
edits and drafts is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

from tests.servers.typed import typed

from .entities import Json
from .server import TelegramServer


async def read(server: TelegramServer, private: Json, group: Json, ann: Json) -> None:
    """Say every line of stdin, until it ends."""
    async for text in typed():
        if text.startswith("#group "):
            server.say(group, ann, text.removeprefix("#group "))
        else:
            server.say(private, ann, text)


async def show(server: TelegramServer, *chats: Json) -> None:
    """Print what the bot does in *chats*, as it happens."""
    seen: dict[tuple[int, int], str] = {}
    draft: str | None = None
    while True:
        server.world.change.clear()
        for chat in chats:
            for message in server.sent(chat):
                key = (chat["id"], message.id)
                if seen.get(key) != message.text:
                    mark = "edited" if key in seen else "says"
                    seen[key] = message.text
                    sys.stdout.write(f"[{chat['type']} {message.id}] bot {mark}: {message.text}\n")
        if (now := server.draft_now(chats[0])) != draft:
            draft = now
            if now:
                sys.stdout.write(f"[draft] {now}\n")
        sys.stdout.flush()
        await server.world.change.wait()


async def main(port: int, token: str) -> None:
    """Serve until stdin ends."""
    async with TelegramServer(port=port, token=token) as server:
        ann = server.user("Ann", username="ann")
        private, group = server.private(ann), server.group("Friends", ann)
        sys.stdout.write(f"Bot API at {server.root}/bot{token}/ ; type to talk to the bot\n")
        shown = asyncio.create_task(show(server, private, group))
        try:
            await read(server, private, group, ann)
        finally:
            shown.cancel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.servers.telegram", description=__doc__)
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--token", default="12345:TEST")
    options = parser.parse_args()
    asyncio.run(main(options.port, options.token))
