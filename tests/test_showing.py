"""Logins are shown while they last, at every place that there is."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.channels import Channel, folder_of
from gateway.login import Scan, Step
from gateway.scans import ScanFiles
from gateway.showing import LogLine, Place, Screen, Showing
from gateway.store.archive import Archive
from gateway.store.database import Database

from . import codes
from .adapters.host import until


class Eyes:
    """A screen, and what was seen on it; `broken`: it cannot be written to."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Scan | None]] = []
        self.places: list[Place] = []
        self.broken = False

    async def show(self, place: Place, scan: Scan | None) -> None:
        if self.broken:
            raise OSError("the terminal is gone")
        self.places.append(place)
        self.seen.append((place.channel, scan))

    @property
    def steps(self) -> list[Step | None]:
        return [scan.step if scan else None for _, scan in self.seen]


@pytest.fixture
def channel(tmp_path: Path) -> Channel:
    return Channel("wechat", tmp_path, Archive(Database(tmp_path / "gateway.db")))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folder_of(tmp_path, "wechat")


def showing(channel: Channel, tmp_path: Path, screen: Screen, pages: str = "") -> Showing:
    return Showing([channel], tmp_path, pages, screen)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*")}


def in_the_way(folder: Path) -> None:
    """A file where the folder should be."""
    folder.parent.mkdir()
    folder.touch()


def out_of_the_way(folder: Path) -> None:
    folder.unlink()


async def test_every_code_is_drawn_anew_and_the_last_is_taken_away(
    tmp_path: Path, channel: Channel, folder: Path
) -> None:
    eyes, login, picture = Eyes(), channel.login, folder / "login.png"
    async with showing(channel, tmp_path, eyes, "http://127.0.0.1:8080/channels"):
        for number, text in enumerate(("first", "second"), 1):
            login.show(text, 60)
            await until(lambda count=number: len(eyes.seen) == count)
            assert codes.in_picture(picture.read_bytes()) == [text]
        login.scanned()
        await until(lambda: eyes.steps[-1] is Step.CONFIRM)
        login.done()
        await until(lambda: eyes.steps[-1] is None)
        assert names(folder) == set()
    assert eyes.steps == [Step.SCAN, Step.SCAN, Step.CONFIRM, None]
    assert eyes.places[0].page == "http://127.0.0.1:8080/channels/wechat"
    assert eyes.places[0].files.picture == picture


async def test_a_login_that_began_sooner_is_shown_and_the_end_takes_it_away(
    tmp_path: Path, channel: Channel, folder: Path
) -> None:
    eyes = Eyes()
    channel.login.show("code", 60)
    async with showing(channel, tmp_path, eyes):
        await until(lambda: eyes.seen)
        assert eyes.places[0].page == ""
        assert names(folder) == {"login.png", "login.scan"}
    assert names(folder) == set()


async def test_what_a_crash_left_behind_is_gone_at_the_start(
    tmp_path: Path, channel: Channel, folder: Path
) -> None:
    ScanFiles(folder).write(Scan("of an earlier life", 1.0))
    async with showing(channel, tmp_path, Eyes()):
        assert names(folder) == set()


async def test_the_end_leaves_nothing_behind_whenever_it_comes(
    tmp_path: Path, channel: Channel, folder: Path
) -> None:
    for turns in range(8):
        channel.login.done()
        async with showing(channel, tmp_path, Eyes()):
            channel.login.show(f"code {turns}", 60)
            for _ in range(turns):
                await asyncio.sleep(0)
        assert names(folder) == set()


async def test_digits_that_are_typed_elsewhere_reach_who_asked(
    tmp_path: Path, channel: Channel, folder: Path
) -> None:
    eyes, login, files = Eyes(), channel.login, ScanFiles(folder)
    async with showing(channel, tmp_path, eyes):
        login.show("code", 60)
        asking = asyncio.create_task(login.digits())
        await until(lambda: eyes.steps[-1:] == [Step.DIGITS])
        files.put_digits("no digits")
        await until(lambda: not (folder / "login.digits").exists())
        assert not asking.done()
        files.put_digits("271828")
        async with asyncio.timeout(10):
            assert await asking == "271828"


async def test_a_place_that_fails_is_no_harm_to_the_others(
    tmp_path: Path, channel: Channel, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    eyes = Eyes()
    in_the_way(folder)
    async with showing(channel, tmp_path, eyes):
        channel.login.show("https://secret.example", 60)
        await until(lambda: eyes.seen)
        out_of_the_way(folder)
        eyes.broken = True
        channel.login.show("https://secret.example/2", 60)
        await until(lambda: "login.scan" in names(folder))
        await until(lambda: "the terminal is gone" in caplog.text)
    assert "secret" not in caplog.text


async def test_the_log_says_what_to_run_once_a_login(caplog: pytest.LogCaptureFixture, folder: Path) -> None:
    line, files = LogLine(), ScanFiles(folder)
    page = "http://127.0.0.1:8080/channels/wechat"
    for scan in (Scan("secret 1", 1.0), Scan("secret 2", 2.0), None, None, Scan("secret 3", 3.0)):
        await line.show(Place("wechat", files, page), scan)
    await line.show(Place("other", files), Scan("secret 4", 4.0))
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        f"channel wechat wants a scan: run `gateway login wechat`, or open {page}",
        f"channel wechat wants a scan: run `gateway login wechat`, or open {page}",
        "channel other wants a scan: run `gateway login other`",
    ]
