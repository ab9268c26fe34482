"""What a terminal shows of a login, and what is typed there."""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.cli.keyboard import Keyboard
from gateway.cli.terminal import Terminal
from gateway.login import Scan, Step
from gateway.scans import ScanFiles
from gateway.showing import Place

from . import codes
from .adapters.host import until

SCAN = Scan("https://login.example/l/1", time.time() + 90)
DIGITS = replace(SCAN, step=Step.DIGITS)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place("wechat", ScanFiles(tmp_path), "http://127.0.0.1:8080/channels/wechat")


class Paper(io.TextIOWrapper):
    """A stream in some encoding, and what was written to it."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding)

    @property
    def text(self) -> str:
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode(self.encoding)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Somebody's typing, from its reading end to its writing end."""
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue  # closed by the test


# --- showing


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "ascii", "latin-1", "gb18030"])
async def test_a_code_is_drawn_with_what_else_leads_there(place: Place, encoding: str) -> None:
    paper = Paper(encoding)
    await Terminal(paper, None).show(place, SCAN)
    assert codes.on_terminal(paper.text) == [SCAN.text]
    assert ("▀" in paper.text) == (encoding.lower() in ("utf-8", "utf8"))
    for shown in (SCAN.text, str(place.files.picture), place.page, "seconds"):
        assert shown in paper.text


async def test_what_is_too_large_is_said_and_its_address_shown(place: Place) -> None:
    paper, text = Paper(), "https://login.example/" + "x" * 400
    await Terminal(paper, None).show(place, replace(SCAN, text=text))
    assert "the code is too large for 60 columns" in paper.text
    assert text in paper.text
    assert "\x1b" not in paper.text


async def test_a_narrow_terminal_is_not_drawn_over(place: Place) -> None:
    screen, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, 26))
    try:
        with os.fdopen(theirs, "w", encoding="utf-8") as stream:
            await Terminal(stream, None).show(place, SCAN)
            said = os.read(screen, 65536).decode()
    finally:
        os.close(screen)
    assert "too large for 26 columns" in said


async def test_a_terminal_obeys_nothing_that_a_platform_says(place: Place) -> None:
    paper = Paper("ascii")
    await Terminal(paper, None).show(place, replace(SCAN, text="\x1b]0;owned\x07电池" + "x" * 400))
    assert "\x1b" not in paper.text
    assert "\x07" not in paper.text
    assert "\\u7535" in paper.text


async def test_every_step_is_a_line(place: Place) -> None:
    paper = Paper()
    terminal = Terminal(paper, None)
    await terminal.show(place, None)
    assert paper.text == ""
    for scan in (replace(SCAN, step=Step.CONFIRM), DIGITS, replace(DIGITS, wrong=True), None):
        await terminal.show(place, scan)
    elsewhere = f"type them in a terminal with `gateway login wechat`, or at {place.page}"
    assert paper.text.splitlines() == [
        "wechat: scanned; now confirm it on the phone",
        f"wechat: the phone shows digits: {elsewhere}",
        f"wechat: those were not the digits; the phone shows digits: {elsewhere}",
        "wechat: nothing to scan any more",
    ]


# --- typing


async def test_what_is_typed_goes_to_who_asked_last(
    place: Place, tmp_path: Path, pipe: tuple[int, int]
) -> None:
    paper, (reads, writes) = Paper(), pipe
    terminal = Terminal(paper, Keyboard(reads))
    other = Place("other", ScanFiles(tmp_path / "other"))
    other.files.write(SCAN)
    await terminal.show(other, DIGITS)
    await terminal.show(place, DIGITS)
    os.write(writes, b"\n12")
    os.write(writes, b"34\nnone\n")
    await until(lambda: "wechat: those are no digits" in paper.text)
    assert place.files.take_digits() == "1234"
    await terminal.show(place, replace(SCAN, step=Step.CONFIRM))
    os.write(writes, b"5\n")
    await until(lambda: (tmp_path / "other" / "login.digits").exists())
    assert other.files.take_digits() == "5"
    assert place.files.take_digits() == ""
    terminal.close()


async def test_nothing_is_read_while_nobody_asks(place: Place, pipe: tuple[int, int]) -> None:
    reads, writes = pipe
    terminal = Terminal(Paper(), Keyboard(reads))
    await terminal.show(place, DIGITS)
    await terminal.show(place, SCAN)
    os.write(writes, b"for somebody else\n")
    await asyncio.sleep(0)
    assert os.read(reads, 100) == b"for somebody else\n"
    terminal.close()


@pytest.mark.parametrize("closed", [False, True], ids=["a file", "closed"])
async def test_where_nobody_can_type_it_is_said(place: Place, pipe: tuple[int, int], closed: bool) -> None:
    descriptor = os.open(os.devnull, os.O_RDONLY)
    if closed:
        os.close(descriptor)
    paper = Paper()
    terminal = Terminal(paper, Keyboard(descriptor))
    await terminal.show(place, DIGITS)
    assert "gateway login wechat" in paper.text
    terminal.close()
    if not closed:
        os.close(descriptor)


async def test_the_end_of_what_is_typed_is_no_busy_loop(pipe: tuple[int, int]) -> None:
    reads, writes = pipe
    heard: list[str] = []
    keyboard = Keyboard(reads)
    assert keyboard.listen(heard.append)
    os.write(writes, b"1\n2")
    os.close(writes)
    await until(lambda: not keyboard.listening)
    assert heard == ["1"]
    keyboard.stop()


_READER = """
import asyncio
from gateway.cli.keyboard import Keyboard

async def main():
    heard, keyboard = [], Keyboard(0)
    assert keyboard.listen(heard.append)
    while keyboard.listening:
        await asyncio.sleep(0.01)
    print("heard", heard)

asyncio.run(main())
"""
# The first terminal that a new session opens is its own; what it runs in another group is behind.
_SHELL = """
import os, subprocess, sys
os.open(os.ttyname(0), os.O_RDWR)
subprocess.run([sys.executable, "-c", sys.argv[1]], process_group=0, timeout=20, check=True)
"""


def test_a_gateway_in_the_background_is_not_stopped_by_its_terminal() -> None:
    """Whoever reads a terminal from behind gets SIGTTIN, and would stand still for ever."""
    screen, theirs = os.openpty()
    try:
        os.write(screen, b"for the shell\n")
        shell = subprocess.run(
            [sys.executable, "-c", _SHELL, _READER],
            stdin=theirs,
            capture_output=True,
            text=True,
            start_new_session=True,
            timeout=30,
        )
    finally:
        os.close(screen)
        os.close(theirs)
    assert (shell.stdout, shell.stderr) == ("heard []\n", "")
