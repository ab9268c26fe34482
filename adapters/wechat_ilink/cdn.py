"""Files to and from WeChat's CDN."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from itertools import islice
from typing import TypeVar
from urllib.parse import quote

from adapters.wechat_ilink.api import Api
from adapters.wechat_ilink.media import Ref, Sealed, seal, unseal
from adapters.wechat_ilink.transport import Transport
from gateway import Attachment
from gateway.backoff import delays
from gateway.errors import NetworkError, Rejected, unseen
from gateway.http import LARGEST_FILE, permitted

log = logging.getLogger(__name__)

T = TypeVar("T")

_TRIES = 3
# Bytes from which on a cipher would hold up the event loop.
_LONG = 1 << 20


class Cdn:
    """The CDN at *root*. Every method raises `AdapterError`."""

    def __init__(self, transport: Transport, api: Api, root: str) -> None:
        self._transport = transport
        self._api = api
        self._root = root

    async def fetch(self, ref: Ref) -> bytes:
        """The file behind *ref*."""
        if ref.size > LARGEST_FILE:
            raise Rejected("the file is too big")
        data = await self._transport.fetch(self._address(ref))
        return await aside(len(data), lambda: unseal(ref, data))

    async def upload(self, file: Attachment, kind: int, user: str) -> tuple[Sealed, str]:
        """Put *file* there for *user*; what was put there, and WeChat's name of it."""
        sealed = await aside(len(file.data), lambda: seal(file.data))
        name = secrets.token_hex(16)
        announced = {
            "filekey": name,
            "media_type": kind,
            "to_user_id": user,
            "rawsize": sealed.size,
            "rawfilemd5": sealed.md5,
            "filesize": len(sealed.data),
            "no_need_thumb": True,
            "aeskey": sealed.key.hex(),
        }
        with unseen():
            place = await self._api.upload_place(announced)
            url = self._upload_address(place.get("upload_full_url"), place.get("upload_param"), name)
            return sealed, await self._put(url, sealed.data)

    async def _put(self, url: str, data: bytes) -> str:
        """WeChat's name of what was uploaded; a server that fails is asked again."""
        for pause in islice(delays(0.2, 2), _TRIES - 1):
            try:
                return await self._put_once(url, data)
            except NetworkError as exc:
                log.info("a file was not uploaded, again in %.1f s: %s", pause, exc)
            await asyncio.sleep(pause)
        return await self._put_once(url, data)

    async def _put_once(self, url: str, data: bytes) -> str:
        return _taken(await self._transport.upload(url, data, "x-encrypted-param"))

    def _address(self, ref: Ref) -> str:
        """Where *ref* is: at the address that came with it, if that is the CDN's."""
        if ref.url and permitted(ref.url, self._root):
            return ref.url
        if ref.param:
            return f"{self._root}/download?encrypted_query_param={quote(ref.param, safe='')}"
        raise Rejected("the file is not on WeChat's CDN")

    def _upload_address(self, url: object, param: object, name: str) -> str:
        if isinstance(url, str) and permitted(url, self._root):
            return url
        if isinstance(param, str) and param:
            return f"{self._root}/upload?encrypted_query_param={quote(param, safe='')}&filekey={name}"
        raise NetworkError("no address to upload to in the answer")


def _taken(answer: tuple[int, str]) -> str:
    """The name in the CDN's *answer*. Raises `Rejected`, or `NetworkError` where another try may succeed."""
    status, name = answer
    if 400 <= status < 500:
        raise Rejected(f"the CDN refuses the file ({status})")
    if status != 200 or not name:
        raise NetworkError(f"the CDN did not take the file ({status})")
    return name


async def aside(size: int, work: Callable[[], T]) -> T:
    """What *work* on *size* bytes gives: done in a thread where they are many, here where they are few."""
    return await asyncio.to_thread(work) if size > _LONG else work()
