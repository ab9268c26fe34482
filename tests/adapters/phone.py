"""An adapter for `tests/servers/phone.py`; as a program, the gateway with it: ``python -m … run``."""

from __future__ import annotations

import sys
from typing import Any

import aiohttp

from gateway import Adapter, ChannelState, Chat, Host, Options, Receipt, Receive, Reply
from gateway.cli import main
from tests.servers.phone import NAME


class PhoneOptions(Options):
    """Where the platform is."""

    api_root: str


class PhoneAdapter(Adapter[PhoneOptions]):
    """Logs in with a phone; hears nothing, and can say nothing."""

    options_type = PhoneOptions

    def __init__(self, host: Host, options: PhoneOptions) -> None:
        super().__init__(host, options)
        self._session: aiohttp.ClientSession | None = None

    async def run(self, receive: Receive) -> None:
        """Be logged in, again and again."""
        while True:
            await self._logged_in()
            self.host.report(ChannelState.UP)
            await self._call("GET", "/session", token=await self.host.load("token") or "")
            await self.host.save("token", "")
            self.host.report(ChannelState.LOGGED_OUT, "ended on the phone")

    async def log_in(self) -> str:
        """Be logged in once."""
        await self._logged_in()
        return NAME

    async def send(self, chat: Chat, reply: Reply) -> Receipt:
        """Nobody is there."""
        raise NotImplementedError

    async def close(self) -> None:
        """Hang up."""
        if self._session is not None:
            await self._session.close()

    async def _logged_in(self) -> None:
        login = self.host.login
        try:
            while not await self.host.load("token"):
                self.host.report(ChannelState.NEEDS_LOGIN)
                code = await self._call("POST", "/codes")
                login.show(code["code"], code["lifetime"])
                await self._follow("wait")
        finally:
            login.done()

    async def _follow(self, state: str) -> None:
        """What becomes of one code."""
        while state != "expired":
            answer = await self._call("GET", "/state", seen=state)
            state = answer["state"]
            if state == "scanned":
                self.host.login.scanned()
            elif state == "digits":
                state = await self._digits()
            elif state == "confirmed":
                return await self.host.save("token", answer["token"])
        return None

    async def _digits(self) -> str:
        wrong = False
        while True:
            typed = await self.host.login.digits(wrong=wrong)
            if (await self._call("POST", "/digits", json={"digits": typed}))["right"]:
                return "digits"
            wrong = True

    async def _call(self, method: str, path: str, json: Any = None, **query: str) -> Any:
        if self._session is None:
            self._session = aiohttp.ClientSession(self.options.api_root, timeout=aiohttp.ClientTimeout())
        async with self._session.request(method, path, params=query, json=json) as answer:
            return await answer.json() if answer.content_type == "application/json" else None


if __name__ == "__main__":
    sys.modules["adapters.phone"] = sys.modules["__main__"]
    sys.exit(main())
