"""One request of WeChat's, from when it comes until it is answered, or not."""

from __future__ import annotations

import asyncio
import secrets
import time

from aiohttp import web

from adapters.wechat_official import xml
from adapters.wechat_official.bells import Bell
from adapters.wechat_official.crypto import Cipher
from adapters.wechat_official.parse import Incoming
from adapters.wechat_official.signing import signature

WRITE_SECONDS = 2.0
"""Writing an answer takes no time, unless nobody reads it."""
_NONCES = 10**10


class Seal:
    """How answers are encrypted, where they are."""

    def __init__(self, cipher: Cipher | None, token: str) -> None:
        self._cipher = cipher
        self._token = token

    def close(self, message: str) -> str:
        """*message* as WeChat wants it."""
        if self._cipher is None:
            return message
        sealed, timestamp = self._cipher.encrypt(message), int(time.time())
        nonce = str(secrets.randbelow(_NONCES))
        return xml.write(
            {
                "Encrypt": sealed,
                "MsgSignature": signature(self._token, str(timestamp), nonce, sealed),
                "TimeStamp": timestamp,
                "Nonce": nonce,
            }
        )


class Visit:
    """WeChat asks what to answer to *incoming*, in a request that it signed at *signed* (since 1970).

    Until `deadline` an answer is in time. WeChat hangs up some time before `gone`, and by then it has asked
    again, if it does. Both on the loop's clock. `response` is what the web server is to be given.
    """

    def __init__(
        self,
        request: web.Request,
        incoming: Incoming,
        seal: Seal,
        bell: Bell,
        signed: float,
        patience: float,
    ) -> None:
        began = asyncio.get_running_loop().time()
        self.incoming = incoming
        self.age = signed - incoming.time
        self.deadline = began + patience
        self.gone = began + 2 * patience
        self.response = web.Response()
        self._request = request
        self._seal = seal
        self._bell = bell

    @property
    def closing(self) -> bool:
        """True where all is over: WeChat is not to ask again."""
        return self._bell.closed

    async def news(self) -> bool:
        """Wait until there may be something to answer; false: it is time to say what there is."""
        return await self._bell.wait(self.deadline)

    async def say(self, text: str) -> bool:
        """Answer *text*, which the person is shown; false where WeChat does not listen any more."""
        message: dict[str, str | int] = {
            "ToUserName": self.incoming.person,
            "FromUserName": self.incoming.us,
            "CreateTime": int(time.time()),
            "MsgType": "text",
            "Content": text,
        }
        self.response = web.Response(text=self._seal.close(xml.write(message)), content_type="text/xml")
        return await self._written()

    def accept(self) -> None:
        """Answer that all is well: the person is shown nothing."""
        self.response = web.Response(text="success")

    async def silence(self) -> None:
        """Say nothing until WeChat has hung up, so that it asks again; when all is over hang up ourselves."""
        while await self._bell.wait(self.gone):
            pass
        if self._request.transport is not None:
            self._request.transport.close()

    async def _written(self) -> bool:
        try:
            async with asyncio.timeout(WRITE_SECONDS):
                await self.response.prepare(self._request)
                await self.response.write_eof()
        except (ConnectionError, TimeoutError):
            return False
        transport = self._request.transport
        return transport is not None and not transport.is_closing()
