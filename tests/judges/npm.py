"""Judges that come from npm: kept outside the repository, installed when asked for.

``python -m tests.judges.npm`` installs them all; so does running the tests with ``GATEWAY_JUDGES=install``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

AIMOCK = "@copilotkit/aimock@1.43.0"
AXE = "axe-core@4.14.1"
DINGTALK = "dingtalk-stream@2.1.5"
ALL = (AIMOCK, AXE, DINGTALK)

_HOME = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bot-gateway" / "judges"


def find(package: str) -> Path:
    """The folder of *package* ("name@version"); skips the test where it is not installed."""
    if not shutil.which("node"):
        pytest.skip(f"{package} needs Node.js, which is not installed")
    folder = _folder(package)
    if not folder.exists():
        if os.environ.get("GATEWAY_JUDGES") != "install":
            pytest.skip(f"{package} is not installed: python -m tests.judges.npm")
        install(package)
    return folder


def install(package: str) -> None:
    """Install *package* from the registry that npm is configured for."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip(f"{package} needs npm, which is not installed")
    prefix = _prefix(package)
    prefix.mkdir(parents=True, exist_ok=True)
    command = [
        npm,
        "install",
        "--prefix",
        str(prefix),
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        package,
    ]
    subprocess.run(command, check=True, timeout=300, stdout=subprocess.DEVNULL)


def _prefix(package: str) -> Path:
    return _HOME / package.lstrip("@").replace("/", "-")


def _folder(package: str) -> Path:
    return _prefix(package) / "node_modules" / package[: package.rindex("@")]


if __name__ == "__main__":
    for judge in sys.argv[1:] or ALL:
        if not _folder(judge).exists():
            install(judge)
