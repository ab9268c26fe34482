"""Logging in with a phone: a code is shown until it is scanned and confirmed, and renewed in time."""

from __future__ import annotations

import asyncio

from adapters.wechat_web.client import Endpoint
from adapters.wechat_web.entrance import Entered, Entrance, Fate
from adapters.wechat_web.line import Line
from gateway import ChannelState, Host
from gateway.errors import GatewayError, NetworkError
from gateway.health import Health, growing_pauses

QR = "https://login.weixin.qq.com/l/"
"""What a code says begins so; the phone knows what to do with it."""

LIFETIME = 300.0
"""Seconds for which WeChat's codes are good."""

# It is better to show a new code before somebody scans one that is over: after this part of its life. A
# scanned one is not taken away from under the thumb, but not waited for for ever (seconds) either.
_RENEW = 0.8
_CONFIRM = 600.0
# Seconds between two looks: WeChat says at once, again and again, that a code was scanned.
_LOOK_AGAIN = 0.5
# A code that lasted so many seconds was a good one: the next comes without a growing pause.
_WORKED = 30.0


class QrLogin:
    """Asks a person to log in, by the host's `login`, until it is done.

    `state` and `why` are how the channel is meanwhile; *lifetime* of codes in seconds.
    """

    def __init__(
        self,
        host: Host,
        health: Health,
        line: Line,
        endpoint: Endpoint,
        state: ChannelState,
        why: str = "",
        lifetime: float = LIFETIME,
    ) -> None:
        self._host = host
        self._health = health
        self._line = line
        self._endpoint = endpoint
        self._state = state
        self._why = why
        self._lifetime = lifetime

    async def run(self) -> Entered:
        """A new login. Raises `AuthError`: WeChat does not let the account in."""
        pauses = growing_pauses()
        try:
            while True:
                began = self._now
                try:
                    entered = await self._show_code()
                except GatewayError as exc:
                    await self._health.recover(exc, pauses)
                    continue
                if entered is not None:
                    return entered
                if self._now - began > _WORKED:
                    pauses = growing_pauses()
                await asyncio.sleep(next(pauses))  # codes that are over at once do not come in floods
        finally:
            self._host.login.done()

    async def _show_code(self) -> Entered | None:
        """Have one code scanned. None: it is over, and wants another."""
        entrance = Entrance(self._endpoint)
        try:
            uuid = await self._line.call(entrance.code, entrance.cut)
            self._host.report(self._state, self._why)
            self._host.login.show(QR + uuid, self._lifetime)
            if not await self._confirmed(entrance, uuid):
                return None
            self._host.login.done()
            return await self._enter(entrance)
        finally:
            entrance.close()

    async def _enter(self, entrance: Entrance) -> Entered:
        """Begin a login that is confirmed, which is too good to be lost by a network that stumbles."""
        try:
            async with asyncio.timeout(_CONFIRM):
                return await self._health.trying(lambda: self._line.call(entrance.enter, entrance.cut))
        except TimeoutError as exc:
            raise NetworkError("the login was confirmed, and WeChat does not let us begin") from exc

    async def _confirmed(self, entrance: Entrance, uuid: str) -> bool:
        """Wait for what becomes of a code; true once the login is confirmed on the phone."""
        began, scanned, pauses = self._now, False, growing_pauses()
        while self._now - began < (_CONFIRM if scanned else _RENEW * self._lifetime):
            try:
                fate = await self._line.call(lambda: entrance.fate(uuid), entrance.cut)
            except NetworkError as exc:
                await self._health.recover(exc, pauses)  # the code is as good as before
                continue
            self._host.report(self._state, self._why)
            pauses = growing_pauses()
            if fate is Fate.SCANNED:
                self._host.login.scanned()
                scanned = True
                await asyncio.sleep(_LOOK_AGAIN)
            elif fate is not Fate.WAITING:
                return fate is Fate.CONFIRMED
        return False

    @property
    def _now(self) -> float:
        return asyncio.get_running_loop().time()
