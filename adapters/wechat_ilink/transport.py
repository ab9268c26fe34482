"""HTTP to WeChat: its interfaces, and the CDN that has the files."""

from __future__ import annotations

import io

from gateway import http
from gateway.http import FILE_SECONDS, LARGEST_FILE, Places

CALL_SECONDS = 15.0
"""How long an answer may take that is not waited for on purpose."""
_BLOCK = 16  # what enciphering adds at most


class Transport(http.Transport):
    """A pool of connections to WeChat, which is at *roots*."""

    def __init__(self, proxy: str | None, *roots: str) -> None:
        super().__init__(proxy, Places(roots))

    async def upload(self, url: str, data: bytes, result: str) -> tuple[int, str]:
        """The status of posting *data* to *url*, and the header *result* of the answer, or ""."""
        headers = {"Content-Type": "application/octet-stream"}
        async with self.asking("POST", url, FILE_SECONDS, data=io.BytesIO(data), headers=headers) as answer:
            return answer.status, answer.headers.get(result, "")

    async def fetch(self, url: str) -> bytes:
        """The enciphered file at *url*. Raises `Rejected`: there is nothing, or too much."""
        return await self.download(url, largest=LARGEST_FILE + _BLOCK)
