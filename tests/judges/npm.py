"""Judges that come from npm: kept outside the repository, installed when asked for.

``python -m tests.judges.npm`` installs them all; so does running the tests with ``GATEWAY_JUDGES=install``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .cache import HOME, provide

AIMOCK = "@copilotkit/aimock@1.43.0"
AXE = "axe-core@4.14.1"
DINGTALK = "dingtalk-stream@2.1.5"
OPENCLAW_WEIXIN = "@tencent-weixin/openclaw-weixin@2.4.9"
WECHAT_CRYPTO = "wechat-crypto@0.0.2"
WECOM_CRYPTO = "@wecom/crypto@1.0.1"
ALL = (AIMOCK, AXE, DINGTALK, OPENCLAW_WEIXIN, WECHAT_CRYPTO, WECOM_CRYPTO)
# A plugin wants the whole program that it belongs to, which is large, and not needed to drive it.
_WITHOUT_PEERS = (OPENCLAW_WEIXIN,)


def find(package: str) -> Path:
    """The folder of *package* ("name@version"); skips the test where it is not installed."""
    if not shutil.which("node"):
        pytest.skip(f"{package} needs Node.js, which is not installed")
    return provide(package, _folder(package), install)


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
        *(["--legacy-peer-deps"] if package in _WITHOUT_PEERS else []),
        package,
    ]
    subprocess.run(command, check=True, timeout=300, stdout=subprocess.DEVNULL)


def _prefix(package: str) -> Path:
    return HOME / package.lstrip("@").replace("/", "-")


def _folder(package: str) -> Path:
    return _prefix(package) / "node_modules" / package[: package.rindex("@")]


if __name__ == "__main__":
    for judge in sys.argv[1:] or ALL:
        if not _folder(judge).exists():
            install(judge)
