"""Judges that come from PyPI in versions of their own: kept apart, installed when asked for.

``python -m tests.judges.pypi`` installs them all; so does running the tests with ``GATEWAY_JUDGES=install``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from .cache import HOME, provide

DINGTALK = "dingtalk-stream==0.24.3"
DINGTALK_NEXT = "dingtalk-stream==0.24.4b1"
OPENILINK = "openilink-sdk-python==0.1.1"
WECHATPY = "wechatpy[pycrypto]==1.8.18"
ALL = (DINGTALK, DINGTALK_NEXT, OPENILINK, WECHATPY)


def find(requirement: str) -> Path:
    """The folder to import *requirement* ("name==version") from; skips the test where it is not installed."""
    return provide(requirement, _folder(requirement), install)


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
    return HOME / f"{requirement.replace('==', '@')}-{tag}"


if __name__ == "__main__":
    for judge in sys.argv[1:] or ALL:
        if not _folder(judge).exists():
            install(judge)
