"""JSON as platforms send it."""

from __future__ import annotations

import pytest

from gateway.http import dumps, loads


def test_halves_of_characters_are_replaced_both_ways() -> None:
    assert loads(b'{"a": "x\\ud83d"}') == {"a": "x�"}
    assert dumps({"a": "x\ud83d"}) == '{"a": "x�"}'.encode()


def test_numbers_beyond_64_bits_are_floats() -> None:
    payload = '{"a": "\\ud83d", "b": [18446744073709551615, -9223372036854775808, 18446744073709551616, %s]}'
    assert loads(payload % ("9" * 5000))["b"] == [2**64 - 1, -(2**63), 2.0**64, float("inf")]


@pytest.mark.parametrize("depth", [1, 199, 201, 1000, 1100, 100_000])
def test_what_is_nested_too_deep_is_left_out_and_the_rest_is_there(depth: int) -> None:
    """To show, compare or write it would be a RecursionError; the messages beside it are not to be lost."""
    deep = "[" * depth + "]" * depth
    strange, fine = loads(f'[{{"deep": {deep}}}, {{"text": "fine"}}]')
    assert fine == {"text": "fine"}
    assert repr(strange["deep"]) == "[" * min(depth, 199) + "]" * min(depth, 199)


def test_a_message_too_deep_for_a_parser_does_not_make_the_others_beside_it_unreadable() -> None:
    """No parser reads more than about 1,000 levels, and one such update cost all that came with it."""
    text = '\\\\ {[ \\"]} \\ud83d'
    part = f'{{"text": "{text}", "numbers": [1, {{}}], "deep": '
    strange, fine = loads(f'[{part * 1500}null{"}" * 1500}, {{"text": "{text}", "list": [[], {{"a": 1}}]}}]')
    assert fine == {"text": '\\ {[ "]} �', "list": [[], {"a": 1}]}
    assert (strange["text"], strange["numbers"]) == (fine["text"], [1, {}])
    assert repr(strange).count("deep") == 199


@pytest.mark.parametrize(
    "payload",
    ["[" * 1500 + "]" * 1499, "[" * 1500 + "]" * 1501, "[" * 1500 + "]}" * 750],
    ids=["not closed", "closed too often", "closed as something else"],
)
def test_what_is_too_deep_is_no_better_than_json(payload: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        loads(payload)


@pytest.mark.parametrize("payload", [b"", b"{", b'{"a": }', b"[" * 100_000])
def test_what_is_no_json_is_a_value_error_however_deep(payload: bytes) -> None:
    """One adapter's reader let the RecursionError of a deep nesting out."""
    with pytest.raises(ValueError, match=r".+"):
        loads(payload)
