"""One process owns a data directory."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from gateway.errors import StoreError


class Lock:
    """Makes one process the owner of a data directory."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "gateway.lock"
        self._file: int | None = None

    def take(self) -> None:
        """Become the owner. Raises `StoreError` where another process is."""
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as exc:
            raise StoreError(
                f"cannot write to the data directory {self._path.parent} as uid {os.getuid()}: {exc.strerror}"
            ) from exc
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            owner = os.pread(self._file, 32, 0).decode(errors="replace").strip() or "unknown"
            self.release()
            raise StoreError(
                f"another gateway (process {owner}) owns {self._path.parent}: stop that one first"
            ) from exc
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let others become the owner."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def owner(folder: Path) -> int | None:
    """The process that owns *folder*, or None."""
    try:
        file = os.open(folder / "gateway.lock", os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return int(os.pread(file, 32, 0) or b"0")
    finally:
        os.close(file)
    return None
