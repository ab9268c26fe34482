"""QR codes: what is drawn is read again, by a parser of ours and by somebody else's decoder."""

from __future__ import annotations

import re

import pytest
import segno

from gateway import qr

from . import codes

WEB = "https://login.weixin.qq.com/l/gZwTpq5XRA=="
ILINK = "https://liteapp.weixin.qq.com/q/7GiQu1?qrcode=0123456789abcdef0123456789abcdef&bot_type=3"
REAL = pytest.mark.parametrize("text", [WEB, ILINK], ids=["web", "ilink"])
THEMES = pytest.mark.parametrize("theme", ["dark", "light"])


def lines(drawn: str | None) -> list[str]:
    """What is drawn, without colours."""
    assert drawn is not None
    assert drawn.endswith("\n")
    return [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in drawn.splitlines()]


def modules(pixels: list[list[int]], wide: int) -> list[list[int]]:
    """Pixels as a code's modules, 1 is dark, without the white around them; a module is *wide* pixels."""
    dark = [[int(pixel < 128) for pixel in row[::wide]] for row in pixels[::wide]]
    rows = [at for at, row in enumerate(dark) if any(row)]
    columns = [at for at, column in enumerate(zip(*dark, strict=True)) if any(column)]
    return [row[columns[0] : columns[-1] + 1] for row in dark[rows[0] : rows[-1] + 1]]


def matrix(text: str) -> list[list[int]]:
    return [list(row) for row in segno.make_qr(text, error="l").matrix]


@REAL
@THEMES
def test_half_blocks_say_the_text_on_every_theme(text: str, theme: codes.Theme) -> None:
    drawn = qr.blocks(text)
    assert drawn is not None
    assert modules(codes.painted(drawn, theme), 1) == matrix(text)
    assert codes.on_terminal(drawn, theme) == [text]


@REAL
@THEMES
def test_ascii_says_the_text_on_every_theme(text: str, theme: codes.Theme) -> None:
    drawn = qr.ascii_blocks(text)
    assert drawn is not None
    assert drawn.isascii()
    assert modules(codes.painted(drawn, theme), 2) == matrix(text)
    assert codes.on_terminal(drawn, theme) == [text]


@pytest.mark.parametrize(("text", "columns", "rows"), [(WEB, 33, 17), (ILINK, 41, 21)], ids=["web", "ilink"])
def test_real_codes_leave_room_on_a_small_terminal(text: str, columns: int, rows: int) -> None:
    drawn = lines(qr.blocks(text))
    assert {len(line) for line in drawn} == {columns}
    assert len(drawn) == rows
    assert {len(line) for line in lines(qr.ascii_blocks(text))} <= set(range(66, 81))


@pytest.mark.parametrize("length", [1, 53, 54, 106, 230, 271])
def test_every_code_keeps_to_the_width_and_has_a_margin(length: int) -> None:
    text = "x" * length
    drawn = qr.blocks(text)
    assert drawn is not None
    assert max(map(len, lines(drawn))) <= qr.COLUMNS
    for theme in ("dark", "light"):
        assert codes.on_terminal(drawn, theme) == [text]


def test_what_does_not_fit_is_not_drawn() -> None:
    assert qr.blocks("x" * 272) is None
    assert qr.blocks(ILINK, 38) is None
    assert qr.blocks(ILINK, 39) is not None
    assert qr.ascii_blocks(ILINK, 77) is None
    assert qr.ascii_blocks("x" * 200) is None
    assert qr.blocks("x" * 5000) is None
    assert qr.png("x" * 5000) is None


@pytest.mark.parametrize("text", [WEB, ILINK, "x" * 2000, "电池 🔋"])
def test_the_picture_says_the_text(text: str) -> None:
    picture = qr.png(text)
    assert picture is not None
    assert codes.in_picture(picture) == [text]
