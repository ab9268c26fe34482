"""JSON as platforms send it."""

from __future__ import annotations

import pytest

from gateway.http import dumps, loads


def test_halves_of_characters_are_replaced_both_ways() -> None:
    assert loads(b'{"a": "x\\ud83d"}') == {"a": "x�"}
    assert dumps({"a": "x\ud83d"}) == '{"a": "x�"}'.encode()


@pytest.mark.parametrize("payload", [b"", b"{", b'{"a": }', b"[" * 100_000])
def test_what_is_no_json_is_a_value_error_however_deep(payload: bytes) -> None:
    """One adapter's reader let the RecursionError of a deep nesting out."""
    with pytest.raises(ValueError, match=r".+"):
        loads(payload)
