"""The platforms that the gateway calls, as stages of a run."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from tests.flows.chaos.ports import free_ports
from tests.flows.chaos.stages import ENTERED, Server, port, seconds, until
from tests.servers import ilink, telegram, wechat_web
from tests.servers.dingtalk import DingTalkServer


class Telegram(Server):
    """A bot that polls."""

    kind = "telegram"
    sends = ("sendMessage", "sendMessage", "editMessageText", "sendMessageDraft")
    asks = ("getUpdates", "getUpdates", "getMe", "sendChatAction")

    def __init__(self, web_port: int) -> None:
        super().__init__(web_port)
        self.server = telegram.TelegramServer(port=port())

    def options(self) -> dict[str, Any]:
        return {"token": self.server.token, "api_root": self.server.root, "poll_timeout": 2, "pacing": None}

    async def enter(self) -> None:
        await until(lambda: self.server.queue.polled)

    def chat(self, group: bool) -> Any:
        person = self.server.user()
        room = self.server.group("Friends", person) if group else self.server.private(person)
        return room, person

    async def say(self, chat: Any, text: str) -> str:
        room, person = chat
        text = text if room["type"] == "private" else f"@gateway_bot {text}"
        return str(self.server.say(room, person, text))

    def shown(self, chat: Any) -> list[str]:
        return [sent.text for sent in self.server.sent(chat[0])]

    def settled(self) -> bool:
        return not self.server.queue.pending

    def slow_down(self, part: str, chance: random.Random, times: int) -> str:
        pause = seconds(part, ("sendMessage",), chance)
        self.server.fail(part, status=429, parameters={"retry_after": pause}, times=times)
        return f"429 for {pause} s"

    async def repeat(self, ids: Sequence[tuple[Any, str]], chance: random.Random) -> str:
        (room, _), id = chance.choice(ids)
        message = self.server.world.rooms[room["id"]].messages[int(id)]
        self.server.push({"message": message})
        return f"{id} in another update"

    def intrude(self) -> str:
        self.server.queue.end_poll("other getUpdates request; make sure that only one bot is running")
        return "another poll"


class DingTalk(Server):
    """A robot on a stream; what it does not acknowledge comes again, later than what was said after it."""

    kind = "dingtalk"
    ordered = False
    sends = ("sendBySession",)
    asks = ("connections/open", "connections/open", "accessToken")

    def __init__(self, web_port: int) -> None:
        super().__init__(web_port)
        self.server = DingTalkServer(port=port(), redelivery=range(1, 300))
        self.robot = self.server.robot()
        self._repeated: set[str] = set()

    def options(self) -> dict[str, Any]:
        key = {"client_id": self.robot.client_id, "client_secret": self.robot.client_secret}
        return {**key, "api_root": self.server.root, "silence": 3, "pacing": None}

    async def enter(self) -> None:
        await self.server.connected(timeout=ENTERED)

    def chat(self, group: bool) -> Any:
        person = self.server.user()
        return (self.server.group("Friends", person) if group else self.server.private(person)), person

    async def say(self, chat: Any, text: str) -> str:
        return self.server.say(*chat, text)

    def shown(self, chat: Any) -> list[str]:
        return [sent.text for sent in self.server.sent(chat[0])]

    def settled(self) -> bool:
        return all(push.acked.is_set() for push in self.server.deliveries.pushes.values())

    def straight(self, id: str) -> bool:
        return self.server.deliveries.pushes[id].attempts == 1 and id not in self._repeated

    def slow_down(self, part: str, chance: random.Random, times: int) -> str:
        if part == "sendBySession":
            self.server.fail(part, status=200, body={"errcode": 130101, "errmsg": "too fast"}, times=times)
        else:
            self.server.fail(part, status=403, times=times)
        return "too fast"

    async def repeat(self, ids: Sequence[tuple[Any, str]], chance: random.Random) -> str:
        _, id = chance.choice(ids)
        fresh = chance.random() < 0.5
        self._repeated.add(id)
        await self.server.redeliver(id, fresh=fresh)
        return f"{id} delivered again, fresh={fresh}"

    def intrude(self) -> str:
        self.server.drop(self.robot)
        return "the connection is reset"


class Web(Server):
    """A personal account."""

    kind = "wechat_web"
    sends = ("webwxsendmsg",)
    asks = ("synccheck", "webwxsync", "webwxsync", "webwxstatusnotify")

    def __init__(self, web_port: int) -> None:
        super().__init__(web_port)
        self.server = wechat_web.WeChatServer(port=port(), poll_seconds=2)
        self.account = self.server.account()

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

    def settled(self) -> bool:
        return self.server.unconfirmed(self.account) == 0

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
    asks = ("getupdates", "getupdates", "getconfig", "sendtyping")

    def __init__(self, web_port: int) -> None:
        super().__init__(web_port)
        self.server = ilink.IlinkServer(ports=_three(), hold=2)
        self.owner = self.server.person("Owner")

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


def _three() -> tuple[int, int, int]:
    first, second, third = free_ports(3)
    return first, second, third
