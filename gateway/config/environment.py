"""Environment variables that say something else than the file.

``GATEWAY_<KEY>``, with ``__`` between the names of a path, sets any key; wechatbot's names set its eight.
An empty variable says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from gateway.config.findings import Findings
from gateway.config.mistakes import did_you_mean
from gateway.config.reader import Json, Path
from gateway.config.references import parsed
from gateway.config.settings import TOP_KEYS
from gateway.text import clean

PREFIX: Final = "GATEWAY_"

# Go's time.ParseDuration, without its sign.
_DURATION = re.compile(r"(?:\d+(?:\.\d*)?(?:ns|us|µs|μs|ms|s|m|h))+")
_STEP = re.compile(r"(\d+(?:\.\d*)?)(ns|us|µs|μs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(text: str) -> Json:
    """The seconds of ``60``, ``60s`` or ``1m30s``; anything else as it is, for the type check to name."""
    if _DURATION.fullmatch(text):
        return sum(float(number) * _SECONDS[unit] for number, unit in _STEP.findall(text))
    return parsed(text)


def _accepts(text: str) -> Json:
    return text == "true"


# wechatbot's names; the misspelt one is how it is spelt there.
_WECHATBOT: dict[str, tuple[str, Callable[[str], Json]]] = {
    "APIKEY": ("api_key", parsed),
    "AUTO_PASS": ("auto_pass", _accepts),
    "SESSION_TIMEOUT": ("session_timeout", seconds),
    "MODEL": ("model", parsed),
    "MAX_TOKENS": ("max_tokens", parsed),
    "TEMPERATURE": ("temperature", parsed),
    "TEMPREATURE": ("temperature", parsed),
    "REPLY_PREFIX": ("reply_prefix", parsed),
    "SESSION_CLEAR_TOKEN": ("session_clear_token", parsed),
}


def overlay(tree: dict[str, Json], environ: Mapping[str, str], findings: Findings) -> None:
    """Set in *tree* what *environ* says; `findings` learns which variable set what."""
    for name, (key, convert) in _WECHATBOT.items():
        if text := _text(environ, name, findings):
            _put(tree, (key,), convert(text), text, name, findings)
    for name in sorted(environ):
        if name.startswith(PREFIX) and (text := _text(environ, name, findings)):
            parts = name.removeprefix(PREFIX).split("__")
            if parts[0].lower() in TOP_KEYS:
                _put(tree, _path(tree, parts), parsed(text), text, name, findings)
            else:
                # Not a mistake: Kubernetes sets such names by itself for a service called "gateway".
                hint = did_you_mean(parts[0], TOP_KEYS)
                findings.note(f"{name} sets nothing: there is no such key{'; ' + hint if hint else ''}")


def _text(environ: Mapping[str, str], name: str, findings: Findings) -> str:
    text = environ.get(name, "")
    if clean(text) != text:
        findings.variables[name,] = name
        findings.wrong((name,), "this is not UTF-8 text")
    return clean(text)


def _path(tree: dict[str, Json], parts: list[str]) -> Path:
    """The path a variable names: capitals and hyphens as they are in *tree* where the key is there."""
    path: Path = ()
    node: Json = tree
    for part in parts:
        keys = node if isinstance(node, dict) else {}
        key = next((key for key in keys if _folded(key) == _folded(part)), part.lower())
        path = (*path, key)
        node = keys.get(key)
    return path


def _folded(name: str) -> str:
    return re.sub(r"\W", "_", name).casefold()


def _put(
    tree: dict[str, Json], path: Path, value: Json, text: str, variable: str, findings: Findings
) -> None:
    findings.variables[path] = variable
    if value != text:
        findings.alternatives[path] = text
    node = tree
    for name in map(str, path[:-1]):
        below = node.setdefault(name, {})
        if not isinstance(below, dict):
            findings.wrong(path, f'"{name}" is not an object: nothing can be set in it')
            return
        node = below
    node[str(path[-1])] = value
