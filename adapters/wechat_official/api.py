"""WeChat's interfaces, called with an access token that is always fresh."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from adapters.wechat_official.errors import TokenExpired, checked
from adapters.wechat_official.options import WechatOfficialOptions
from gateway.errors import AdapterError, AuthError, NetworkError, OutcomeUnknown, Rejected
from gateway.http import FILE_SECONDS, Transport

# A token lasts 7,200 seconds; a new one can be had, while both are good, in its last five minutes.
_RENEW_BEFORE = 300.0
_LIFE = 7200.0

T = TypeVar("T")


class Api:
    """Calls in the name of one account. Every method raises `AdapterError`."""

    def __init__(self, transport: Transport, options: WechatOfficialOptions) -> None:
        self._transport = transport
        self._options = options
        self._token = ""
        self._renew_at = self._dead_at = 0.0
        self._renewing = asyncio.Lock()

    async def call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """What the interface at *path* answers to *body*."""

        async def attempt(token: str) -> dict[str, Any]:
            query = {"access_token": token}
            return checked(await self._transport.call("POST", self._url(path), body, query=query))

        return await self._with_token(attempt)

    async def media(self, media_id: str) -> bytes:
        """The bytes of what somebody sent within the last three days. Raises `Rejected`: there is nothing.

        https://developers.weixin.qq.com/doc/subscription/api/material/temporary/api_getmedia.html
        """

        async def attempt(token: str) -> bytes:
            url, query = self._url("/cgi-bin/media/get"), {"access_token": token, "media_id": media_id}
            answer = await self._transport.call("GET", url, query=query, within=FILE_SECONDS)
            if answer.status == 200 and not isinstance(answer.body, dict):
                return answer.content
            video = checked(answer).get("video_url")
            if not isinstance(video, str):
                raise Rejected("there is no such file")
            return await self._transport.download(video, media=True)

        return await self._with_token(attempt)

    async def token(self) -> str:
        """The access token; whoever asks while it is fetched waits for the same."""
        async with self._renewing:
            if time.monotonic() >= self._renew_at:
                await self._renew()
            return self._token

    async def _renew(self, *, force: bool = False) -> None:
        asked = time.monotonic()
        try:
            answer = await self._introduce(force)
        except AdapterError as exc:
            if exc.retryable and asked < self._dead_at:
                return  # the one that we have still serves
            raise
        token, life = answer.get("access_token"), answer.get("expires_in", _LIFE)
        if not isinstance(token, str) or not token or not isinstance(life, (int, float)):
            raise NetworkError("no access token in the answer")
        self._token = token
        self._dead_at = asked + life
        # In its last minutes, too, asking again and again would bring the same.
        self._renew_at = self._dead_at - min(_RENEW_BEFORE, life / 2)

    async def _with_token(self, attempt: Callable[[str], Awaitable[T]]) -> T:
        """Do *attempt*; once more with a new token where WeChat does not take this one."""
        token = await self.token()
        try:
            return await attempt(token)
        except TokenExpired:
            await self._replace(token)
        return await attempt(await self.token())

    async def _replace(self, refused: str) -> None:
        """Get another token than the *refused* one, by force where WeChat gives out the same."""
        async with self._renewing:
            if self._token != refused:
                return
            self._renew_at = self._dead_at = 0.0
            await self._renew()
            if self._token == refused:
                await self._renew(force=True)

    async def _introduce(self, force: bool) -> dict[str, Any]:
        """Call with the app id and secret themselves. Raises `AuthError`: they are refused.

        A stable token is not ended by others who ask for one, as the older kind is.
        https://developers.weixin.qq.com/doc/subscription/api/base/api_getstableaccesstoken.html
        """
        body = {
            "grant_type": "client_credential",
            "appid": self._options.app_id,
            "secret": self._options.app_secret.get_secret_value(),
            "force_refresh": force,
        }
        try:
            return checked(await self._transport.call("POST", self._url("/cgi-bin/stable_token"), body))
        except OutcomeUnknown as exc:  # nothing was done that anybody could see
            raise NetworkError(f"no access token: {exc}") from exc
        except TokenExpired as exc:  # 40001 says here that the secret is wrong
            raise AuthError(f"WeChat refuses app_secret: check it, and api_root ({exc})") from exc
        except Rejected as exc:
            raise AuthError(f"WeChat gives no access token: check api_root ({exc})") from exc

    def _url(self, path: str) -> str:
        return self._options.api_root + path
