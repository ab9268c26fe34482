"""The simulated platforms that there are, and what each of them would never want to read in a log."""

from __future__ import annotations

import base64
import weakref
from collections.abc import Iterable, Iterator
from typing import Protocol
from urllib.parse import quote

# Shorter ones would be found in ordinary words.
_SHORTEST = 8


class Platform(Protocol):
    """Somebody who listens at `root` and gives out secrets."""

    @property
    def root(self) -> str:
        """Its address."""

    def given_out(self) -> Iterable[str]:
        """Everything that opens something: keys, tokens, codes, cookies; also what is over by now."""


_platforms: weakref.WeakSet[Platform] = weakref.WeakSet()


def remember(platform: Platform) -> None:
    """*platform* is there."""
    _platforms.add(platform)


def platforms() -> list[Platform]:
    """Everybody who is there."""
    return list(_platforms)


def secrets_of(configuration: str) -> set[str]:
    """The secrets of the platforms that *configuration* names."""
    return {one for platform in _platforms if platform.root in configuration for one in platform.given_out()}


def shapes(secret: str) -> Iterator[str]:
    """What a secret can look like in a text."""
    yield secret
    yield quote(secret, safe="")
    yield base64.b64encode(secret.encode()).decode().rstrip("=")
    for user in ("", "me"):
        yield base64.b64encode(f"{user}:{secret}".encode()).decode()


def leaked(secrets: Iterable[str], shown: str) -> list[str]:
    """Those of *secrets* that can be read in what was *shown*."""
    return sorted(
        secret
        for secret in set(secrets)
        if len(secret) >= _SHORTEST and any(shape in shown for shape in shapes(secret))
    )
