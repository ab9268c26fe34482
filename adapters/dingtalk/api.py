"""DingTalk's interfaces, called with an access token that is always fresh."""

from __future__ import annotations

import io
from typing import Any

import aiohttp

from adapters.dingtalk.errors import TokenExpired, checked
from adapters.dingtalk.options import DingTalkOptions
from adapters.dingtalk.transport import Transport
from gateway.errors import AuthError, NetworkError, Rejected, unseen
from gateway.http import AccessToken, Issued, issued


class Api:
    """Calls in the name of one application. Every method raises `AdapterError`."""

    def __init__(self, transport: Transport, options: DingTalkOptions) -> None:
        self._transport = transport
        self._options = options
        self._token = AccessToken(self._new_token, TokenExpired)

    async def call(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """What the interface at *path* answers to *body*."""

        async def attempt(token: str) -> dict[str, Any]:
            url, headers = self._options.api_root + path, {"x-acs-dingtalk-access-token": token}
            return checked(await self._transport.call(method, url, body, headers=headers))

        return await self._token.used_for(attempt)

    async def upload(self, kind: str, name: str, data: bytes) -> str:
        """The media id of a file; *kind* is image, voice, video or file.

        https://open.dingtalk.com/document/orgapp/upload-media-files
        """

        async def attempt(token: str) -> dict[str, Any]:
            form = aiohttp.FormData()
            form.add_field("media", io.BytesIO(data), filename=name, content_type="application/octet-stream")
            url = f"{self._options.upload_root}/media/upload?access_token={token}&type={kind}"
            return checked(await self._transport.call("POST", url, form=form))

        with unseen():
            media_id = (await self._token.used_for(attempt)).get("media_id")
        if not isinstance(media_id, str):
            raise NetworkError("the upload has no media id")
        return media_id

    async def open_stream(self, topics: list[str], agent: str) -> tuple[str, str]:
        """The address of a stream and a ticket for it, good for one connection within 90 seconds."""
        body = {
            "clientId": self._options.client_id,
            "clientSecret": self._options.client_secret.get_secret_value(),
            "subscriptions": [{"type": "CALLBACK", "topic": topic} for topic in topics],
            "ua": agent,
        }
        url = f"{self._options.api_root}/v1.0/gateway/connections/open"
        answer = await self._introduce(url, body)
        endpoint, ticket = answer.get("endpoint"), answer.get("ticket")
        if not isinstance(endpoint, str) or not isinstance(ticket, str):
            raise NetworkError("no endpoint and ticket in the answer")
        return endpoint, ticket

    async def token(self) -> str:
        """The access token; whoever asks while it is fetched waits for the same."""
        return await self._token.get()

    async def _new_token(self) -> Issued:
        body = {
            "appKey": self._options.client_id,
            "appSecret": self._options.client_secret.get_secret_value(),
        }
        answer = await self._introduce(f"{self._options.api_root}/v1.0/oauth2/accessToken", body)
        return issued(answer, "accessToken", "expireIn")

    async def _introduce(self, url: str, body: dict[str, Any]) -> dict[str, Any]:
        """Call with the client id and secret themselves. Raises `AuthError`: they are refused."""
        try:
            return checked(await self._transport.call("POST", url, body))
        except (AuthError, Rejected) as exc:
            # https://open.dingtalk.com/document/orgapp/obtain-orgapp-token: a 400 says that they are wrong
            raise AuthError(
                f"DingTalk refuses the client id or secret: check them, and api_root ({exc})"
            ) from exc
