"""Judges that come from PyPI in versions of their own: kept apart, installed when asked for.

``python -m tests.judges.pypi`` installs them all; so does running the tests with ``GATEWAY_JUDGES=install``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DINGTALK = "dingtalk-stream==0.24.3"
DINGTALK_NEXT = "dingtalk-stream==0.24.4b1"
ALL = (DINGTALK, DINGTALK_NEXT)

_HOME = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bot-gateway" / "judges"


def find(requirement: str) -> Path:
    """The folder to import *requirement* ("name==version") from; skips the test where it is not installed."""
    folder = _folder(requirement)
    if not folder.exists():
        if os.environ.get("GATEWAY_JUDGES") != "install":
            pytest.skip(f"{requirement} is not installed: python -m tests.judges.pypi")
        install(requirement)
    return folder


def install(requirement: str) -> None:
    """Install *requirement*, with all it needs, from the index that pip is configured for."""
    folder = _folder(requirement)
    half = folder.with_name(f"{folder.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(half), requirement]
    subprocess.run(command, check=True, timeout=300, stdout=subprocess.DEVNULL)
    half.rename(folder)


def _folder(requirement: str) -> Path:
    tag = sys.implementation.cache_tag  # some of what they need is compiled
    return _HOME / f"{requirement.replace('==', '@')}-{tag}"


if __name__ == "__main__":
    for judge in sys.argv[1:] or ALL:
        if not _folder(judge).exists():
            install(judge)
