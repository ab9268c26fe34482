"""Telegram on a simulated Bot API, as the adapters' contract and Telegram's own tests see it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

from adapters.telegram import Telegram
from adapters.telegram.options import TelegramOptions
from gateway import Chat
from tests.servers.telegram import TelegramServer

from .contract import Place, Platform, Stage, staged
from .host import FakeHost, FakeInbox

TOKEN = "12345:SECRET-token_of-the-bot"
Mode = Literal["polling", "webhook"]


class SimulatedTelegram(Platform):
    """Telegram as the contract sees it."""

    secrets = (TOKEN, "SECRET")

    def __init__(self, server: TelegramServer, mode: Mode = "polling", **options: Any) -> None:
        self.server = server
        self.mode = mode
        self.options = options
        self.ann = server.user("Ann")

    def adapter(self, host: FakeHost, web_root: str) -> Telegram:
        options = {"token": TOKEN, "api_root": self.server.root, "mode": self.mode, "poll_timeout": 1}
        options |= {"webhook_url": web_root, **self.options}
        return Telegram(host, TelegramOptions.model_validate(options))

    def private(self) -> Place:
        return Place("private", self.server.private(self.server.user("Somebody")))

    def group(self) -> Place:
        return Place("group", self.server.group("Friends", self.ann))

    async def say(self, place: Place, text: str, *, mention: bool = False) -> None:
        person = {**place.raw, "is_bot": False} if place.kind == "private" else self.ann
        self.server.say(place.raw, person, f"@gateway_bot {text}" if mention else text)

    async def echo(self, place: Place, text: str) -> None:
        self.server.say(place.raw, self.server.world.bot, text)

    async def garble(self) -> None:
        nonsense: list[dict[str, Any]] = [
            {},
            {"message": None},
            {"message": {}},
            {"message": {"message_id": "x", "date": [], "chat": 7}},
            {
                "edited_message": {
                    "message_id": 1,
                    "date": 1,
                    "chat": {"id": 1, "type": "private"},
                    "text": "no sender",
                }
            },
            {"message": {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "galaxy"}, "text": "?"}},
        ]
        for update in nonsense:
            self.server.push(update)

    def unconfirmed(self) -> int:
        return len(self.server.queue.pending)

    def shown(self, place: Place) -> list[str]:
        return [message.text for message in self.server.sent(place.raw)]

    def files(self, place: Place) -> list[tuple[str, bytes]]:
        documents = [
            message["document"]
            for message in self.server.world.rooms[place.raw["id"]].messages.values()
            if "document" in message
        ]
        stored = self.server.world.files
        return [(document["file_name"], stored[document["file_id"]].content) for document in documents]

    def previews(self, place: Place) -> list[str]:
        return self.server.drafts(place.raw) + self.server.actions(place.raw)

    async def leave(self, place: Place) -> None:
        self.server.block(place.raw)

    async def refuse(self) -> None:
        self.server.fail("sendMessage", status=400, description="Bad Request: message is not to my liking")

    async def slow_down(self, seconds: int) -> None:
        self.server.fail(
            "sendMessage",
            status=429,
            description=f"Too Many Requests: retry after {seconds}",
            parameters={"retry_after": seconds},
        )

    def outage(self) -> Any:
        return self.server.outage()


@asynccontextmanager
async def telegram(
    host: FakeHost, mode: Mode = "polling", inbox: FakeInbox | None = None, **options: Any
) -> AsyncIterator[tuple[TelegramServer, Stage]]:
    """A simulated Telegram, and our adapter up and running on it."""
    async with (
        TelegramServer(token=TOKEN, username="gateway_bot") as server,
        staged(SimulatedTelegram(server, mode, **options), host, inbox) as stage,
    ):
        await stage.up()
        yield server, stage


def chat_of(raw: dict[str, Any], thread: int = 0) -> Chat:
    """Our chat for one of Telegram's."""
    kind: Literal["private", "group"] = "private" if raw["type"] == "private" else "group"
    return Chat("channel", str(raw["id"]), kind, thread=str(thread or ""), account="12345")
