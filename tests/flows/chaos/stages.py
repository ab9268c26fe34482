"""The platforms of a run, each with what can go wrong on it, all of it with the same words."""

from __future__ import annotations

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any, Literal, get_args

from tests.flows.chaos.ports import free_ports

Trouble = Literal["slow down", "error", "in doubt", "garbage", "half", "lost", "silence"]
TROUBLES: Sequence[Trouble] = get_args(Trouble)
HTML = b"<html><body>bad gateway</body></html>"
ENTERED = 60.0


class Stage(ABC):
    """One channel: a simulated platform with its people. `web_port`: where the gateway's web server is.

    `kind` is the channel's type; `crosses`: what is said may be overtaken by what is said next. *chance*
    draws how the account is set up, where there is a choice.
    """

    kind = ""
    needs_web = False
    crosses = False

    def __init__(self, web_port: int, chance: random.Random) -> None:
        self.web_port = web_port
        self.servers = AsyncExitStack()

    @property
    def name(self) -> str:
        """The channel's name."""
        return f"the-{self.kind.replace('_', '-')}"

    @abstractmethod
    async def open(self) -> None:
        """Let the platform listen."""

    async def close(self) -> None:
        """Let it end."""
        await self.servers.aclose()

    @abstractmethod
    def options(self) -> dict[str, Any]:
        """What the channel's part of the configuration says."""

    async def enter(self) -> None:
        """Wait until the gateway listens; log in where that takes a person."""
        return

    @abstractmethod
    def chat(self, group: bool) -> Any:
        """A new chat; a group of it where the platform has groups and *group* says so."""

    @abstractmethod
    async def say(self, chat: Any, text: str) -> str:
        """Somebody writes *text*; the platform's id of that."""

    @abstractmethod
    def shown(self, chat: Any) -> list[str]:
        """What is there of the gateway's in *chat*, in order."""

    def sequence(self, chat: Any) -> list[str]:
        """What was shown in *chat*, in the order in which people got it."""
        return self.shown(chat)

    def passing(self, chat: Any) -> list[str]:
        """What was shown and need not be there any more."""
        return []

    @abstractmethod
    def settled(self) -> bool:
        """Whether the platform holds nothing any more that the gateway has not confirmed."""

    def accepted(self, id: str) -> bool:
        """Whether the platform takes a message as received, so that an answer is owed."""
        return True

    def fetched(self, id: str) -> bool:
        """Whether a message fetched what waited, as its author had been told that any text would."""
        return False

    def missed(self, id: str) -> bool:
        """Whether the platform gave a message to somebody else, so that the gateway need not know it."""
        return False

    def straight(self, id: str) -> bool:
        """Whether a message reached the gateway the first time that it was sent, in its turn."""
        return True

    async def cross(self, chat: Any, first: str, second: str) -> tuple[str, str]:
        """Somebody writes both, and the *second* is there before the *first*; where `crosses`. Their ids."""
        return await self.say(chat, first), await self.say(chat, second)

    def trouble(self, what: Trouble, chance: random.Random) -> str:
        """Let *what* happen to some of the next calls; in words."""
        return ""

    async def repeat(self, ids: Sequence[tuple[Any, str]], chance: random.Random) -> str:
        """Hand out once more what was said; in words."""
        return ""

    async def intrude(self, chance: random.Random) -> str:
        """Let another program use the account for a while; in words."""
        return ""

    @abstractmethod
    async def drop(self) -> None:
        """The network is gone."""

    @abstractmethod
    async def come_back(self) -> None:
        """It is there again."""

    @abstractmethod
    def heal(self) -> None:
        """Nothing goes wrong any more."""

    async def look(self) -> None:
        """Look at what is shown now, where that takes a call; let people do what they were told to."""
        return

    @property
    def complaints(self) -> Sequence[str]:
        """What the gateway did that the platform would not understand."""
        return ()


class Server(Stage):
    """A platform that the gateway calls. `sends` and `asks`: parts of the paths of calls that show something,
    and of the others. `doubtful`: the statuses with which what was asked may have been done all the same.
    """

    sends: Sequence[str] = ()
    asks: Sequence[str] = ()
    doubtful: Sequence[int] = (504,)
    server: Any

    async def open(self) -> None:
        await self.server.__aenter__()
        self.servers.push_async_exit(self.server.__aexit__)

    async def drop(self) -> None:
        await self.server.__aexit__(None, None, None)

    async def come_back(self) -> None:
        await self.server.__aenter__()

    def heal(self) -> None:
        self.server.heal()

    def trouble(self, what: Trouble, chance: random.Random) -> str:
        sending = chance.random() < 0.7
        part = chance.choice(self.sends if sending else self.asks)
        times = chance.choice((1, 1, 1, 2))
        if what == "slow down":
            return f"{part} {self.slow_down(part, chance, times)}"
        if what == "error":
            status = chance.choice((500, 502, 503))
            self.server.fail(part, status=status, body=chance.choice((HTML, b"", b"{}")), times=times)
            return f"{part} {status}"
        if what == "in doubt":
            status = chance.choice(self.doubtful)
            self.server.fail(part, status=status, body=HTML, after_acting=True)
            return f"{part} {status}, and it was done"
        if what == "garbage":
            self.server.fail(part, status=200, body=chance.choice((HTML, b"[1,", b"[]")), times=times)
        elif what == "half":
            self.server.fail(
                part,
                status=200,
                body=b'{"ok": true, "result": [',
                cut=True,
                after_acting=chance.random() < 0.5,
            )
        elif what == "lost":
            self.server.hang(part, after_acting=True)
        else:
            self.server.hang(part)
        return f"{part} {what}"

    @abstractmethod
    def slow_down(self, part: str, chance: random.Random, times: int) -> str:
        """Refuse the next calls as the platform does that wants fewer of them; in words."""


def seconds(part: str, sends: Sequence[str], chance: random.Random) -> int:
    """How long a platform wants to be left alone: seldom long, and then only by what is sent."""
    long = part in sends and chance.random() < 0.2
    return chance.choice((60, 120, 300)) if long else chance.choice((1, 1, 2))


async def until(condition: Callable[[], Any], within: float = ENTERED) -> None:
    """Wait until *condition* is true."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.02)


def port() -> int:
    """A port for a server that will come back to it."""
    (found,) = free_ports(1)
    return found
