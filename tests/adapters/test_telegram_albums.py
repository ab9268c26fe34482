"""An album is one message, however its parts come, and none of them is lost on the way."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from adapters.telegram.albums import events, split
from adapters.telegram.parse import Account
from gateway import Image, Message
from tests.servers.telegram import TelegramServer

from .contract import staged
from .host import FakeHost, FakeInbox, until
from .telegram_platform import TOKEN, Mode, SimulatedTelegram, telegram

ME = Account("channel", 7, "gateway_bot")


def update(number: int, chat: int = 1, group: str | None = None, **fields: Any) -> dict[str, Any]:
    place = {"id": chat, "type": "private"}
    message = {"message_id": number, "date": 1, "chat": place, "from": {"id": chat}, **fields}
    if group is not None:
        message |= {"media_group_id": group, "photo": [{"file_id": f"photo {number}"}]}
    return {"update_id": number, "message": message}


def test_parts_become_one_message_in_the_place_of_the_first() -> None:
    before, first, aside, second, after = (
        update(1, text="before"),
        update(2, group="a", caption="look"),
        update(3, chat=2, text="aside"),
        update(4, group="a"),
        update(5, text="after"),
    )
    found = events([before, first, aside, second, after], ME)
    assert [event.text for event in found if isinstance(event, Message)] == [
        "before",
        "look",
        "aside",
        "after",
    ]
    album = found[1]
    assert isinstance(album, Message)
    assert album.id == "2"
    assert album.media == (Image("photo 2", "image/jpeg"), Image("photo 4", "image/jpeg"))


def test_the_same_number_in_two_chats_is_two_albums() -> None:
    assert len(events([update(1, chat=1, group="a"), update(2, chat=2, group="a")], ME)) == 2


def test_everything_from_the_first_new_album_waits() -> None:
    updates = [update(1, text="x"), update(2, group="a"), update(3, text="y"), update(4, group="b")]
    assert split(updates, frozenset()) == (updates[:1], updates[1:])
    assert split(updates, {"a"}) == (updates[:3], updates[3:])
    assert split(updates, {"a", "b"}) == (updates, ())


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_an_album_that_comes_in_pieces_is_one_message(host: FakeHost, mode: Mode) -> None:
    async with telegram(host, mode) as (server, stage):
        ann = server.user()
        chat = server.private(ann)
        server.photo(chat, ann, media_group="a", caption="my cats")
        await asyncio.sleep(0.05)  # the parts come close together, not at once
        for _ in range(3):
            server.photo(chat, ann, media_group="a")
        await server.until(lambda: not server.queue.pending)
        await stage.inbox.get()
        server.say(chat, ann, "well?")
        album, question = await stage.inbox.get(2)
        assert (album.text, len(album.media)) == ("my cats", 4)
        assert question.text == "well?"


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_what_is_said_after_an_album_comes_after_it(host: FakeHost, mode: Mode) -> None:
    async with telegram(host, mode) as (server, stage):
        ann = server.user()
        chat = server.private(ann)
        for _ in range(2):
            server.photo(chat, ann, media_group="a")
        server.say(chat, ann, "what are these?")
        first, second = await stage.inbox.get(2)
        assert (len(first.media), second.text) == (2, "what are these?")


async def test_the_cursor_never_passes_an_album_that_is_only_in_memory(host: FakeHost) -> None:
    async with telegram(host) as (server, stage):
        ann = server.user()
        chat = server.private(ann)
        server.say(chat, ann, "look:")
        server.photo(chat, ann, media_group="a")
        album = server.queue.next_id - 1
        await stage.inbox.get()
        assert orjson.loads(host.values["cursor"])["offset"] == album
        assert album in server.queue.pending
        await stage.inbox.get(2)
        await until(lambda: not server.queue.pending)


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_a_webhook_album_outlives_a_stop(host: FakeHost, mode: Mode) -> None:
    async with TelegramServer(token=TOKEN) as server:
        platform = SimulatedTelegram(server, "webhook")
        ann = server.user()
        chat = server.private(ann)
        inbox = FakeInbox(host)
        async with staged(platform, host, inbox) as stage:
            await stage.up()
            for _ in range(2):
                server.photo(chat, ann, media_group="a")
            await server.until(lambda: not server.queue.pending)  # Telegram was told "received"
            assert inbox.events == []
        platform.mode = mode
        async with staged(platform, host, inbox):
            (album,) = await inbox.get()
            assert len(album.media) == 2
        await until(lambda: host.values["albums"] == "[]")


async def test_a_webhook_album_waits_for_a_disk_that_is_full(host: FakeHost) -> None:
    async with telegram(host, "webhook") as (server, stage):
        stage.inbox.failures = 1
        ann = server.user()
        server.photo(server.private(ann), ann, media_group="a")
        (album,) = await stage.inbox.get()
        assert len(album.media) == 1
