"""What the adapters' tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from .host import FakeHost


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    """The host of one channel."""
    return FakeHost(tmp_path)
