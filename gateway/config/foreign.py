"""What the importers of other bots' configurations are made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gateway.config.reader import Json


@dataclass(slots=True)
class Imported:
    """Another bot's configuration in our words.

    `left_out` are its keys that say something which we cannot do, each with why; `changed` those that
    mean something else here, each with how.
    """

    source: str
    config: dict[str, Json] = field(default_factory=dict)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    changed: list[tuple[str, str]] = field(default_factory=list)

    def put(self, value: Json, *path: str) -> None:
        """Set the key at *path* of our configuration."""
        node = self.config
        for name in path[:-1]:
            below = node.setdefault(name, {})
            node = below if isinstance(below, dict) else {}
        node[path[-1]] = value


# What to do with one key's value.
Rule = Callable[[Imported, str, Json], None]


def copy(*path: str, change: str = "") -> Rule:
    """The value as it is goes to *path*; *change* says what it means there that it did not mean before."""

    def rule(imported: Imported, key: str, value: Json) -> None:
        if value not in (None, ""):
            imported.put(value, *path)
            if change:
                imported.changed.append((key, change))

    return rule


def copy_number(*path: str) -> Rule:
    """The value goes to *path*, as a number also where it was written as text."""

    def rule(imported: Imported, key: str, value: Json) -> None:
        if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value.strip(), re.ASCII):
            value = int(value)
        copy(*path)(imported, key, value)

    return rule


def leave(why: str, *harmless: Json) -> Rule:
    """The value is not carried over, for the reason *why*; silently where it is empty or *harmless*."""

    def rule(imported: Imported, key: str, value: Json) -> None:
        if value and value not in harmless:
            imported.left_out.append((key, why))

    return rule


def used(imported: Imported, key: str, value: Json) -> None:
    """The value is read together with others, elsewhere."""


def apply(rules: Mapping[str, Rule], values: Mapping[str, Json], imported: Imported) -> None:
    """Do with every key of *values* what its rule says; one without a rule is left out by name."""
    for key, value in values.items():
        rule = rules.get(key)
        if rule is None:
            imported.left_out.append((key, f"not a key of {imported.source} that is known"))
        else:
            rule(imported, key, value)


def texts(value: Json) -> list[str]:
    """The entries of a list, or of a text with commas, that say something."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    return [str(entry) for entry in value if entry not in (None, "")] if isinstance(value, list) else []


def azure(imported: Imported, base: str, deployment: str, version: str, key: Json) -> None:
    """The default model is a deployment of Azure OpenAI."""
    imported.put(f"{base.rstrip('/')}/openai/deployments/{deployment}", "base_url")
    imported.put(deployment, "model")
    imported.put(version or "2024-06-01", "extra_query", "api-version")
    imported.put(key, "extra_headers", "api-key")
    imported.config.pop("api_key", None)
