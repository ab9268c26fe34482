"""What no key can be checked for alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path as FilePath
from zoneinfo import available_timezones

from gateway import calendar
from gateway.config.addresses import is_loopback
from gateway.config.channels import accepts_friends
from gateway.config.config import ChannelSettings
from gateway.config.findings import Findings
from gateway.config.mistakes import did_you_mean
from gateway.config.models import DEFAULT, Models
from gateway.config.placeholders import is_placeholder
from gateway.config.reader import Json, Path
from gateway.config.settings import Access, Settings, Web
from gateway.errors import ConfigError
from gateway.moderation import ModerationOptions, read_words
from gateway.password import flaw, is_hash


def check_people(tree: Mapping[str, Json], findings: Findings) -> None:
    """Record entries of `access` and `operator` that mean nobody."""
    parts = tree.get("channels")
    channels = parts if isinstance(parts, dict) else {}
    names = list(channels)
    _check_entries(tree.get("operator"), ("operator",), names, findings)
    _check_access(tree, (), names, findings)
    for name, channel in channels.items():
        if isinstance(channel, dict):
            _check_access(channel, ("channels", name), names, findings)


def check_admins(
    tree: Mapping[str, Json], channels: Mapping[str, ChannelSettings], findings: Findings
) -> None:
    """Record admins who are known by nothing but a name."""
    parts = tree.get("channels")
    named = parts.items() if isinstance(parts, dict) else ()
    for path, part in (((), tree), *((("channels", name), part) for name, part in named)):
        access = part.get("access") if isinstance(part, dict) else None
        entries = access.get("admins") if isinstance(access, dict) else None
        for number, entry in enumerate(entries if isinstance(entries, list) else ()):
            name, _, id = str(entry).partition(":")
            if name in channels and not channels[name].options.identifies(id):
                text = f'"{entry}" cannot be an admin: anybody can call themselves that'
                findings.wrong((*path, "access", "admins", number), text)


def check_operators(settings: Settings, channels: Mapping[str, ChannelSettings], findings: Findings) -> None:
    """Record operators who cannot be written to, and channels of whose trouble nobody can be told."""
    told = set()
    for number, entry in enumerate(settings.operator):
        name, _, id = entry.partition(":")
        if name not in channels:
            continue
        told.add(name)
        try:
            channels[name].options.chat(name, id)
        except ValueError as exc:
            findings.wrong(("operator", number), f'"{entry}" cannot be told anything: {exc}')
    for name in told if len(told) == 1 else ():
        findings.note(f'nobody is told of trouble of "{name}": "operator" names no other channel')


def check_auto_pass(settings: Settings, channels: Mapping[str, ChannelSettings], findings: Findings) -> None:
    """Record that nobody can ask to be a friend, where friends were to be accepted."""
    if settings.auto_pass and not any(accepts_friends(channel.adapter) for channel in channels.values()):
        findings.note('"auto_pass" has no effect: on no channel here can people ask to be friends')


def check_fallback(settings: Settings, models: Models, findings: Findings) -> None:
    """Record names in `fallback` that no model has."""
    for number, name in enumerate(settings.fallback):
        if name in models.by_name:
            models.check(name)
        else:
            hint = did_you_mean(name, models.by_name)
            findings.wrong(("fallback", number), f'there is no model "{name}" in "models"', hint)


def check_timezone(settings: Settings, findings: Findings) -> None:
    """Record a time zone that there is not."""
    try:
        calendar.zone(settings.timezone)
    except ConfigError as exc:
        hint = did_you_mean(settings.timezone, available_timezones()) or 'for example "Asia/Shanghai"'
        findings.wrong(("timezone",), str(exc), hint)


def located_moderation(
    settings: Settings, models: Models, folder: FilePath, findings: Findings
) -> ModerationOptions:
    """What is said of moderation, its word list found from *folder*; record what cannot be used of it."""
    options = settings.moderation
    if options.endpoint:
        models.check(DEFAULT)
        if models.by_name[DEFAULT].type == "echo":
            text = '"endpoint" needs a server, and the default model is an echo'
            findings.wrong(("moderation", "endpoint"), text)
    if not options.words:
        return options
    path = folder / options.words
    try:
        read_words(path)
    except ConfigError as exc:
        listed = "\n" in options.words
        text = '"words" must be the name of a file, not its content' if listed else str(exc)
        findings.wrong(("moderation", "words"), text, 'write it without "file:"' if listed else "")
    return options.model_copy(update={"words": str(path)})


def check_web(web: Web | None, findings: Findings) -> None:
    """Record a web server that strangers can reach without a password."""
    if web is None:
        return
    password = web.password.get_secret_value() if web.password else ""
    if is_placeholder(password):
        findings.wrong(("web", "password"), f'"password" is still a placeholder: "{password}"')
    if is_hash(password) and (why := flaw(password)):
        findings.wrong(("web", "password"), f'"password" {why}', "`gateway hash-password` makes one")
    if not password and not is_loopback(web.host):
        text = f"the web server on {web.host} can be reached from other machines and has no password"
        findings.wrong(("web", "host"), text, 'add "password": "env:WEB_PASSWORD", or listen on 127.0.0.1')


def _check_access(part: Mapping[str, Json], path: Path, channels: Sequence[str], findings: Findings) -> None:
    access = part.get("access")
    if not isinstance(access, dict):
        return
    for key in Access.model_fields:
        _check_entries(access.get(key), (*path, "access", key), channels, findings)


def _check_entries(entries: Json, path: Path, channels: Sequence[str], findings: Findings) -> None:
    # What is no list of texts is the type check's to name.
    for number, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, str):
            _check_entry(entry, (*path, number), channels, findings)


def _check_entry(entry: str, path: Path, channels: Sequence[str], findings: Findings) -> None:
    everybody = path[-2] not in ("admins", "operator")
    channel, colon, person = entry.partition(":")
    if entry == "*":
        if not everybody:
            findings.wrong(path, f'"*" cannot stand in "{path[-2]}": name each as "channel:id"')
    elif not colon or not person:
        guess = f'did you mean "{channels[0]}:{entry}"?' if entry and not colon and len(channels) == 1 else ""
        form = '"channel:id" or "*"' if everybody else '"channel:id"'
        findings.wrong(path, f'"{entry}" must be {form}', guess)
    elif channel not in channels:
        close = did_you_mean(channel, channels)
        hint = close.replace('"?', f':{person}"?') if close else ""
        findings.wrong(path, f'there is no channel "{channel}"', hint)
