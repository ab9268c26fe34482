"""What we do in WeChat: write, take back, accept friends, fetch files. Everything here blocks."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

import requests

from adapters.wechat_web.client import Client
from adapters.wechat_web.errors import check_sending, translated
from adapters.wechat_web.media import Media
from adapters.wechat_web.outgoing import file_name, media_of
from adapters.wechat_web.payloads import SENT, RawSent
from adapters.wechat_web.session import Request
from gateway import Attachment
from gateway.errors import NetworkError, Rejected, unseen

LARGEST_FILE = 100 * 1024 * 1024
"""Bytes of a file that we read at most."""
_DOWNLOAD_SECONDS = 120.0
_BLOCK = 64 * 1024


class Speaker(Client):
    """The client that writes."""

    def write(self, user: str, text: str) -> str:
        """Send a text; returns the message's id. Raises `AdapterError`."""
        return self._sent(lambda: self._core.send_msg(text, user))

    def post(self, user: str, file: Attachment) -> str:
        """Send a file, as a picture or video where it is one; returns the message's id.

        Raises `AdapterError`.
        """
        media = media_of(file)
        name = file_name(file, media)
        show, how = {
            "picture": (self._core.send_image, {"isPicture": True}),
            "gif": (self._core.send_image, {}),
            "video": (self._core.send_video, {"isVideo": True}),
            "file": (self._core.send_file, {}),
        }[media]
        with unseen():
            with translated():
                uploaded = self._core.upload_file(name, file_=io.BytesIO(file.data), **how)
            id = _checked(uploaded).get("MediaId")
        if not id:
            raise NetworkError("WeChat took the file and gives it no name")
        if media != "file":
            return self._sent(lambda: show(name, user, id))
        # The name goes into XML as it is.
        return self._sent(lambda: show(escape(name), user, id, file_=io.BytesIO(file.data)))

    def take_back(self, user: str, message_id: str) -> None:
        """Take a message of ours back. Raises `AdapterError`."""
        id, _, local_id = message_id.partition(":")
        with translated():
            answer = self._core.revoke(id, user, local_id)
        _checked(answer)

    def accept(self, request: Request) -> None:
        """Make somebody a friend who wants to be one. Raises `AdapterError`."""
        keys = self._keys
        params = {"r": int(time.time()), "pass_ticket": keys.pass_ticket}
        body = {
            "Opcode": 3,
            "VerifyUserListSize": 1,
            "VerifyUserList": [{"Value": request.user, "VerifyUserTicket": request.ticket}],
            "VerifyContent": "",
            "SceneListCount": 1,
            "SceneList": [33],
            "skey": keys.skey,
        }
        with translated():
            answer = self._post("webwxverifyuser", params, body)
        _checked(answer)

    def fetch(self, media: Media) -> bytes:
        """The bytes of a file. Raises `AdapterError`."""
        keys = self._keys
        root, headers = keys.url, {}
        params = {"msgid": media.id, "skey": keys.skey}
        if media.page == "webwxgetvideo":
            headers = {"Range": "bytes=0-"}
        elif media.page == "webwxgetmedia":
            root = keys.file_url
            params = {
                "sender": media.sender,
                "mediaid": media.id,
                "filename": media.name,
                "fromuser": keys.uin,
                "pass_ticket": "undefined",
                "webwx_data_ticket": self._cookie("webwx_data_ticket"),
            }
        url = f"{root}/{media.page}"
        with translated(), self._http.get(url, params=params, headers=headers, stream=True) as page:
            data = _read(page)
        if not data:
            raise Rejected("WeChat has the file no more")
        return data

    def _cookie(self, name: str) -> str:
        return next((cookie.value for cookie in self.cookies if cookie.name == name), "")

    def _sent(self, send: Callable[[], Any]) -> str:
        with translated():
            answer = send()
        raw = _checked(answer)
        return f"{raw.get('MsgID') or ''}:{raw.get('LocalID') or ''}"


def _checked(answer: Any) -> RawSent:
    with translated():
        raw = SENT.validate_python(dict(answer))
    check_sending(raw["BaseResponse"]["Ret"])
    return raw


def _read(page: requests.Response) -> bytes:
    data, until = bytearray(), time.monotonic() + _DOWNLOAD_SECONDS
    for block in page.iter_content(_BLOCK):
        data += block
        if len(data) > LARGEST_FILE:
            raise Rejected("the file is too large")
        if time.monotonic() > until:
            raise NetworkError("the file comes too slowly")
    return bytes(data)
