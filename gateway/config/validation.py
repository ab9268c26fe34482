"""From the types that pydantic checks to sentences that people understand."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from gateway.config.findings import Findings
from gateway.config.mistakes import did_you_mean
from gateway.config.reader import Json, Path

ModelT = TypeVar("ModelT", bound=BaseModel)

# Errors about the value rather than its type: no secret has them, and the value itself says more.
_ABOUT_VALUE = {"greater_than", "greater_than_equal", "less_than", "less_than_equal", "literal_error"}

# What was expected, by the type of pydantic's error.
_EXPECTED = {
    "string_type": "text in quotation marks",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list in [ ]",
    "tuple_type": "a list in [ ]",
    "set_type": "a list in [ ]",
    "frozen_set_type": "a list in [ ]",
    "dict_type": "an object in {{ }}",
    "model_type": "an object in {{ }}",
    "none_required": "null",
    "greater_than": "greater than {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "less_than": "less than {lt:g}",
    "less_than_equal": "at most {le:g}",
    "literal_error": "{expected}",
    "string_too_short": "text of at least {min_length} characters",
    "string_too_long": "text of at most {max_length} characters",
    "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}",
}


def validate(
    kind: type[ModelT], data: dict[str, Json], path: Path, findings: Findings, known: Iterable[str] = ()
) -> ModelT | None:
    """*data*, which stands at *path*, as a *kind*; what is wrong with it is in *findings*.

    *known* are keys that may stand beside, for the hint where one is misspelt. Keys that are wrong are
    left out of what is returned, so that the others can be checked further; None where nothing is left.
    """
    while True:
        try:
            return _parse(kind, data)
        except ValidationError as exc:
            errors = exc.errors(include_url=False)
        if not any(_reread(data, path, error, findings) for error in errors):
            break
    _record(kind, data, path, errors, findings, known)
    wrong = {place[0] for error in errors if (place := _existing(data, error["loc"]))}
    try:
        return _parse(kind, {key: value for key, value in data.items() if key not in wrong})
    except ValidationError:
        return None


def _parse(kind: type[ModelT], data: dict[str, Json]) -> ModelT:
    # JSON and strict: a list may be a tuple, but "5" is no number.
    return kind.model_validate_json(json.dumps(data), strict=True)


def describe(value: Json) -> str:
    """What a value is, in words; not the value itself, it may be a secret."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return "a number"
        case str():
            return "text" if value else "empty text"
        case list():
            return "a list"
    return "an object"


def _reread(data: dict[str, Json], path: Path, error: ErrorDetails, findings: Findings) -> bool:
    """Take the other reading of a value without a type of its own, where there is one."""
    place = _existing(data, error["loc"])
    if (*path, *place) not in findings.alternatives:
        return False
    node: Any = data
    for step in place[:-1]:
        node = node[step]
    node[place[-1]] = findings.alternatives.pop((*path, *place))
    return True


def _record(
    kind: type[BaseModel],
    data: dict[str, Json],
    path: Path,
    errors: Iterable[ErrorDetails],
    findings: Findings,
    known: Iterable[str],
) -> None:
    """Record *errors*; those about one value together, for it may be of several types and is of none."""
    expected: defaultdict[Path, list[ErrorDetails]] = defaultdict(list)
    for error in errors:
        place = _existing(data, error["loc"])
        at = (*path, *place)
        name = str(error["loc"][-1]) if error["loc"] else ""
        if error["type"] == "extra_forbidden":
            keys = {*_keys(kind, place[:-1]), *(known if len(place) == 1 else ())}
            findings.wrong(at, f'unknown key "{name}"', did_you_mean(name, keys), key=True)
        elif error["type"] == "missing":
            findings.wrong(at, f'"{name}" is missing{_inside(at)}', _example(kind, at, name), key=True)
        elif error["type"] in _EXPECTED:
            expected[place].append(error)
        elif place:
            findings.wrong(at, f"{_key(at)}: {_message(error)}")
        else:
            findings.wrong(at, _message(error), key=True)
    for place, together in expected.items():
        _record_expected(_at(data, place), (*path, *place), together, findings)


def _record_expected(value: Json, path: Path, errors: list[ErrorDetails], findings: Findings) -> None:
    """One sentence for everything that a value could have been."""
    phrases = [_EXPECTED[error["type"]].format_map(_Quoted(error.get("ctx", {}))) for error in errors]
    exact = all(error["type"] in _ABOUT_VALUE for error in errors)
    found = json.dumps(value, ensure_ascii=False) if exact else describe(value)
    hint = did_you_mean(value, _choices(phrases)) if isinstance(value, str) else ""
    # What is wrong with an entry of a list is said of the list's key: `"allow": must be …`.
    subject = _key(path) + (":" if path and isinstance(path[-1], int) else "")
    text = f"{subject} must be {' or '.join(dict.fromkeys(phrases))}, not {found}"
    findings.wrong(path, text.lstrip(), hint)


class _Quoted(dict[str, Any]):
    """The facts of an error, in our kind of quotation marks."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        super().__init__(facts)
        if isinstance(expected := facts.get("expected"), str):
            self["expected"] = expected.replace("'", '"')


def _choices(phrases: Iterable[str]) -> list[str]:
    return [word for phrase in phrases for word in phrase.split('"')[1::2]]


def _existing(data: Json, steps: Iterable[str | int]) -> Path:
    """The part of pydantic's place that is in *data*: it puts names of its own in between."""
    place: Path = ()
    node: Any = data
    for step in steps:
        names = node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
        if step in names:
            place, node = (*place, step), node[step]
    return place


def _at(data: Json, place: Path) -> Json:
    node: Any = data
    for step in place:
        node = node[step]
    value: Json = node
    return value


def _keys(kind: type[BaseModel], place: Path) -> set[str]:
    """The names of the fields of the part of *kind* at *place*."""
    for step in place:
        field = kind.model_fields.get(str(step))
        options = [field.annotation, *get_args(field.annotation)] if field else []
        kinds = [option for option in options if isinstance(option, type) and issubclass(option, BaseModel)]
        if not kinds:
            return set()
        kind = kinds[0]
    return set(kind.model_fields)


def _message(error: ErrorDetails) -> str:
    """pydantic's own words, or those of an adapter's own check."""
    message = error["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return message[:1].lower() + message[1:]


def _key(path: Path) -> str:
    """The key at *path*, or the one whose list it is in, in quotation marks."""
    return next((f'"{step}"' for step in reversed(path) if isinstance(step, str)), "")


def _example(kind: type[BaseModel], path: Path, name: str) -> str:
    """How to add a secret that is missing."""
    field = kind.model_fields.get(name)
    if field is None or field.annotation is not SecretStr:
        return ""
    return f'for example "{name}": "env:{re.sub(r"[^A-Z0-9]", "_", f"{path[-1]}_{name}".upper())}"'


def _inside(path: Path) -> str:
    return f" in {'.'.join(map(str, path))}" if path else ""
