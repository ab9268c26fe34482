"""From a file and the environment to a checked configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.config.channels import read_channels
from gateway.config.checks import (
    check_admins,
    check_auto_pass,
    check_fallback,
    check_operators,
    check_people,
    check_timezone,
    check_web,
    located_moderation,
)
from gateway.config.config import ChannelSettings, Config
from gateway.config.environment import overlay
from gateway.config.findings import Findings
from gateway.config.importer import foreign
from gateway.config.mistakes import Mistake, Mistakes, Source
from gateway.config.models import DEFAULT, Models
from gateway.config.reader import Document, Json, decode, read
from gateway.config.reader import Path as KeyPath
from gateway.config.references import References
from gateway.config.settings import MODEL_KEYS, TALK_KEYS, TOP_KEYS, Settings, Talk
from gateway.config.validation import describe, validate
from gateway.text import clean

OLLAMA: Final = "http://127.0.0.1:11434/v1"

# What is said of channels: who may speak there and who hears of them, and the server that some need.
_OF_CHANNELS = frozenset({"channels", "access", "operator", "auto_pass", "web"})


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration and what there is to know about it.

    `notes` are sentences to show; `overrides` maps environment variables to the keys they set.
    """

    config: Config
    notes: list[str] = field(default_factory=list)
    overrides: dict[str, str] = field(default_factory=dict)


def load(path: Path | None, environ: Mapping[str, str], *, channels: bool = True) -> Loaded:
    """Read *path* (None: everything is in the environment) and what *environ* says over it.

    Relative files, and `data_dir`, are beside the configuration. Without *channels* there is none, and what
    is said of them is not looked at. Raises `Mistakes`, all there are.
    """
    if path is None:
        nothing = Document(Source("the environment", ""), {})
        return _loaded(Findings(nothing), environ, Path.cwd(), channels)
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise Mistakes([Mistake(str(path), 0, 0, f"cannot be read: {exc.strerror}")]) from exc
    document = read(decode(str(path), data))
    findings = Findings(document, mistakes=[*document.mistakes])
    return _loaded(findings, environ, path.absolute().parent, channels)


def data_dir(path: Path | None, environ: Mapping[str, str]) -> Path:
    """Where the data are, whatever mistakes or missing secrets the rest of the configuration has."""
    document = Document(Source("the environment", ""), {})
    if path is not None and path.exists():
        document = read(decode(str(path), path.read_bytes()))
    tree = document.value if isinstance(document.value, dict) else {}
    findings = Findings(document)
    overlay(tree, environ, findings)
    folder = Path.cwd() if path is None else path.absolute().parent
    value = tree.get("data_dir", "data")
    settings = Settings(data_dir=value if isinstance(value, str) and value else "data")
    return _data_dir(settings, folder, findings)


def embedded(environ: Mapping[str, str], ollama_models: Sequence[str] = ()) -> Config:
    """What holds without a configuration: the web chat, and the first model that is at hand.

    OpenAI where there is a key, else the first of *ollama_models*, else an echo. Raises `Mistakes` for
    an environment variable that cannot be used.
    """
    tree: dict[str, Json] = {
        "channels": {"web": {"type": "webchat"}},
        "web": {},
        # Who wants to begin anew opens a new conversation.
        "session_timeout": 0,
    }
    variables: dict[KeyPath, str] = {}
    if environ.get("OPENAI_API_KEY"):
        names = {"api_key": "OPENAI_API_KEY", "base_url": "OPENAI_BASE_URL", "model": "OPENAI_MODEL"}
        variables = {(key,): name for key, name in names.items() if environ.get(name)}
        tree |= {key: clean(environ[name]) for key, name in names.items() if environ.get(name)}
    elif environ.get("APIKEY") or environ.get("GATEWAY_API_KEY"):
        pass  # they set what is needed, as they do beside a file
    elif ollama_models:
        tree |= {"base_url": OLLAMA, "model": ollama_models[0]}
    else:
        tree |= {"models": {"echo": {"type": "echo"}}, "model": "echo"}
    findings = Findings(Document(Source("the environment", ""), tree), variables)
    return _loaded(findings, environ, Path.cwd()).config


def _loaded(
    findings: Findings, environ: Mapping[str, str], folder: Path, with_channels: bool = True
) -> Loaded:
    tree = findings.document.value
    if not isinstance(tree, dict):
        findings.wrong((), f"a configuration is an object in {{ }}, not {describe(tree)}")
        raise Mistakes(findings.mistakes)
    if bot := foreign(tree):
        hint = f"turn it into ours with: gateway import {findings.document.source.name}"
        findings.wrong((), f"this is a configuration of {bot}", hint)
        raise Mistakes(findings.mistakes)
    overlay(tree, environ, findings)
    if not with_channels:
        tree = {key: tree[key] for key in tree if key not in _OF_CHANNELS}
    tree = References(findings, environ, folder).resolved(tree)
    config = _build(tree, environ, folder, findings, with_channels)
    findings.check()
    overrides = {name: ".".join(map(str, at)) for at, name in findings.variables.items()}
    return Loaded(config, findings.notes, overrides)


def _build(
    tree: dict[str, Json], environ: Mapping[str, str], folder: Path, findings: Findings, with_channels: bool
) -> Config:
    """The configuration that *tree* describes; of use only where *findings* has no mistakes afterwards."""
    house = {key: tree[key] for key in tree if key not in MODEL_KEYS | {"models", "channels"}}
    settings = validate(Settings, house, (), findings, TOP_KEYS) or Settings()
    models = Models(tree, environ, findings)
    talk = Talk.model_validate({key: getattr(settings, key) for key in settings.model_fields_set & TALK_KEYS})
    channels: dict[str, ChannelSettings] = {}
    if with_channels:
        channels = read_channels(tree, talk, models, environ, findings)
    else:
        models.check(DEFAULT)
    check_fallback(settings, models, findings)
    models.check_named()
    check_people(tree, findings)
    check_admins(tree, channels, findings)
    check_operators(settings, channels, findings)
    check_auto_pass(settings, channels, findings)
    check_web(settings.web, findings)
    check_timezone(settings, findings)
    moderation = located_moderation(settings, models, folder, findings)
    settings = settings.model_copy(update={"moderation": moderation})
    return Config(settings, _data_dir(settings, folder, findings), models.by_name, channels)


def _data_dir(settings: Settings, folder: Path, findings: Findings) -> Path:
    try:
        return folder / Path(settings.data_dir).expanduser()
    except RuntimeError:
        findings.wrong(("data_dir",), f'"data_dir": there is no home folder for "{settings.data_dir}"')
        return folder
