"""Who and what there is: the account, people, what they see, what is on its way."""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.servers.watching import Critical

Json = dict[str, Any]
Mode = Literal["plain", "compatible", "secure"]
FAILURE = "该公众号提供的服务出现故障，请稍后再试"


@dataclass(slots=True, eq=False)
class Account:
    """One official account, as its owner set it up. `url`: where its server is asked."""

    app_id: str = "wx0123456789abcdef"
    secret: str = "SECRET-of-the-account"
    token: str = "TokenOfTheAccount"
    key: str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
    original: str = "gh_0123456789ab"
    mode: Mode = "plain"
    verified: bool = True
    whitelisted: bool = True
    url: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """One thing that a person sees in the chat with the account.

    `via`: a response to a push, customer service, or WeChat's own notice of a failure. `question`: the push
    that it answers. `time` is `time.monotonic()`.
    """

    text: str
    via: Literal["passive", "service", "failure"]
    question: str = ""
    time: float = field(default_factory=time.monotonic)


@dataclass(slots=True, eq=False)
class Person:
    """Somebody who follows the account. `left`: how many messages it may send, `until` then (monotonic)."""

    id: str
    name: str
    follows: bool = True
    left: int = 0
    until: float = 0.0
    shown: list[Shown] = field(default_factory=list)
    typing: list[float] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Push:
    """Something that the account's server is told of, up to three times.

    `tries`: when each began (monotonic); `waited`: how long the last one took to be answered, in seconds.
    `outcome`: "answered", "accepted" (with nothing to show), "failed", or None while it goes on. `sent`: the
    first request is on the wire, or could not be.
    """

    id: str
    person: Person
    fields: dict[str, str]
    tries: list[float] = field(default_factory=list)
    waited: float = 0.0
    outcome: Literal["answered", "accepted", "failed"] | None = None
    sent: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class World(Critical):
    """Everything there is. The seconds: how long what is handed out, or happened, is good for."""

    account: Account
    message_seconds: float = 48 * 3600
    click_seconds: float = 60
    token_seconds: float = 7200
    people: dict[str, Person] = field(default_factory=dict)
    tokens: dict[str, float] = field(default_factory=dict)
    media: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        super().__init__()

    def show(self, person: Person, shown: Shown) -> None:
        """Put something into a person's chat, if it is there."""
        if person.follows:
            person.shown.append(shown)
        self.changed()

    def acted(self, person: Person, left: int, seconds: float) -> None:
        """*person* did something after which the account may write *left* messages within *seconds*."""
        person.left = max(person.left, left)
        person.until = max(person.until, time.monotonic() + seconds)
