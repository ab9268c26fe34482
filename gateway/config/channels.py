"""The channels of a configuration: each with its adapter, and what holds there alone."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Mapping
from importlib.util import find_spec

from pydantic.fields import FieldInfo

from gateway.adapter import Options, load
from gateway.config import wechatbot
from gateway.config.addresses import effective_proxy
from gateway.config.config import AdapterType, ChannelSettings, secret_fields
from gateway.config.findings import Findings
from gateway.config.mistakes import did_you_mean
from gateway.config.models import DEFAULT, Models, objects
from gateway.config.placeholders import is_placeholder
from gateway.config.reader import Json, Path
from gateway.config.settings import TALK_KEYS, Talk, merged
from gateway.config.validation import validate
from gateway.errors import ConfigError

# It is part of paths, of "channel:id" and of addresses; the reserved ones begin references to values.
_NAME = re.compile(r"(?!(?:env|file)$)[A-Za-z0-9][A-Za-z0-9_.-]*")

# What a proxy of the environment's is chosen for where an adapter has no address of its own.
_SOMEWHERE = "https://channel.invalid"

_EXAMPLE = 'add "channels": {"telegram": {"token": "env:TELEGRAM_TOKEN"}}'
_FOR_WECHATBOT = (
    'add "channels": {"wechat": {"type": "wechat_web"}}, WeChat as wechatbot had it, '
    'or {"weixin": {"type": "wechat_ilink"}}, WeChat\'s bot API, which has private chats alone'
)


def adapters() -> list[str]:
    """The kinds of adapter that are here, whether or not their libraries are installed."""
    spec = find_spec("adapters")
    folders = spec.submodule_search_locations if spec else None
    return [module.name for module in pkgutil.iter_modules(folders or [])]


def accepts_friends(adapter: AdapterType) -> bool:
    """True where people can ask an account to be their friend."""
    return "auto_pass" in adapter.options_type.model_fields


def read_channels(
    tree: Mapping[str, Json], talk: Talk, models: Models, environ: Mapping[str, str], findings: Findings
) -> dict[str, ChannelSettings]:
    """The channels of *tree*; *talk* is what holds where a channel says nothing else."""
    found: dict[str, ChannelSettings] = {}
    entries = objects(tree, "channels", findings)
    if not entries:
        hint = _FOR_WECHATBOT if wechatbot.is_its(tree) else _EXAMPLE
        findings.wrong(("channels",), "no channels: there is nowhere to listen", hint)
        models.check(DEFAULT)
    for name, entry in entries.items():
        path: Path = ("channels", name)
        if not _NAME.fullmatch(name):
            text = f'a channel cannot be called "{name}"'
            findings.wrong(path, text, "a name is made of letters, digits, hyphens and underscores", key=True)
        own = _talk(entry, path, models, findings)
        kind = entry.get("type", name)
        adapter = _adapter(kind, path, findings)
        if adapter is None:
            continue
        options = _options(adapter, tree, entry, environ, path, findings)
        if options is not None and own is not None:
            found[name] = ChannelSettings(str(kind), adapter, options, merged(talk, own))
    _check_twins(found, findings)
    return found


def _talk(entry: dict[str, Json], path: Path, models: Models, findings: Findings) -> Talk | None:
    own = validate(Talk, {key: entry[key] for key in entry if key in TALK_KEYS}, path, findings)
    if own is None:
        return None
    if "concurrency" in own.limits.model_fields_set:
        text = '"concurrency" holds for the whole gateway and cannot stand in a channel'
        findings.wrong((*path, "limits", "concurrency"), text, key=True)
    models.want(own.model, (*path, "model"))
    return own


def _adapter(kind: Json, path: Path, findings: Findings) -> AdapterType | None:
    named = (*path, "type")
    try:
        if isinstance(kind, str):
            return load(kind)
        findings.wrong(named, '"type" must be the name of an adapter')
    except ConfigError as exc:
        findings.wrong(named, str(exc), did_you_mean(str(kind), adapters()))
    return None


def _options(
    adapter: AdapterType,
    tree: Mapping[str, Json],
    entry: dict[str, Json],
    environ: Mapping[str, str],
    path: Path,
    findings: Findings,
) -> Options | None:
    """What the adapter asks for itself, with what holds for every channel and this one says nothing of."""
    kind = adapter.options_type
    data = {key: entry[key] for key in entry if key not in TALK_KEYS and key != "type"}
    root = kind.model_fields.get("api_root")
    url = str(data.get("api_root", root.default if root else _SOMEWHERE))
    if "proxy" in data:
        data["proxy"] = effective_proxy(data["proxy"], url, (*path, "proxy"), environ, findings)
    elif isinstance(proxy := effective_proxy(tree.get("proxy"), url, ("proxy",), environ, findings), str):
        data["proxy"] = proxy
    if accepts_friends(adapter) and isinstance(tree.get("auto_pass"), bool):
        data.setdefault("auto_pass", tree["auto_pass"])
    options = validate(kind, data, path, findings, TALK_KEYS | {"type"})
    for name, secret in secret_fields(options) if options else ():
        if is_placeholder(value := secret.get_secret_value()):
            findings.wrong((*path, name), f'"{name}" is still a placeholder: "{value}"')
    return options


def _check_twins(channels: Mapping[str, ChannelSettings], findings: Findings) -> None:
    """Two channels with one account would take each other's messages."""
    seen: dict[tuple[object, ...], str] = {}
    for name, channel in channels.items():
        fields = type(channel.options).model_fields
        secrets = {
            field: secret for field, secret in secret_fields(channel.options) if _required(fields, field)
        }
        if not secrets:
            continue
        values = tuple(secret.get_secret_value() for secret in secrets.values())
        account = (channel.type, getattr(channel.options, "api_root", ""), *values)
        first = seen.setdefault(account, name)
        if first != name:
            path = ("channels", name, next(iter(secrets)))
            findings.wrong(path, f'the channels "{first}" and "{name}" have the same account')


def _required(fields: Mapping[str, FieldInfo], name: str) -> bool:
    return name in fields and fields[name].is_required()
