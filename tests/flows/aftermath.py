"""What is looked at after every flow: no secret in what was said, no file that others can read."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

from gateway.config import Mistakes, load
from tests.servers.known import leaked, secrets_of


def leaks(file: Path, environ: Mapping[str, str], shown: str) -> list[str]:
    """The secrets that can be read in what a gateway with the configuration in *file* has *shown*.

    Those that the configuration has itself, and all that its platforms have given out.
    """
    named = file.read_text("utf-8", "replace")
    try:
        config = load(file, environ).config
    except Mistakes:
        return leaked(secrets_of(named), shown)
    if config.settings.web is not None:
        named += config.settings.web.root  # whom browsers know
    return leaked({*config.secrets(), *secrets_of(named)}, shown)


def open_to_others(folder: Path) -> list[str]:
    """The files and folders in *folder*, itself too, that somebody else on the machine can use."""
    return [
        f"{path.relative_to(folder.parent)} {stat.S_IMODE(path.lstat().st_mode):o}"
        for path in (folder, *sorted(folder.rglob("*")))
        if path.exists() and stat.S_IMODE(path.lstat().st_mode) != (0o700 if path.is_dir() else 0o600)
    ]
