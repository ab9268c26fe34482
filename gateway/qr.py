"""QR codes, for a terminal and as a picture."""

from __future__ import annotations

import io
from itertools import groupby

import segno

# The widest code on a terminal, in columns: of half blocks, and where two letters make a module.
COLUMNS, ASCII_COLUMNS = 60, 80

# Modules of white around the code: on a terminal fewer than the standard's four, so that it needs fewer
# than the 24 rows of a small one.
_MARGIN, _TERMINAL_MARGINS = 4, (2, 1)
_PIXELS = 8  # of a module's side in the picture

# The black and the white of the 256 colours: those of the first 16 are as the theme likes them.
_BLACK_ON_WHITE = "\x1b[38;5;16;48;5;231m"
_PAPER = {0: "\x1b[48;5;231m", 1: "\x1b[48;5;16m"}
_PLAIN = "\x1b[0m"
_HALVES = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}


def blocks(text: str, columns: int = COLUMNS) -> str | None:
    """*text* as lines of half blocks, at most *columns* wide; None where it does not fit.

    Black on white in colours of its own, so that a dark terminal and a light one show the same.
    """
    rows = _fitted(text, columns)
    if rows is None:
        return None
    below = [*rows[1::2], [0] * len(rows[0])]  # a code has an odd number of rows
    return "".join(
        f"{_BLACK_ON_WHITE}{''.join(map(_HALVES.__getitem__, zip(*pair, strict=True)))}{_PLAIN}\n"
        for pair in zip(rows[::2], below, strict=True)
    )


def ascii_blocks(text: str, columns: int = ASCII_COLUMNS) -> str | None:
    """The same for a terminal that knows no blocks: two coloured spaces a module, so it is larger."""
    rows = _fitted(text, columns // 2)
    if rows is None:
        return None
    return "".join(
        "".join(f"{_PAPER[dark]}{'  ' * len(list(run))}" for dark, run in groupby(row)) + f"{_PLAIN}\n"
        for row in rows
    )


def png(text: str) -> bytes | None:
    """*text* as a PNG; None where no code can hold it."""
    code = _code(text)
    if code is None:
        return None
    picture = io.BytesIO()
    code.save(picture, kind="png", scale=_PIXELS, border=_MARGIN)
    return picture.getvalue()


def _fitted(text: str, modules: int) -> list[list[int]] | None:
    """The modules of *text*, 1 is dark, with the widest margin that *modules* leave room for."""
    code = _code(text)
    if code is None:
        return None
    for margin in _TERMINAL_MARGINS:
        if code.symbol_size(border=margin)[0] <= modules:
            return [list(row) for row in code.matrix_iter(border=margin)]
    return None


def _code(text: str) -> segno.QRCode | None:
    """The smallest code, with as much error correction as it has room for."""
    try:
        return segno.make_qr(text, error="l", boost_error=True)
    except segno.DataOverflowError:
        return None
