"""Files that nobody sees half written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway import files


def test_a_file_is_replaced_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"old")
    path.chmod(0o644)
    held = path.open("rb")
    files.replace(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_uid == tmp_path.stat().st_uid
    with held:
        assert held.read() == b"old"  # whoever reads it reads one of the two
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_crash_left_behind_is_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / "key"
    files.temporary(path).write_bytes(b"half")
    files.replace(path, b"whole", durable=False)
    assert path.read_bytes() == b"whole"
    assert not files.temporary(path).exists()


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.replace(tmp_path / "no" / "key", b"")


def test_folders_are_their_owners_alone_all_the_way(tmp_path: Path) -> None:
    inner = tmp_path / "channels" / "wechat"
    before = os.umask(0)
    try:
        files.make_folder(inner)
        files.make_folder(inner)
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in (inner, inner.parent)} == {0o700}
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        files.make_folder(tmp_path / "file")
