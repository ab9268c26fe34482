"""Where judges are kept: outside the repository, installed once for all test processes."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

HOME = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bot-gateway" / "judges"


def provide(name: str, folder: Path, install: Callable[[str], None]) -> Path:
    """The *folder* that *install* fills for *name*; skips the test where nobody wants it installed."""
    if folder.exists():
        return folder
    if os.environ.get("GATEWAY_JUDGES") != "install":
        pytest.skip(f"{name} is not installed: python -m {install.__module__}")
    with _alone():
        if not folder.exists():
            install(name)
    return folder


@contextmanager
def _alone() -> Iterator[None]:
    """Tests run beside each other, in processes of their own."""
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
