"""Asks which installed packages have known faults: ``python -m tests.audit``, a part of ``make check``.

Without pip-audit, or where PyPI does not answer at once, it says so and is content.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import threading
import urllib.request
from importlib.metadata import version
from typing import Any

# What pip-audit asks for each package; a mirror of PyPI may have the packages, and not this.
PYPI = f"https://pypi.org/pypi/aiohttp/{version('aiohttp')}/json"
PATIENCE = 0.9
# They came with the environment and are no part of what is installed with us.
_NOT_OURS = ("pip", "setuptools")


def answers(url: str = PYPI, within: float = PATIENCE) -> bool:
    """Whether *url* answers with JSON *within* so many seconds, whatever names and proxies take."""
    heard: list[bool] = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(url, timeout=within) as answer:
                heard.append("json" in answer.headers.get("Content-Type", ""))
        except (OSError, ValueError):
            heard.append(False)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(within)
    return heard == [True]


def faults(report: dict[str, Any]) -> list[str]:
    """What pip-audit's *report* finds, a line each."""
    return [
        f"{package['name']} {package['version']}: {fault['id']}, fixed in {fault['fix_versions'] or 'none'}"
        for package in report["dependencies"]
        if package["name"] not in _NOT_OURS
        for fault in package.get("vulns", ())
    ]


def audit() -> list[str] | str:
    """The faults that there are; a sentence where nobody could look."""
    if importlib.util.find_spec("pip_audit") is None:
        return "pip-audit is not installed"
    if not answers():
        return "PyPI knows nothing of them from here"
    command = [sys.executable, "-m", "pip_audit", "--local", "--skip-editable", "--progress-spinner", "off"]
    run = subprocess.run([*command, "--format", "json"], capture_output=True, text=True, check=False)
    try:
        return faults(json.loads(run.stdout))
    except (ValueError, KeyError):
        return f"pip-audit has failed: {run.stderr.strip()[-300:]}"


def main() -> int:
    """Print what was found; 1 where that is a fault."""
    found = audit()
    if isinstance(found, str):
        sys.stdout.write(f"the packages were not audited: {found}\n")
        return 0
    sys.stdout.write("".join(f"{line}\n" for line in found) or "no package has a known fault\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
