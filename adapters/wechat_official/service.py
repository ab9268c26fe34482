"""Customer service: writing to a person by ourselves, where the account may.

https://developers.weixin.qq.com/doc/service/api/customer/message/api_sendcustommessage
"""

from __future__ import annotations

import logging
import time
from typing import Any, Literal

from adapters.wechat_official.api import Api
from adapters.wechat_official.errors import NoPermission
from gateway.errors import AdapterError, Rejected
from gateway.newest import Newest

log = logging.getLogger(__name__)

AFTER_MESSAGE, AFTER_CLICK = 5, 3
"""Messages that WeChat lets through once a person wrote, within 48 hours, or clicked, within a minute."""
_SEND, _TYPING = "/cgi-bin/message/custom/send", "/cgi-bin/message/custom/typing"
# Seconds until we ask again whether we may: an account can be verified while we run.
_ASK_AGAIN = 3600.0
_MOST = 10_000


class Service:
    """The interface, and what is known of whether it may be used; *setting* decides, or "auto"."""

    def __init__(self, api: Api, setting: Literal["auto"] | bool) -> None:
        self._api = api
        self._setting = setting
        self._granted = False
        self._denied_until = 0.0
        self._left: Newest[str, int] = Newest(_MOST)

    @property
    def allowed(self) -> bool | None:
        """Whether the account may write by itself; None: nobody knows yet."""
        if self._setting != "auto":
            return self._setting
        if time.monotonic() < self._denied_until:
            return False
        return True if self._granted else None

    async def find_out(self, person: str) -> bool:
        """Whether the account may write by itself: WeChat is asked where nobody knows yet.

        False while it cannot be asked.
        """
        if self.allowed is None:
            try:
                await self.typing(person)
            except AdapterError as exc:
                log.debug("whether the account may write by itself cannot be asked: %s", exc)
                return False
        return self.allowed is True

    def heard(self, person: str, worth: int) -> None:
        """*person* did something that is *worth* so many messages."""
        self._left[person] = worth

    def left(self, person: str) -> int | None:
        """How many more messages *person* can be sent; None: unknown."""
        return self._left.get(person)

    async def send(self, person: str, text: str) -> None:
        """Write *text* to *person*. Raises `NoPermission`, `WindowClosed`, any other `AdapterError`."""
        await self._call(_SEND, {"touser": person, "msgtype": "text", "text": {"content": text}})
        if person in self._left:
            self._left[person] = max(0, self._left[person] - 1)

    async def typing(self, person: str) -> None:
        """Show *person* for some seconds that we are writing; nothing where the account may not.

        https://developers.weixin.qq.com/doc/service/api/customer/message/api_typing.html
        """
        if self.allowed is False:
            return
        try:
            await self._call(_TYPING, {"touser": person, "command": "Typing"})
        except Rejected:
            self._granted = True  # shown already, or the person wrote too long ago
        except NoPermission:
            if self._setting is True:
                raise

    async def _call(self, path: str, body: dict[str, Any]) -> None:
        try:
            await self._api.call(path, body)
        except NoPermission:
            self._granted, self._denied_until = False, time.monotonic() + _ASK_AGAIN
            raise
        self._granted = True
