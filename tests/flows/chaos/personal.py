"""Personal accounts of WeChat, by the web and by iLink, as stages of a run."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Sequence
from typing import Any

from tests.flows.chaos import strangers
from tests.flows.chaos.ports import free_ports
from tests.flows.chaos.stages import ENTERED, Server, port
from tests.servers import ilink, wechat_web

_SCANNED, _SCANS = 1.0, 5
"""For how long a code that was scanned is waited for (seconds), until the next is; how many are."""


class Web(Server):
    """A personal account."""

    kind = "wechat_web"
    sends = ("webwxsendmsg",)
    doubtful = (500, 502, 503, 504)
    crosses = True
    asks = ("synccheck", "webwxsync", "webwxsync", "webwxstatusnotify")

    def __init__(self, web_port: int, chance: random.Random) -> None:
        super().__init__(web_port, chance)
        self.server = wechat_web.WeChatServer(port=port(), poll_seconds=2)
        self.account = self.server.account()
        self._late: set[str] = set()

    def options(self) -> dict[str, Any]:
        return {"api_root": self.server.root, "silence": 4, "pacing": None}

    async def enter(self) -> None:
        await self.server.log_in(self.account, timeout=ENTERED)

    def chat(self, group: bool) -> Any:
        person = self.server.user(f"P{len(self.server.world.users)}")
        return (self.server.group("Friends", person) if group else self.server.private(person)), person

    async def say(self, chat: Any, text: str) -> str:
        room, person = chat
        return self.server.say(room, person, text, mention=not room.private)

    def shown(self, chat: Any) -> list[str]:
        return [sent.text for sent in self.server.sent(chat[0])]

    async def cross(self, chat: Any, first: str, second: str) -> tuple[str, str]:
        ids = await super().cross(chat, first, second)
        timeline = self.account.timeline
        timeline[-2:] = timeline[:-3:-1]
        self._late.add(ids[0])
        return ids

    def straight(self, id: str) -> bool:
        return id not in self._late

    def missed(self, id: str) -> bool:
        """What nobody had got when a login ended, and what was said until the next one began."""
        number = next(number for number, item in enumerate(self.account.timeline) if _id(item) == id)
        return any(login.known <= number < login.start for login in self.server.sessions.all)

    async def intrude(self, chance: random.Random) -> str:
        how = "the phone logs it out"
        if chance.random() < 0.3:
            self.server.log_out(self.account)
        else:
            how = "it logs in elsewhere"
            await strangers.log_in_elsewhere(self.server, self.account)
        await asyncio.sleep(chance.uniform(0.0, 1.0))
        for _ in range(_SCANS):
            await self.look()
        return how

    async def look(self) -> None:
        """Whoever sees a code scans it."""
        if not self.server.online(self.account):
            with contextlib.suppress(AssertionError):
                await self.server.log_in(self.account, timeout=_SCANNED)

    def settled(self) -> bool:
        return self.server.online(self.account) and self.server.unconfirmed(self.account) == 0

    def slow_down(self, part: str, chance: random.Random, times: int) -> str:
        self.server.fail(part, ret=1205, times=times)
        return "1205"

    async def repeat(self, ids: Sequence[tuple[Any, str]], chance: random.Random) -> str:
        count = chance.randint(1, 10)
        self.server.replay(count, self.account)
        return f"the last {count} pieces of news again"

    @property
    def complaints(self) -> Sequence[str]:
        return self.server.complaints


class Ilink(Server):
    """A bot of iLink's."""

    kind = "wechat_ilink"
    sends = ("sendmessage",)
    doubtful = (500, 504)
    crosses = True
    asks = ("getupdates", "getupdates", "getconfig", "sendtyping")

    def __init__(self, web_port: int, chance: random.Random) -> None:
        super().__init__(web_port, chance)
        self.server = ilink.IlinkServer(ports=_three(), hold=2)
        self.owner = self.server.person("Owner")
        self._others: set[str] = set()  # what another program has confirmed
        self._late: set[str] = set()

    def options(self) -> dict[str, Any]:
        return {"api_root": self.server.root, "cdn_root": self.server.cdn, "pacing": None}

    async def enter(self) -> None:
        if self.owner.bot is None:
            code = await self.server.code(timeout=ENTERED)
            self.server.scan(self.owner, code.text)
            self.server.confirm(code.text)
            await self.server.until(lambda: self.owner.bot, ENTERED)
        await self.server.until(lambda: self.server.first.waiting, ENTERED)

    def chat(self, group: bool) -> Any:
        return self.server.person()

    async def say(self, chat: Any, text: str) -> str:
        return self.server.say(chat, text)

    def shown(self, chat: Any) -> list[str]:
        return [sent.text for sent in self.server.sent(chat)]

    async def cross(self, chat: Any, first: str, second: str) -> tuple[str, str]:
        ids = await super().cross(chat, first, second)
        inbox = self.server.first.inbox
        inbox[-2:] = inbox[:-3:-1]
        self._late.add(ids[0])
        return ids

    def straight(self, id: str) -> bool:
        return id not in self._late

    def missed(self, id: str) -> bool:
        return id in self._others

    async def intrude(self, chance: random.Random) -> str:
        polls, confirms = chance.randint(1, 5), chance.random() < 0.5
        await strangers.poll_beside(self.server, polls, self._others if confirms else None)
        return f"another program polled {polls} times, and confirmed: {confirms}"

    def settled(self) -> bool:
        return self.server.unconfirmed() == 0

    def slow_down(self, part: str, chance: random.Random, times: int) -> str:
        if part == "sendmessage":
            self.server.refuse(part, -2, times=times)
            return "-2"
        self.server.fail(part, status=429, times=times)
        return "429"

    async def repeat(self, ids: Sequence[tuple[Any, str]], chance: random.Random) -> str:
        _, id = chance.choice(ids)
        self.server.redeliver(id)
        return f"{id} handed out again"

    @property
    def complaints(self) -> Sequence[str]:
        return self.server.complaints


def _id(item: Any) -> str:
    """What *item* of an account's news is called, where it is a message."""
    return str(getattr(item, "id", ""))


def _three() -> tuple[int, int, int]:
    first, second, third = free_ports(3)
    return first, second, third
