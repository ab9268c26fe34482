"""The disk is full, or nothing may be written: nothing is confirmed, nothing is lost, nothing comes twice."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.host import until
from tests.flows.conftest import Configure
from tests.flows.process import GatewayProcess
from tests.flows.test_outage import question, texts
from tests.servers.model import ModelServer
from tests.servers.telegram import TelegramServer

PATHS = {"PYTHONPATH": str(Path(__file__).parent.parent.parent)}


class FullDisk:
    """No file of the process grows beyond what the log of changes is now."""

    def __init__(self, process: GatewayProcess) -> None:
        self._process = process
        self._largest = (process.folder / "data" / "gateway.db-wal").stat().st_size
        assert self._largest > len(process.log) + 50_000, "the log could not be written either"

    def __enter__(self) -> None:
        self._limit(self._largest)

    def __exit__(self, *error: object) -> None:
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, largest: int) -> None:
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))


async def test_while_the_disk_is_full_nothing_is_confirmed_and_afterwards_all_is_answered_once(
    telegram: TelegramServer, model: ModelServer, gateway: Configure
) -> None:
    ann, bob = telegram.user("Ann"), telegram.user("Bob")
    chat, other = telegram.private(ann), telegram.private(bob)
    model.latency = lambda body: 0.5 if question(body) == "before" else 0.0
    async with gateway({"poll_timeout": 1}) as process:
        telegram.say(chat, ann, "one")
        await telegram.answers(chat, 1, timeout=20)
        telegram.say(chat, ann, "before")
        await model.until(lambda: len(model.requests) == 2)
        with FullDisk(process):
            telegram.say(other, bob, "meanwhile")
            for line in ("telegram: disk I/O error", "cannot write down that a message is retried"):
                await until(lambda line=line: process.lines(line), within=20)
            asked = len(telegram.called("getUpdates"))
            await telegram.until(lambda: len(telegram.called("getUpdates")) >= asked + 2, timeout=20)
            offsets = {call.params["offset"] for call in telegram.called("getUpdates")[-2:]}
            assert len(offsets) == 1
            assert telegram.queue.pending  # it is Telegram's still
            assert texts(telegram, other) == []
            assert f"running, process {process.pid}" in process.tells("status")
        await telegram.answers(other, 1, timeout=30)
        await telegram.answers(chat, 2, timeout=30)
        telegram.say(chat, ann, "after")
        await telegram.answers(chat, 3, timeout=20)
        await process.idle()
    assert texts(telegram, chat) == ["one (1 turns)", "before (3 turns)", "after (5 turns)"]
    assert texts(telegram, other) == ["meanwhile (1 turns)"]


class HumbleProcess(GatewayProcess):
    """A gateway that may not write where permissions forbid it, whoever runs the tests."""

    module = "tests.flows.humble"


@pytest.fixture
def humble(tmp_path: Path) -> Iterator[HumbleProcess]:
    """A gateway with its data in "place/data"; whatever is done to these, they can be deleted at the end."""
    place = tmp_path / "place"
    (place / "data").mkdir(parents=True)
    config = {"model": "test", "api_key": "sk-of-a-test", "channels": {"console": {}}}
    yield HumbleProcess(tmp_path, {**config, "data_dir": str(place / "data")}, PATHS)
    for path in (place, place / "data"):
        if path.exists():
            path.chmod(0o700)


async def refused(process: HumbleProcess) -> str:
    """What a gateway says that does not start."""
    async with process:
        assert await process.ended() == 1
    return process.log


async def test_a_data_folder_that_cannot_be_written_is_said_with_who_we_are(humble: HumbleProcess) -> None:
    data = humble.folder / "place" / "data"
    data.chmod(0o500)
    assert await refused(humble) == (
        f"cannot write to the data directory {data} as uid {os.geteuid()}: Permission denied\n"
    )


async def test_a_data_folder_that_cannot_be_made_is_said_with_who_we_are(humble: HumbleProcess) -> None:
    data = humble.folder / "place" / "data"
    data.rmdir()
    data.parent.chmod(0o500)
    assert await refused(humble) == (
        f"cannot make the data directory {data} as uid {os.geteuid()}: Permission denied\n"
    )


async def test_a_database_that_cannot_be_written_is_said_with_who_we_are(humble: HumbleProcess) -> None:
    data = humble.folder / "place" / "data"
    (data / "gateway.db").touch(mode=0o400)
    said = await refused(humble)
    assert said.startswith(f"cannot open {data / 'gateway.db'} as uid {os.geteuid()}: ")
    assert said.count("\n") == 1
