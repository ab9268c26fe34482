"""What platforms send us, and what is wrong with it."""

from __future__ import annotations

from pydantic import ValidationError


def flaw(exc: ValueError) -> str:
    """What is wrong with a payload and where, in one line, without what people wrote.

    *exc* is pydantic's, or that of a parser, whose text is taken as it is.
    """
    if not isinstance(exc, ValidationError):
        return str(exc)
    error = exc.errors(include_url=False, include_context=False, include_input=False)[0]
    return " at ".join(filter(None, (error["msg"], ".".join(map(str, error["loc"])))))
