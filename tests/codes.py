"""Reads QR codes as a phone does: from pictures, and from what a terminal would paint."""

from __future__ import annotations

import io
import re
from typing import Literal

import zxingcpp
from PIL import Image

Theme = Literal["dark", "light"]

_ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")
_COLOURS = {"16": 0, "231": 255}
_SCALE = 4


def in_picture(picture: bytes | Image.Image) -> list[str]:
    """What the codes in a picture say."""
    image = Image.open(io.BytesIO(picture)) if isinstance(picture, bytes) else picture
    found = zxingcpp.read_barcodes(image.convert("L"), formats=zxingcpp.BarcodeFormat.QRCode)
    return [code.text for code in found]


def on_terminal(said: str, theme: Theme = "dark") -> list[str]:
    """What the codes say that a terminal shows."""
    pixels = painted(said, theme)
    width = max(map(len, pixels), default=0)
    ground = _ground(theme)
    image = Image.new("L", (width + 8, len(pixels) + 8), ground)
    for y, row in enumerate(pixels):
        for x, colour in enumerate(row):
            image.putpixel((x + 4, y + 4), colour)
    return in_picture(image.resize((image.width * _SCALE, image.height * _SCALE), Image.Resampling.NEAREST))


def painted(said: str, theme: Theme = "dark") -> list[list[int]]:
    """The pixels of a terminal, 0 to 255: a character is one wide and two high. Letters are grey."""
    ground = _ground(theme)
    rows = []
    for line in said.splitlines():
        above: list[int] = []
        below: list[int] = []
        ink, paper = 255 - ground, ground
        for at, part in enumerate(_ESCAPE.split(line.replace("\r", ""))):
            if at % 2:
                ink, paper = _obeyed(part, ink, paper, ground)
                continue
            for letter in part:
                top, bottom = _glyph(letter, ink, paper)
                above.append(top)
                below.append(bottom)
        rows += [above, below]
    return rows


def _glyph(letter: str, ink: int, paper: int) -> tuple[int, int]:
    known = {" ": (paper, paper), "▀": (ink, paper), "▄": (paper, ink), "█": (ink, ink)}
    return known.get(letter, (128, 128))


def _obeyed(codes: str, ink: int, paper: int, ground: int) -> tuple[int, int]:
    """The colours after an escape sequence; those that we do not use are an error."""
    if codes in ("", "0"):
        return 255 - ground, ground
    left = codes
    while left:
        found = re.fullmatch(r"(38|48);5;(\d+)(?:;(.*))?", left)
        assert found is not None, f"an unknown sequence: {codes}"
        if found[1] == "38":
            ink = _COLOURS[found[2]]
        else:
            paper = _COLOURS[found[2]]
        left = found[3] or ""
    return ink, paper


def _ground(theme: Theme) -> int:
    return 0 if theme == "dark" else 255
