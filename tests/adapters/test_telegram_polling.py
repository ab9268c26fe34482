"""Reading Telegram's updates by long poll: what is confirmed when, and what it survives."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import orjson
import pytest

from gateway import ChannelState, Message, Moved, Reply
from gateway.errors import AuthError, StoreError
from tests.servers.telegram import TelegramServer

from .contract import staged
from .host import FakeHost, FakeInbox, until
from .telegram_platform import TOKEN, Mode, SimulatedTelegram, chat_of, telegram


async def test_a_poll_that_hangs_is_torn_down_while_sending_goes_on(host: FakeHost) -> None:
    async with telegram(host) as (server, stage):
        ann = server.user()
        chat = server.private(ann)
        server.hang("getUpdates", times=1)
        await server.until(lambda: not server.faults)  # the poll that hangs has begun
        polls, since = len(server.called("getUpdates")), time.monotonic()
        server.say(chat, ann, "anybody?")
        await stage.adapter.send(chat_of(chat), Reply("sending works"))
        assert stage.host.states[-1] is ChannelState.UP  # nothing is known yet
        await until(lambda: ChannelState.DOWN in host.states, lambda: host.reports, within=4)
        assert [message.text for message in await stage.inbox.get()] == ["anybody?"]
        assert len(server.called("getUpdates")) > polls
        assert time.monotonic() - since < 4
        await stage.up(2)


class BusyHost(FakeHost):
    """A host whose database refuses at first."""

    refusals = 2

    async def load(self, key: str) -> str | None:
        if key in ("cursor", "webhook_secret") and self.refusals:
            self.refusals -= 1
            raise StoreError("attempt to write a readonly database")
        return await super().load(key)


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_a_database_that_refuses_at_the_start_is_waited_for(tmp_path: Path, mode: Mode) -> None:
    """The channel ended by it as by an error that nobody foresaw."""
    host = BusyHost(tmp_path)
    async with telegram(host, mode) as (server, stage):
        ann = server.user()
        server.say(server.private(ann), ann, "hello")
        assert [message.text for message in await stage.inbox.get()] == ["hello"]
    assert host.refusals == 0
    assert host.states == [ChannelState.DOWN, ChannelState.UP]


async def test_another_poller_is_named_once_and_outlived(
    host: FakeHost, caplog: pytest.LogCaptureFixture
) -> None:
    async with TelegramServer(token=TOKEN) as server:
        server.fail("getUpdates", status=409, times=2)
        ann = server.user()
        server.say(server.private(ann), ann, "still there?")
        async with staged(SimulatedTelegram(server), host) as stage:
            await stage.inbox.get()
            await stage.up()
    assert host.states == [ChannelState.DOWN, ChannelState.UP]
    (line,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert "another process polls this token, or a webhook is set" in line


async def test_two_pollers_of_one_token_fight_less_and_less(host: FakeHost) -> None:
    """Each probe that did not wait was taken for success, so the two took turns several times a second."""
    async with TelegramServer(token=TOKEN) as server:
        server.fail("getUpdates", status=409, times=None, when=lambda params: int(params["timeout"]) > 0)
        async with staged(SimulatedTelegram(server), host):
            fights = await server.until(lambda: len(found := _refused(server)) > 3 and found, timeout=15)
    assert fights[3] - fights[2] > 1.5 * (fights[1] - fights[0])


def _refused(server: TelegramServer) -> list[float]:
    return [call.time for call in server.called("getUpdates") if call.status == 409]


async def test_a_webhook_left_over_is_removed_and_nothing_is_lost(host: FakeHost) -> None:
    async with TelegramServer(token=TOKEN) as server:
        platform = SimulatedTelegram(server, "webhook")
        async with staged(platform, host):
            await until(lambda: ChannelState.UP in host.states)
        ann = server.user()
        server.say(server.private(ann), ann, "hello")
        platform.mode = "polling"
        async with staged(platform, host) as stage:
            assert [message.text for message in await stage.inbox.get()] == ["hello"]


@pytest.mark.parametrize("status", [401, 404])
async def test_a_wrong_token_stops_the_channel(host: FakeHost, status: int) -> None:
    async with TelegramServer(token=TOKEN) as server:
        server.fail("*", status=status, times=None)
        adapter = SimulatedTelegram(server).adapter(host, "http://127.0.0.1")
        with pytest.raises(AuthError, match="@BotFather"):
            await adapter.run(FakeInbox(host).receive)
        await adapter.close()


async def test_a_token_that_is_revoked_stops_the_channel(host: FakeHost) -> None:
    async with TelegramServer(token=TOKEN) as server:
        server.fail("getUpdates", status=401, times=None)
        adapter = SimulatedTelegram(server).adapter(host, "http://127.0.0.1")
        with pytest.raises(AuthError):
            await adapter.run(FakeInbox(host).receive)
        await adapter.close()
        assert server.called("deleteWebhook")  # it had begun


async def test_the_cursor_of_another_bot_is_not_used(
    host: FakeHost, caplog: pytest.LogCaptureFixture
) -> None:
    host.values["cursor"] = orjson.dumps({"bot": 999, "offset": 2_000_000_000}).decode()
    async with telegram(host) as (server, stage):
        ann = server.user()
        server.say(server.private(ann), ann, "hello")
        await stage.inbox.get()
        assert "offset" not in server.called("getUpdates")[0].params
        assert "another bot" in caplog.text
        cursor = orjson.loads(host.values["cursor"])
        assert cursor == {"bot": int(TOKEN.partition(":")[0]), "offset": server.queue.next_id}


@pytest.mark.parametrize("cursor", ["{", "[]", '{"bot": "x"}', '{"bot": 12345}'])
async def test_an_unreadable_cursor_is_no_reason_to_stop(host: FakeHost, cursor: str) -> None:
    host.values["cursor"] = cursor
    async with telegram(host) as (server, stage):
        ann = server.user()
        server.say(server.private(ann), ann, "hello")
        assert len(await stage.inbox.get()) == 1


@pytest.mark.parametrize(
    "body", [b"<html>", b'{"ok": true, "result": 5}', b'{"ok": true, "result": [{}, 7]}']
)
async def test_answers_that_are_no_updates_are_survived(host: FakeHost, body: bytes) -> None:
    async with TelegramServer(token=TOKEN) as server:
        server.fail("getUpdates", status=200, body=body)
        ann = server.user()
        server.say(server.private(ann), ann, "hello")
        async with staged(SimulatedTelegram(server), host) as stage:
            assert [message.text for message in await stage.inbox.get()] == ["hello"]


async def test_half_an_emoji_does_not_stop_a_message(host: FakeHost) -> None:
    # Lone surrogates are valid JSON escapes, and most JSON readers refuse them.
    body = (
        b'{"ok": true, "result": [{"update_id": 900000000, "message": {"message_id": 1, "date": 1, "text": '
        b'"half \\ud83d of one", "chat": {"id": 1, "type": "private"}, "from": {"id": 1}}}]}'
    )
    async with TelegramServer(token=TOKEN) as server, staged(SimulatedTelegram(server), host) as stage:
        server.fail("getUpdates", status=200, body=body)
        (message,) = await stage.inbox.get()
        assert message.text == "half � of one"


async def test_only_kinds_that_are_used_are_asked_for(host: FakeHost) -> None:
    async with telegram(host) as (server, _):
        first = server.called("getUpdates")[0].params
        assert first["allowed_updates"] == ["message", "edited_message"]
        assert first["limit"] == 100


async def test_privacy_mode_is_explained_once(host: FakeHost, caplog: pytest.LogCaptureFixture) -> None:
    async with (
        TelegramServer(token=TOKEN, reads_all=False) as server,
        staged(SimulatedTelegram(server), host) as stage,
    ):
        await stage.up()
        (record,) = [record for record in caplog.records if "privacy mode" in record.getMessage()]
        assert "/setprivacy" in record.getMessage()
        assert "add it again" in record.getMessage()


async def test_an_edit_and_a_move_arrive(host: FakeHost) -> None:
    async with telegram(host) as (server, stage):
        ann = server.user()
        group = server.group("Friends", ann, supergroup=False)
        said = server.say(group, ann, "helo")
        server.edit(group, said, "hello")
        new = server.migrate(group)
        await until(lambda: len(stage.inbox.events) == 3, lambda: stage.inbox.events)
        first, second, moved = stage.inbox.events
        assert isinstance(first, Message)
        assert isinstance(second, Message)
        assert second.edit_of == first.id
        assert isinstance(moved, Moved)
        assert (moved.chat.key, moved.to) == (first.chat.key, str(new["id"]))


async def test_two_bots_in_one_process_share_nothing(host: FakeHost) -> None:
    other = FakeHost(host.folder, "other")
    async with (
        telegram(host) as (server, stage),
        TelegramServer(token="777:OTHER") as second,
        staged(SimulatedTelegram(second, token="777:OTHER"), other) as second_stage,
    ):
        for world in (server, second):
            person = world.user("Ann", id=5)
            world.say(world.private(person), person, "hello")
        (one,), (two,) = await stage.inbox.get(), await second_stage.inbox.get()
        assert one.chat.id == two.chat.id
        assert one.chat.key != two.chat.key
