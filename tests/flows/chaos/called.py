"""Telegram and DingTalk, as stages of a run."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from tests.flows.chaos import strangers
from tests.flows.chaos.stages import ENTERED, Server, port, seconds, until
from tests.servers import telegram
from tests.servers.dingtalk import DingTalkServer


class Telegram(Server):
    """A bot that polls."""

    kind = "telegram"
    sends = ("sendMessage", "sendMessage", "editMessageText", "sendMessageDraft")
    asks = ("getUpdates", "getUpdates", "getMe", "sendChatAction")

    def __init__(self, web_port: int, chance: random.Random) -> None:
        super().__init__(web_port, chance)
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

    async def intrude(self, chance: random.Random) -> str:
        self.server.queue.end_poll("other getUpdates request; make sure that only one bot is running")
        return "another poll"


class DingTalk(Server):
    """A robot on a stream; what it does not acknowledge comes again, later than what was said after it."""

    kind = "dingtalk"
    sends = ("sendBySession",)
    asks = ("connections/open", "connections/open", "accessToken")

    def __init__(self, web_port: int, chance: random.Random) -> None:
        super().__init__(web_port, chance)
        self.server = DingTalkServer(port=port(), redelivery=range(1, 300))
        self.robot = self.server.robot()
        self._repeated: set[str] = set()
        self._others: set[str] = set()  # what another program has acknowledged

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

    def missed(self, id: str) -> bool:
        return id in self._others

    async def intrude(self, chance: random.Random) -> str:
        if chance.random() < 0.3:
            self.server.drop(self.robot)
            return "the connection is reset"
        acks, seconds = chance.random() < 0.5, chance.uniform(0.5, 2.0)
        taken = self._others if acks else None
        await strangers.connect_beside(self.server, self.robot, seconds, taken)
        return f"another program listened for {seconds:.1f} s, and acknowledged: {acks}"
