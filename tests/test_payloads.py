"""What a log line says of a payload that is not understood."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from gateway.payloads import flaw

PARTS = TypeAdapter(dict[str, list[str]])


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"parts": ["fine", ["private matters"]]}, "Input should be a valid string at parts.1"),
        ("private matters", "Input should be a valid dictionary"),
    ],
    ids=["a part", "the whole"],
)
def test_it_says_what_and_where_in_a_line_and_not_what_people_wrote(payload: object, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        PARTS.validate_python(payload)
    assert flaw(caught.value) == said


def test_what_a_parser_says_is_taken_as_it_is() -> None:
    assert flaw(ValueError("it has no id")) == "it has no id"
