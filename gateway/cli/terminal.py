"""Logins on a terminal."""

from __future__ import annotations

import asyncio
import codecs
import os
import time
from typing import TextIO

from gateway import qr
from gateway.cli.keyboard import Keyboard
from gateway.login import Scan, Step
from gateway.scans import digits_of
from gateway.showing import Place


class Terminal:
    """Shows logins on *stream*; digits typed at *keyboard* go to the channel that asked for them last.

    Without a keyboard, somebody else reads what is typed there.
    """

    def __init__(self, stream: TextIO, keyboard: Keyboard | None) -> None:
        self._stream = stream
        self._keyboard = keyboard
        self._shown: dict[str, Scan] = {}
        self._asking: dict[str, Place] = {}

    async def show(self, place: Place, scan: Scan | None) -> None:
        """Draw a new code; say in a line what became of it. Raises `OSError`."""
        before = self._shown.pop(place.channel, None)
        self._asking.pop(place.channel, None)
        if scan is not None:
            self._shown[place.channel] = scan
        if scan is not None and scan.step is Step.DIGITS:
            self._asking[place.channel] = place
        heard = self._listen()
        if scan is None:
            text = "nothing to scan any more\n" if before else ""
        elif scan.step is Step.SCAN:
            text = await asyncio.to_thread(self._drawn, place, scan)
        else:
            text = _next_step(place, scan, heard)
        if text:
            await asyncio.to_thread(self.say, f"{place.channel}: {text}")

    def say(self, text: str) -> None:
        """Write *text*; what the terminal has no letters for is written in others. Raises `OSError`."""
        encoding = self._stream.encoding or "utf-8"
        self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        self._stream.flush()

    def close(self) -> None:
        """Listen to the keyboard no more."""
        if self._keyboard is not None:
            self._keyboard.stop()

    def _listen(self) -> bool:
        """Listen where somebody is asked for digits; false where they cannot be typed here."""
        if self._keyboard is None:
            return False
        if self._asking:
            return self._keyboard.listen(self._typed)
        self._keyboard.stop()
        return True

    def _typed(self, line: str) -> None:
        if not self._asking or not line.strip():
            return
        channel = list(self._asking)[-1]
        if digits := digits_of(line):
            self._asking[channel].files.put_digits(digits)
        else:
            self.say(f"{channel}: those are no digits; try again\n")

    def _drawn(self, place: Place, scan: Scan) -> str:
        """A code, with what else leads there."""
        seconds = max(0, round(scan.expires - time.time()))
        lines = [f"scan this with the phone, within {seconds} seconds\n", f"\n{self._code(scan.text)}\n"]
        lines.append(f"  it says      {_printable(scan.text)}\n")
        lines.append(f"  as a picture {place.files.picture}\n")
        if place.page:
            lines.append(f"  as a page    {place.page}\n")
        return "".join(lines)

    def _code(self, text: str) -> str:
        utf8 = codecs.lookup(self._stream.encoding or "utf-8").name == "utf-8"
        widest = qr.COLUMNS if utf8 else qr.ASCII_COLUMNS
        columns = min(widest, _columns(self._stream) or widest)
        drawn = qr.blocks(text, columns) if utf8 else qr.ascii_blocks(text, columns)
        return drawn or f"  (the code is too large for {columns} columns)\n"


def _next_step(place: Place, scan: Scan, heard: bool) -> str:
    if scan.step is Step.CONFIRM:
        return "scanned; now confirm it on the phone\n"
    wrong = "those were not the digits; " if scan.wrong else ""
    if heard:
        return f"{wrong}type the digits that the phone shows:\n"
    page = f", or at {place.page}" if place.page else ""
    there = f"in a terminal with `gateway login {place.channel}`{page}"
    return f"{wrong}the phone shows digits: type them {there}\n"


def _columns(stream: TextIO) -> int:
    """How wide the terminal is; 0 where it is none, or does not say."""
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 0


def _printable(text: str) -> str:
    """*text* without what a terminal would obey."""
    return "".join(character if character.isprintable() else "�" for character in text)
