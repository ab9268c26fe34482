"""The platforms that call the gateway, as stages of a run: an official account, and the page."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from adapters.wechat_official.wording import Words
from tests.adapters.webchat_platform import Browser, new_id
from tests.flows.chaos.stages import ENTERED, Server, Stage, Trouble, port, until
from tests.servers import wechat_official


class Official(Server):
    """An official account, verified or not: then it may not write by itself, and what is not there in time is
    fetched. People who are told to fetch an answer do it.
    """

    kind = "wechat_official"
    needs_web = True
    sends = ("custom/send",)
    asks = ("stable_token", "custom/typing")

    def __init__(self, web_port: int, chance: random.Random) -> None:
        super().__init__(web_port, chance)
        verified = chance.random() < 0.5
        self.server = wechat_official.WeChatServer(port=port(), seconds=1.5, mode="secure", verified=verified)
        self._service = chance.choice(("auto", verified))
        self._read: dict[str, int] = {}
        self.server.account.url = f"http://127.0.0.1:{web_port}/hook/{self.name}"

    def options(self) -> dict[str, Any]:
        ours = self.server.account
        keys = {"app_id": ours.app_id, "app_secret": ours.secret, "token": ours.token}
        return {**keys, "encoding_aes_key": ours.key, **self._manners()}

    def _manners(self) -> dict[str, Any]:
        return {"api_root": self.server.root, "patience": 1.2, "customer_service": self._service}

    async def enter(self) -> None:
        await until(lambda: self._service is False or self.server.called("stable_token"))

    def chat(self, group: bool) -> Any:
        return self.server.person()

    async def say(self, chat: Any, text: str) -> str:
        return (await self.server.say(chat, text)).id

    def shown(self, chat: Any) -> list[str]:
        return [shown.text for shown in chat.shown if shown.via != "failure"]

    def sequence(self, chat: Any) -> list[str]:
        # What WeChat asked for again comes behind what it was answered meanwhile.
        late = {push.id for push in self.server.pushes.all if len(push.tries) > 1}
        return [shown.text for shown in chat.shown if shown.question not in late]

    def settled(self) -> bool:
        return all(push.outcome for push in self.server.pushes.all) and not any(map(self._told, self._people))

    def accepted(self, id: str) -> bool:
        return self._push(id).outcome != "failed"

    def fetched(self, id: str) -> bool:
        answers = [shown for shown in self._push(id).person.shown if shown.question == id]
        return any(shown.via == "passive" for shown in answers)

    def straight(self, id: str) -> bool:
        return len(self._push(id).tries) == 1

    def trouble(self, what: Trouble, chance: random.Random) -> str:
        if what in ("half", "lost") and chance.random() < 0.5:
            self.server.pushes.lost += 1
            return "a response is lost"
        return super().trouble(what, chance)

    def slow_down(self, part: str, chance: random.Random, times: int) -> str:
        self.server.refuse(part, 45009 if part == "custom/send" else -1, times=times)
        return "too often"

    def heal(self) -> None:
        super().heal()
        self.server.pushes.lost = 0

    async def drop(self) -> None:
        await self.server.stop()

    async def come_back(self) -> None:
        await self.server.start()

    async def look(self) -> None:
        """Whoever was told that there is something to fetch sends any text, once."""
        for person in self._people:
            told, self._read[person.id] = self._told(person), len(person.shown)
            if told:
                await self.server.settled(await self.server.say(person, "1"), timeout=ENTERED)

    @property
    def _people(self) -> list[wechat_official.Person]:
        return list(self.server.world.people.values())

    def _told(self, person: wechat_official.Person) -> bool:
        """Whether *person* was told to fetch something since they wrote last."""
        new = person.shown[self._read.get(person.id, 0) :]
        return any(_invites(shown.text) for shown in new)

    def _push(self, id: str) -> Any:
        return next(push for push in self.server.pushes.all if push.id == id)


class Page(Stage):
    """The page: a visitor of their own for each chat, whose browser posts until it is heard."""

    kind = "webchat"
    needs_web = True

    def __init__(self, web_port: int, chance: random.Random) -> None:
        super().__init__(web_port, chance)
        self.browsers: list[Browser] = []
        self.histories: dict[Browser, list[str]] = {}

    async def open(self) -> None:
        """It is the gateway that listens."""

    async def close(self) -> None:
        for browser in self.browsers:
            await browser.close()

    def options(self) -> dict[str, Any]:
        return {}

    def chat(self, group: bool) -> Any:
        browser = Browser(f"http://127.0.0.1:{self.web_port}")
        self.browsers.append(browser)
        return browser

    async def say(self, chat: Any, text: str) -> str:
        await chat.start()
        message = {"id": new_id(), "text": text, "language": "en"}
        chat.write(message)
        return message["id"]

    def shown(self, chat: Any) -> list[str]:
        return self.histories.get(chat, [])

    def sequence(self, chat: Any) -> list[str]:
        # The page puts exchanges in the order of the gateway's clock, which may have jumped.
        return self.passing(chat)

    def passing(self, chat: Any) -> list[str]:
        return [text for event in chat.seen("exchange") for text in event["exchange"]["answers"]]

    def settled(self) -> bool:
        return not any(browser.outbox for browser in self.browsers)

    async def repeat(self, ids: Sequence[tuple[Any, str]], chance: random.Random) -> str:
        browser, id = chance.choice(ids)
        if not any(message["id"] == id for message in browser.outbox):
            texts = [
                event["exchange"]["question"]
                for event in browser.seen("exchange")
                if event["exchange"]["id"] == id
            ]
            if texts and texts[0]:
                browser.write({"id": id, "text": texts[0], "language": "en"})
                return f"{id} posted again"
        return ""

    async def drop(self) -> None:
        for browser in self.browsers:
            browser.online = False

    async def come_back(self) -> None:
        for browser in self.browsers:
            browser.online = True

    def heal(self) -> None:
        """Nothing of its own goes wrong."""

    async def look(self) -> None:
        for browser in self.browsers:
            exchanges = await browser.history() if browser.cookie else []
            self.histories[browser] = [text for exchange in exchanges for text in exchange["answers"]]


def _invites(text: str) -> bool:
    ends = tuple(said for words in Words for said in words.value)
    return text.endswith(ends)
