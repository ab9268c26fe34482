"""Files that must not be seen half written, nor by others, and folders for them."""

from __future__ import annotations

import os
from pathlib import Path


def replace(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Put *data* in the place of what *path* holds, all of it or nothing, for its owner alone (mode 0600).

    *durable*: also after a power cut; that takes as long as the disk does. The owner is the folder's where
    we are root: else a gateway of that user could not read what ``sudo gateway …`` wrote. Raises `OSError`.
    """
    new = temporary(path)
    with os.fdopen(create(new), "wb") as file:
        file.write(data)
        file.flush()
        if durable:
            os.fsync(file.fileno())
    put(new, path, durable=durable)


def create(path: Path) -> int:
    """Make *path* anew, empty, for its owner alone; returns its descriptor, to write to. Raises `OSError`.

    The owner is the folder's where we are root.
    """
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor


def put(new: Path, path: Path, *, durable: bool = True) -> None:
    """Put the file *new* in the place of *path*, in the same folder; *durable*: also after a power cut.

    Raises `OSError`.
    """
    new.replace(path)
    if durable:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def make_folder(path: Path) -> None:
    """Make the folder *path* and those above it that are not there, for their owner alone (mode 0700).

    Raises `OSError`.
    """
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)  # another process may have been faster


def temporary(path: Path) -> Path:
    """Where `replace` writes first; a crash may leave it behind."""
    return path.with_name(f"{path.name}.new")
