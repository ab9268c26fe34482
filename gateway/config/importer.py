"""``gateway import``: what another bot was told, in our words."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gateway.config import chatgpt_dingtalk, cowagent, wechatbot
from gateway.config.foreign import Imported, Rule
from gateway.config.reader import Json, decode, read
from gateway.config.settings import TOP_KEYS
from gateway.errors import ConfigError

_BOTS: tuple[tuple[str, Mapping[str, Rule], Callable[[Mapping[str, Json]], Imported]], ...] = (
    ("wechatbot", wechatbot.RULES, wechatbot.convert),
    ("chatgpt-on-wechat", cowagent.RULES, cowagent.convert),
    ("chatgpt-dingtalk", chatgpt_dingtalk.RULES, chatgpt_dingtalk.convert),
)


def import_file(path: Path) -> Imported:
    """The configuration of wechatbot, chatgpt-on-wechat or chatgpt-dingtalk in *path*, as ours.

    Raises `ConfigError`: it cannot be read, is none of these, or is ours already.
    """
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise ConfigError(f"{path} cannot be read: {exc.strerror}") from exc
    source = decode(str(path), data)
    values = _yaml(path, source.text) if path.suffix in (".yml", ".yaml") else read(source).value
    if not isinstance(values, dict):
        raise ConfigError(f"{path} is no configuration of a bot that is known")
    return convert(values, str(path))


def convert(values: Mapping[str, Json], name: str) -> Imported:
    """*values* of the bot whose keys they are. Raises `ConfigError`: ours, or of none that is known."""
    if _is_ours(values):
        raise ConfigError(f"{name} is a configuration of this gateway already: there is nothing to import")
    _, rules, convert_all = max(_BOTS, key=lambda bot: len(bot[1].keys() & values.keys()))
    if not rules.keys() & values.keys():
        raise ConfigError(f"{name} is no configuration of {', '.join(bot for bot, _, _ in _BOTS)}")
    return convert_all(values)


def foreign(values: Mapping[str, Json]) -> str | None:
    """The bot for which *values* were written, where they cannot be meant for the gateway."""
    if _is_ours(values):
        return None
    for bot, rules, _ in _BOTS:
        if len((rules.keys() - TOP_KEYS) & values.keys()) > 1:
            return bot
    return None


def _is_ours(values: Mapping[str, Json]) -> bool:
    """True where *values* have channels, or other keys that are ours and of no bot that is known."""
    known = any(values.keys() <= rules.keys() for _, rules, _ in _BOTS)
    return "channels" in values or (values.keys() <= TOP_KEYS and not known)


def _yaml(path: Path, text: str) -> Json:
    try:
        yaml: Any = importlib.import_module("yaml")
    except ModuleNotFoundError as exc:
        raise ConfigError("reading YAML needs a library: pip install 'bot-gateway[import]'") from exc
    try:
        # Once more through JSON: dates become text, and what is no configuration (a loop) is refused.
        value: Json = json.loads(json.dumps(yaml.safe_load(text), default=str))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as exc:
        raise ConfigError(f"{path} is no YAML that can be used: {exc}") from exc
    return value
