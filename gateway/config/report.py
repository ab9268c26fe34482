"""What ``gateway check`` says of a configuration without mistakes."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.backend.base import ModelOptions
from gateway.config.addresses import is_everywhere, without_login
from gateway.config.config import ChannelSettings, Config
from gateway.config.loading import Loaded
from gateway.config.models import DEFAULT
from gateway.config.settings import Web
from gateway.text import clean


def report(loaded: Loaded) -> str:
    """What is configured, which variables override what, and the notes; no secret is in it."""
    config = loaded.config
    models = {name: _model(options) for name, options in sorted(config.models.items(), key=_default_first)}
    channels = {name: _channel(channel) for name, channel in config.channels.items()}
    overrides = {name: f"sets {key}" for name, key in loaded.overrides.items()}
    sections = [
        _section("models", models),
        _section("channels", channels),
        _section("gateway", _house(config)),
        _section("environment", overrides),
        ["notes", *(f"  {note}" for note in loaded.notes)] if loaded.notes else [],
    ]
    return clean("\n".join(line for section in sections for line in section))


def _section(title: str, rows: dict[str, str]) -> list[str]:
    width = max(map(len, rows), default=0)
    return [title, *(f"  {name:{width}}  {row}" for name, row in rows.items())] if rows else []


def _default_first(model: tuple[str, ModelOptions]) -> bool:
    return model[0] != DEFAULT


def _model(options: ModelOptions) -> str:
    if options.type == "echo":
        return "echo: says again what was said"
    key = "with a key" if options.api_key and options.api_key.get_secret_value() else "without a key"
    proxy = ", through a proxy" if options.proxy else ""
    return f"{options.model} at {without_login(options.base_url)}, {key}{proxy}"


def _channel(channel: ChannelSettings) -> str:
    talk = channel.talk
    said = [
        channel.type,
        f"model {talk.model}",
        f"people: {_who(talk.access.allow)}",
        f"groups: {_who(talk.access.groups)}",
    ]
    if talk.access.deny:
        said.append(f"denied: {len(talk.access.deny)}")
    said.append(f"admins: {len(talk.access.admins) or 'nobody'}")
    if channel.options.proxy:
        said.append("through a proxy")
    return ", ".join(said)


def _who(entries: Iterable[str]) -> str:
    listed = set(entries)
    return "all" if "*" in listed else f"{len(listed)} listed" if listed else "none"


def _house(config: Config) -> dict[str, str]:
    settings = config.settings
    web = settings.web or Web()
    rows = {"data": str(config.data_dir), "language": settings.language}
    address = f"{web.root}, on every address of this machine" if is_everywhere(web.host) else web.root
    rows["web"] = address if settings.web else f"{address}, if a channel needs it"
    rows["log"] = f"{settings.log.level}, {settings.log.format}"
    if settings.operator:
        rows["operator"] = ", ".join(settings.operator)
    if settings.fallback:
        rows["fallback"] = ", ".join(settings.fallback)
    moderation = settings.moderation
    if moderation.words or moderation.endpoint:
        endpoint = f"the endpoint's {moderation.model}" if moderation.endpoint else ""
        rows["moderation"] = ", ".join(filter(None, (moderation.words, endpoint)))
    return rows
