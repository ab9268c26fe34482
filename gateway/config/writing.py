"""Writing a configuration file."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

from gateway.config.reader import Json


def write(path: Path, config: Mapping[str, Json]) -> None:
    """Write *config* to *path*, all of it or nothing; no other user can read it. Raises `OSError`."""
    text = json.dumps(config, ensure_ascii=False, indent=2) + "\n"
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
        try:
            file.write(text)
            file.flush()
            Path(file.name).replace(path)
        except OSError:
            Path(file.name).unlink(missing_ok=True)
            raise
