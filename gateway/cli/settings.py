"""Which configuration a command is about."""

from __future__ import annotations

import os
from pathlib import Path

from gateway.config import Loaded, load

_DEFAULT = Path("config.json")
_CHANNELS = "GATEWAY_CHANNELS"


def find(asked: Path | None) -> Path | None:
    """The configuration file: the one asked for, else config.json here, else None."""
    if asked is None and _DEFAULT.exists():
        return _DEFAULT
    return asked


def configured(asked: Path | None, *, channels: bool = True) -> Loaded | None:
    """The configuration, from the file or from the environment alone; None where there is neither.

    Without *channels*, nothing that is said of them is looked at. Raises `Mistakes`.
    """
    file = find(asked)
    if file is None and not any(name.startswith(_CHANNELS) for name in os.environ):
        return None
    return load(file, os.environ, channels=channels)
