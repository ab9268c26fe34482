"""The channels: started again whatever happens, and none because of another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.adapter import ChannelState, Receive
from gateway.channels import Board, Channel, supervise
from gateway.errors import AuthError, NetworkError
from gateway.message import Event
from gateway.store import channels as table
from gateway.store.archive import Archive
from gateway.store.database import Database
from tests.adapters.host import until
from tests.adapters.memory import MemoryAdapter


class Moody(MemoryAdapter):
    """An adapter whose runs end as told; when there is nothing more to tell, it works for ever."""

    def __init__(self, folder: Path, *endings: BaseException | None) -> None:
        super().__init__(folder)
        self.endings = list(endings)
        self.runs = 0

    async def run(self, receive: Receive) -> None:
        self.runs += 1
        if not self.endings:
            await asyncio.Event().wait()
        ending = self.endings.pop(0)
        if ending is not None:
            raise ending


async def receive(events: Sequence[Event], cursor: str | None = None) -> None:
    """Nobody listens."""


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(tmp_path / "gateway.db") as database:
        yield database


@pytest.fixture
def channel(tmp_path: Path, database: Database) -> Channel:
    return Channel("shop", tmp_path, Archive(database))


@asynccontextmanager
async def supervising(channel: Channel, adapter: MemoryAdapter) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(supervise(channel, adapter, receive))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait({task})


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (NetworkError("no network"), "no network"),
        (LookupError("our mistake"), "LookupError: our mistake"),
        (asyncio.CancelledError(), "RuntimeError: something that was waited for was cancelled"),
    ],
    ids=["an error of the platform", "a mistake of ours", "a cancellation that is not of us"],
)
async def test_a_channel_that_fails_is_started_again(
    tmp_path: Path, channel: Channel, error: BaseException, detail: str
) -> None:
    adapter = Moody(tmp_path, error)
    async with supervising(channel, adapter):
        await until(lambda: channel.status.state is ChannelState.DOWN)
        assert adapter.runs == 1
        assert channel.status.last_error == detail
        await until(lambda: adapter.runs == 2)
        assert channel.status.state is ChannelState.STARTING


async def test_a_refused_login_is_said_and_not_hammered(tmp_path: Path, channel: Channel) -> None:
    adapter = Moody(tmp_path, AuthError("token revoked"), AuthError("token revoked"))
    async with supervising(channel, adapter) as task:
        await until(lambda: channel.status.state is ChannelState.AUTH_FAILED)
        assert channel.status.last_error == "token revoked"
        assert not task.done()
        assert adapter.runs == 1


async def test_a_channel_that_has_nothing_more_to_hear_ends(tmp_path: Path, channel: Channel) -> None:
    async with supervising(channel, Moody(tmp_path, None)) as task:
        async with asyncio.timeout(5):
            await task
    assert channel.status.state is ChannelState.STOPPED


async def test_one_that_fails_never_stops_another(tmp_path: Path, database: Database) -> None:
    channels = [Channel(name, tmp_path, Archive(database)) for name in ("shop", "cellar")]
    good, bad = Moody(tmp_path), Moody(tmp_path, LookupError("oops"), AuthError("revoked"))
    async with supervising(channels[0], good) as working, supervising(channels[1], bad):
        await until(lambda: bad.runs == 2)
        assert good.runs == 1
        assert not working.done()


async def test_a_channel_is_stopped_by_cancelling_it(tmp_path: Path, channel: Channel) -> None:
    adapter = Moody(tmp_path)
    async with supervising(channel, adapter) as task:
        await until(lambda: adapter.runs)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


# --- what a channel keeps


async def test_a_channel_has_values_of_its_own(tmp_path: Path, database: Database, channel: Channel) -> None:
    await channel.save("token", "1")
    assert await channel.load("token") == "1"
    assert await Channel("cellar", tmp_path, Archive(database)).load("token") is None


def test_a_channel_has_a_folder_of_its_own(tmp_path: Path) -> None:
    channel = Channel("shop", tmp_path, Archive(Database(tmp_path / "gateway.db")))
    assert not (tmp_path / "channels").exists()
    assert channel.folder == tmp_path / "channels" / "shop"
    assert channel.folder.stat().st_mode & 0o777 == 0o700


async def test_reports_are_kept_and_told_once(channel: Channel, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    channel.report(ChannelState.UP)
    channel.report(ChannelState.UP)
    channel.report(ChannelState.DOWN, "no network")
    channel.report(ChannelState.DOWN, "still no network")
    assert [record.getMessage() for record in caplog.records] == [
        "channel shop is up",
        "channel shop is down: no network",
    ]
    assert channel.status.last_error == "still no network"


async def test_every_change_is_heard_of(channel: Channel) -> None:
    heard: list[tuple[ChannelState, str]] = []
    channel.watch(lambda state, detail: heard.append((state, detail)))
    channel.report(ChannelState.UP)
    channel.report(ChannelState.UP)
    channel.report(ChannelState.DOWN, "no network")
    assert heard == [(ChannelState.UP, ""), (ChannelState.DOWN, "no network")]


async def test_the_board_writes_down_what_changed(database: Database, channel: Channel) -> None:
    board = Board(database)
    board.channels["shop"] = channel
    channel.report(ChannelState.UP)
    channel.received(2)
    channel.sent()
    await board.write()
    status = (await database.run(table.load))["shop"]
    assert status == channel.status
    assert status.last_in is not None
    assert status.last_out is not None
    assert board.states() == {"shop": "up"}
    assert not channel.changed
    board.stopped()
    assert board.states() == {"shop": "stopped"}
    assert channel.changed


async def test_a_board_that_cannot_write_tries_again(database: Database, channel: Channel) -> None:
    """A full disk is no reason for the whole gateway to end."""
    board = Board(database)
    board.channels["shop"] = channel
    await database.run(lambda connection: connection.execute("ALTER TABLE channels RENAME TO away"))
    await board.write()
    assert channel.changed
    await database.run(lambda connection: connection.execute("ALTER TABLE away RENAME TO channels"))
    await board.write()
    assert (await database.run(table.load))["shop"].state is ChannelState.STARTING
