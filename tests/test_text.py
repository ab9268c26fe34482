"""Texts that are shown in little room."""

from __future__ import annotations

import pytest

from gateway.text import shortened


@pytest.mark.parametrize(
    ("text", "shown"), [("", ""), ("short", "short"), ("fits in", "fits in"), ("too long", "too lo…")]
)
def test_what_is_too_long_ends_in_dots(text: str, shown: str) -> None:
    assert shortened(text, 7) == shown
