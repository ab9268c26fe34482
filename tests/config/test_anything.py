"""Whatever is written in a configuration: it is used, or every mistake in it has a place."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.config import Loaded, Mistakes, load, report
from gateway.config.settings import TALK_KEYS, TOP_KEYS

WORDS = st.sampled_from(
    (
        *(
            "",
            "*",
            "telegram",
            "console",
            "telegram:1",
            "env:KEY",
            "env:NO",
            "file:no",
            "file:\n",
            "env",
            "{x}",
        ),
        *(
            "http://[::1",
            "http://a:b",
            "socks5://x:1",
            "~x",
            "none",
            "auto",
            "polling",
            "12:ab",
            "..",
            "a" * 300,
        ),
    )
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(WORDS | st.sampled_from(sorted(TOP_KEYS)) | st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
PART_KEYS = st.sampled_from(
    (
        *(
            "allow",
            "admins",
            "groups",
            "context",
            "triggers",
            "reply",
            "concurrency",
            "per_minute",
            "host",
            "port",
        ),
        *(
            "password",
            "format",
            "level",
            "total",
            "type",
            "base_url",
            "api_key",
            "proxy",
            "model",
            "timeouts",
            "price",
            "input",
        ),
    )
)
PARTS = st.dictionaries(PART_KEYS, VALUES, max_size=4)
CHANNEL_KEYS = st.sampled_from(
    [
        *sorted(TALK_KEYS),
        "type",
        "token",
        "proxy",
        "pacing",
        "mode",
        "webhook_url",
        "webhook_secret",
        "api_root",
    ]
)
CHANNELS = st.dictionaries(
    st.sampled_from(["telegram", "console", "b"]) | st.text(max_size=3),
    st.dictionaries(CHANNEL_KEYS, VALUES | PARTS, max_size=4) | VALUES,
    max_size=3,
)
MODELS = st.dictionaries(WORDS, PARTS | VALUES, max_size=3)
CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        "channels": CHANNELS,
        "models": MODELS,
        **dict.fromkeys(TOP_KEYS - {"channels", "models"}, VALUES | PARTS),
    },
)
VARIABLES = st.dictionaries(
    st.sampled_from(["APIKEY", "SESSION_TIMEOUT", "MAX_TOKENS", "AUTO_PASS", "KEY", "HTTPS_PROXY"])
    | st.sampled_from(
        [
            "MODELS",
            "CHANNELS",
            "CHANNELS__TELEGRAM__TOKEN",
            "WEB__PORT",
            "ACCESS__ADMINS",
            "X",
            "",
            "__",
            "WEB____",
        ]
    ).map(lambda name: f"GATEWAY_{name}"),
    VALUES.map(json.dumps) | st.text(st.characters(exclude_characters="\0"), max_size=8) | WORDS,
    max_size=3,
)


@settings(max_examples=120)
@given(CONFIGS, VARIABLES, st.sampled_from([None, 1]))
def test_any_configuration_is_used_or_its_mistakes_have_places(
    data: dict[str, Any], environ: dict[str, str], indent: int | None
) -> None:
    text = json.dumps(data, indent=indent, ensure_ascii=False)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.json"
        file.write_text(text, "utf-8")
        outcome = load_or_mistakes(file, environ)
        if isinstance(outcome, Mistakes):
            check_places(outcome, str(file), text.split("\n"))
        else:
            check_usable(outcome)


def load_or_mistakes(file: Path, environ: dict[str, str]) -> Loaded | Mistakes:
    try:
        return load(file, environ)
    except Mistakes as exc:
        return exc


def check_places(found: Mistakes, file: str, rows: list[str]) -> None:
    assert found.mistakes
    str(found).encode()
    for mistake in found.mistakes:
        if mistake.path == file:
            assert 1 <= mistake.line <= len(rows)
            assert 1 <= mistake.column <= len(rows[mistake.line - 1])
        else:
            assert mistake.path.startswith("environment variable ")


def check_usable(loaded: Loaded) -> None:
    report(loaded).encode()
    loaded.config.secrets()
    for name in loaded.config.channels:
        assert loaded.config.conversation(name).model in loaded.config.models


VALID = {
    "api_key": "sk-0123456789",
    "models": {"m": {"base_url": "http://127.0.0.1/v1"}},
    "channels": {"telegram": {"token": "12:ab"}},
}


@settings(max_examples=80)
@given(st.sampled_from(sorted(TOP_KEYS - VALID.keys())), VALUES | PARTS)
def test_any_value_of_one_key_is_used_or_named(key: str, value: Any) -> None:
    text = json.dumps(VALID | {key: value})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.json"
        file.write_text(text, "utf-8")
        outcome = load_or_mistakes(file, {})
    if isinstance(outcome, Mistakes):
        start = text.index(f'"{key}"', text.index('"channels"')) + 1
        assert all(mistake.column >= start for mistake in outcome.mistakes), str(outcome)
