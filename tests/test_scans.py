"""The files of a login: what one side writes, the other reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.login import Scan, Step
from gateway.scans import ScanFiles, digits_of

from . import codes

SCAN = Scan("https://login.example/l/1", 1234.5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "channels" / "wechat"


@pytest.fixture
def files(folder: Path) -> ScanFiles:
    return ScanFiles(folder)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_code_is_there_for_eyes_and_processes_and_then_gone(folder: Path, files: ScanFiles) -> None:
    assert files.read() is None
    for scan in (SCAN, Scan("电池", 2.0, Step.DIGITS, wrong=True)):
        files.write(scan)
        assert files.read() == scan
        assert codes.in_picture(files.picture.read_bytes()) == [scan.text]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert names(folder) == {"login.png", "login.scan"}
    files.write(None)
    assert files.read() is None
    assert names(folder) == set()


def test_nothing_is_made_where_nothing_was_asked(folder: Path, files: ScanFiles) -> None:
    files.clear()
    files.write(None)
    assert not folder.exists()


def test_what_no_code_can_hold_has_no_picture(folder: Path, files: ScanFiles) -> None:
    files.write(SCAN)
    files.write(Scan("x" * 5000, 1.0))
    assert names(folder) == {"login.scan"}


def test_digits_are_taken_once(folder: Path, files: ScanFiles) -> None:
    files.write(SCAN)
    assert files.take_digits() == ""
    files.put_digits("0123")
    assert (folder / "login.digits").stat().st_mode & 0o777 == 0o600
    assert files.take_digits() == "0123"
    assert files.take_digits() == ""


def test_digits_for_an_earlier_question_are_forgotten(files: ScanFiles) -> None:
    files.write(SCAN)
    files.put_digits("0123")
    files.write(Scan(SCAN.text, SCAN.expires, Step.DIGITS))
    assert files.take_digits() == ""


@pytest.mark.parametrize("found", [b"", b"twelve", b"\xff\xfe", b"1" * 300, b"1; rm"])
def test_what_is_no_digits_is_taken_away(folder: Path, files: ScanFiles, found: bytes) -> None:
    folder.mkdir(parents=True)
    (folder / "login.digits").write_bytes(found)
    assert files.take_digits() == ""
    assert names(folder) == set()


@pytest.mark.parametrize(
    "found", [b"", b"{", b"[]", b"{}", b'{"text": "x", "expires": 1, "step": "dance", "wrong": false}']
)
def test_what_another_version_wrote_says_nothing(folder: Path, files: ScanFiles, found: bytes) -> None:
    folder.mkdir(parents=True)
    (folder / "login.scan").write_bytes(found)
    assert files.read() is None
    files.clear()
    assert names(folder) == set()


def test_what_a_crash_left_half_written_is_cleared_away(folder: Path, files: ScanFiles) -> None:
    files.write(SCAN)
    (folder / "login.png.new").write_bytes(b"half")
    (folder / "session.json").write_bytes(b"the adapter's own")
    files.clear()
    assert names(folder) == {"session.json"}


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("1234", "1234"),
        (" 12 34\n", "1234"),
        ("１２３４", "1234"),
        ("0012", "0012"),
        ("12a4", ""),
        ("-1", ""),
        ("", ""),
        ("٣", ""),
        ("²", "2"),
        ("1" * 33, ""),
    ],
)
def test_digits_as_people_type_them(typed: str, digits: str) -> None:
    assert digits_of(typed) == digits
