"""HTTP and WebSocket to DingTalk."""

from __future__ import annotations

import asyncio

import aiohttp

from gateway import http
from gateway.errors import NetworkError, Rejected
from gateway.http import Places

# Files that people send are kept at Alibaba Cloud, and named by http:
# https://open.dingtalk.com/document/orgapp/download-the-file-content-of-the-robot-receiving-message
_OTHERS = ("dingtalk.com", "aliyuncs.com", "alicdn.com")
_CONNECT_SECONDS = 10.0
_FAREWELL_SECONDS = 0.5


class Transport(http.Transport):
    """A pool of connections to DingTalk, which is at *roots*."""

    def __init__(self, proxy: str | None, *roots: str) -> None:
        super().__init__(proxy, Places(roots, _OTHERS))

    async def connect(self, url: str) -> aiohttp.ClientWebSocketResponse:
        """A WebSocket to *url* that leaves pings to its user. Raises `NetworkError`."""
        try:
            session = self.session_for(url)
            async with asyncio.timeout(_CONNECT_SECONDS):
                return await session.ws_connect(
                    url, autoping=False, timeout=aiohttp.ClientWSTimeout(ws_close=_FAREWELL_SECONDS)
                )
        except aiohttp.WSServerHandshakeError as exc:
            raise NetworkError(f"the connection was refused ({exc.status})") from None
        except Rejected as exc:
            raise NetworkError(str(exc)) from None
        except http.FOREIGN_ERRORS as exc:
            raise NetworkError(str(http.translated(exc))) from None
