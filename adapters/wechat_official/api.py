"""WeChat's interfaces, called with an access token that is always fresh."""

from __future__ import annotations

from functools import partial
from typing import Any

from adapters.wechat_official.errors import TokenExpired, checked
from adapters.wechat_official.options import WechatOfficialOptions
from gateway.errors import AuthError, Rejected
from gateway.http import FILE_SECONDS, AccessToken, Issued, Transport, issued


class Api:
    """Calls in the name of one account. Every method raises `AdapterError`."""

    def __init__(self, transport: Transport, options: WechatOfficialOptions) -> None:
        self._transport = transport
        self._options = options
        fetch = partial(self._new_token, force=False)
        self._token = AccessToken(fetch, TokenExpired, force=partial(self._new_token, force=True))

    async def call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """What the interface at *path* answers to *body*."""

        async def attempt(token: str) -> dict[str, Any]:
            query = {"access_token": token}
            return checked(await self._transport.call("POST", self._url(path), body, query=query))

        return await self._token.used_for(attempt)

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

        return await self._token.used_for(attempt)

    async def token(self) -> str:
        """The access token; whoever asks while it is fetched waits for the same."""
        return await self._token.get()

    async def _new_token(self, *, force: bool) -> Issued:
        """A token; *force*: another than before. Raises `AuthError`: app id and secret are refused.

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
            answer = checked(await self._transport.call("POST", self._url("/cgi-bin/stable_token"), body))
        except TokenExpired as exc:  # 40001 says here that the secret is wrong
            raise AuthError(f"WeChat refuses app_secret: check it, and api_root ({exc})") from exc
        except Rejected as exc:
            raise AuthError(f"WeChat gives no access token: check api_root ({exc})") from exc
        return issued(answer, "access_token", "expires_in")

    def _url(self, path: str) -> str:
        return self._options.api_root + path
