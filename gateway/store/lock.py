"""One process owns a data directory."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import StoreError

# Who only looks is gone within microseconds; on a machine that is busy, a little later (seconds).
_LOOKS_AT_MOST = 5.0
_LOOK_AGAIN = 0.005


class Lock:
    """Makes one process the owner of a data directory."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "gateway.lock"
        self._file: int | None = None

    def take(self) -> None:
        """Become the owner. Raises `StoreError` where another process is."""
        try:
            self._take()
        except OSError as exc:
            self.release()
            raise StoreError(
                f"cannot write to the data directory {self._path.parent}"
                f" as uid {os.geteuid()}: {exc.strerror}"
            ) from exc

    def _take(self) -> None:
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        if not _taken(self._file):
            owner = os.pread(self._file, 32, 0).decode(errors="replace").strip() or "unknown"
            self.release()
            raise StoreError(
                f"another gateway (process {owner}) owns {self._path.parent}: stop that one first"
            )
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let others become the owner."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _taken(file: int) -> bool:
    """Lock *file* for us alone; false where another gateway has it. Who looks (`owner`) is waited for."""
    until = time.monotonic() + _LOOKS_AT_MOST
    while not _locked(file, fcntl.LOCK_EX):
        # An owner shares it with nobody, those who look share it with us.
        if not _locked(file, fcntl.LOCK_SH) or time.monotonic() > until:
            return False
        fcntl.flock(file, fcntl.LOCK_UN)
        time.sleep(_LOOK_AGAIN)
    return True


def _locked(file: int, how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def owned(folder: Path) -> Iterator[None]:
    """Own the data directory, made where there is none. Raises `StoreError`."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise StoreError(
            f"cannot make the data directory {folder} as uid {os.geteuid()}: {exc.strerror}"
        ) from exc
    lock = Lock(folder)
    lock.take()
    try:
        yield
    finally:
        lock.release()


def owner(folder: Path) -> int | None:
    """The process that owns *folder*, or None."""
    try:
        file = os.open(folder / "gateway.lock", os.O_RDONLY)
    except OSError:
        return None
    try:
        return None if _locked(file, fcntl.LOCK_SH) else int(os.pread(file, 32, 0) or b"0")
    finally:
        os.close(file)


def owned_since(folder: Path) -> float:
    """When the process that owns *folder* became its owner, in seconds since 1970."""
    return (folder / "gateway.lock").stat().st_mtime
