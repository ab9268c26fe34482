"""What a configuration says about moderation and about history."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.config import Loaded, Mistakes, load, report
from gateway.moderation import ModerationOptions

CHANNELS = {"telegram": {"token": "1:test"}}


def loaded(folder: Path, data: dict[str, Any], **environ: str) -> Loaded:
    file = folder / "config.json"
    file.write_text(json.dumps({"api_key": "sk-0123456789", "channels": CHANNELS, **data}))
    return load(file, environ)


def mistake(folder: Path, data: dict[str, Any], **environ: str) -> str:
    with pytest.raises(Mistakes) as found:
        loaded(folder, data, **environ)
    return str(found.value)


def test_nothing_is_forbidden_by_default(tmp_path: Path) -> None:
    found = loaded(tmp_path, {})
    assert found.config.settings.moderation == ModerationOptions()
    assert "moderation" not in report(found)


def test_a_word_list_is_beside_the_configuration(tmp_path: Path) -> None:
    words = tmp_path / "lists" / "words.txt"
    words.parent.mkdir()
    words.write_text("bad\n")
    found = loaded(tmp_path, {"moderation": {"words": "lists/words.txt", "endpoint": True}})
    assert found.config.settings.moderation == ModerationOptions(words=str(words), endpoint=True)
    assert f"moderation  {words}, the endpoint's omni-moderation-latest" in report(found)


def test_a_variable_sets_it_too(tmp_path: Path) -> None:
    found = loaded(tmp_path, {}, GATEWAY_MODERATION__ENDPOINT="true", GATEWAY_MODERATION__ON_ERROR="allow")
    assert found.config.settings.moderation == ModerationOptions(endpoint=True, on_error="allow")


def test_a_word_list_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    said = mistake(tmp_path, {"moderation": {"words": "absent.txt"}})
    assert "config.json:1:" in said
    assert f'cannot read the file "{tmp_path / "absent.txt"}"' in said


def test_the_content_of_a_word_list_is_no_name_of_one(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("bad\nworse\n")
    said = mistake(tmp_path, {"moderation": {"words": "file:words.txt"}})
    assert '"words" must be the name of a file, not its content' in said
    assert 'without "file:"' in said


def test_an_echo_has_no_moderation_endpoint(tmp_path: Path) -> None:
    data = {"model": "echo", "models": {"echo": {"type": "echo"}}, "moderation": {"endpoint": True}}
    assert "the default model is an echo" in mistake(tmp_path, data)


def test_the_endpoint_of_a_model_that_nobody_asks_needs_its_key(tmp_path: Path) -> None:
    data: dict[str, Any] = {
        "api_key": None,
        "models": {"cheap": {"type": "echo"}},
        "channels": {"telegram": {**CHANNELS["telegram"], "model": "cheap"}},
    }
    assert loaded(tmp_path, data)
    assert 'has no "api_key"' in mistake(tmp_path, {**data, "moderation": {"endpoint": True}})


def test_history_is_trimmed_or_summarised_channel_by_channel(tmp_path: Path) -> None:
    channels = {**CHANNELS, "other": {"type": "telegram", "token": "2:test", "history": "trim"}}
    config = loaded(tmp_path, {"history": "summarise", "channels": channels}).config
    assert config.conversation("telegram").history == "summarise"
    assert config.conversation("other").history == "trim"
    assert loaded(tmp_path, {}).config.conversation("telegram").history == "trim"
    assert 'did you mean "summarise"?' in mistake(tmp_path, {"history": "summarize"})
