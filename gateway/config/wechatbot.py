"""config.json of wechatbot: its eight keys are ours."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.backend.retired import retired
from gateway.config.foreign import Imported, Rule, apply, copy
from gateway.config.reader import Json
from gateway.config.settings import MODEL_KEYS


def _model(imported: Imported, key: str, value: Json) -> None:
    if not isinstance(value, str) or not value:
        return
    instead = retired(value)
    imported.put(instead or value, "model")
    if instead:
        imported.changed.append((key, f"{value} is retired; {instead} takes its place"))


def _clear_token(imported: Imported, key: str, value: Json) -> None:
    imported.put(value, "session_clear_token")
    if value == "":
        imported.changed.append((key, "an empty one cleared with every message; here it is off"))


RULES: dict[str, Rule] = {
    "api_key": copy("api_key"),
    "auto_pass": copy("auto_pass"),
    "session_timeout": copy(
        "session_timeout", change="counts for each chat, not for each person in all chats"
    ),
    "max_tokens": copy("max_tokens"),
    "model": _model,
    "temperature": copy("temperature"),
    "reply_prefix": copy("reply_prefix"),
    "session_clear_token": _clear_token,
}


def is_its(values: Mapping[str, Json]) -> bool:
    """True where all of *values* are wechatbot's, channels aside, and not just those of any model."""
    keys = values.keys() - {"channels"}
    return keys <= RULES.keys() and not keys <= MODEL_KEYS


def convert(values: Mapping[str, Json]) -> Imported:
    """wechatbot's *values*; it knows one channel, WeChat on the web, where its answers keep their looks."""
    imported = Imported("wechatbot")
    apply(RULES, values, imported)
    imported.put({"type": "wechat_web", "group_reply": "wechatbot"}, "channels", "wechat")
    return imported
