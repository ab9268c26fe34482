"""A web client that speaks the raw protocol, as one for UOS does."""

from __future__ import annotations

import hashlib
import re
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson

from .codes import APP
from .render import BASE
from .server import WeChatServer
from .world import Account, Json

REDIRECT = "https://wx.qq.com/cgi-bin/mmwebwx-bin/webwxnewloginpage?mod=desktop"
DESKTOP = {
    "client-version": "2.0.0",
    "extspam": "Gp8ICJkIEpkICggwMDAwMDAwMRAGGoAI1GiJSIpeO1RZTq9QBKsRbPJdi84ropi16EYI10WB6g74",
    "referer": "https://wx.qq.com/?&lang=zh_CN&target=t",
}
DEVICE = "e123456789012345"


class RawClient:
    """The calls of one login; an async context manager."""

    def __init__(self, server: WeChatServer) -> None:
        self.server = server
        self.user_name = ""
        self.sync_key: Json = {}
        self.check_key: Json = {}
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True, quote_cookie=False))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies it has now."""
        return {cookie.key: cookie.value for cookie in self._session.cookie_jar}

    @property
    def base(self) -> Json:
        """Its BaseRequest."""
        cookies = self.cookies
        return {"Uin": cookies["wxuin"], "Sid": cookies["wxsid"], "Skey": "", "DeviceID": DEVICE}

    def forget(self, *names: str) -> None:
        """Lose cookies, all where none is named."""
        self._session.cookie_jar.clear(lambda cookie: not names or cookie.key in names)

    async def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> str:
        """The body of the answer to a GET."""
        return (await self.fetch(path, headers, **query)).decode()

    async def fetch(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> bytes:
        """The same as bytes."""
        path = path if path.startswith("/") else BASE + path
        url = self.server.root + path
        async with self._session.get(url, params=query, headers=headers, allow_redirects=False) as answer:
            return await answer.read()

    async def post(self, name: str, body: Any = None, **query: Any) -> Json:
        """The answer to a POST; what is no form gets the BaseRequest."""
        if isinstance(body, dict):
            body = orjson.dumps({"BaseRequest": self.base, **body})
        url = f"{self.server.root}{BASE}{name}"
        async with self._session.post(url, data=body, params=query) as answer:
            found: Json = orjson.loads(await answer.read())
            return found

    async def ret(self, name: str, body: Any = None, **query: Any) -> int:
        """The number in the answer to a POST."""
        answer = await self.post(name, body, **query)
        return int(answer["BaseResponse"]["Ret"])

    async def uuid(self, redirect: str = REDIRECT) -> str:
        """A new code."""
        text = await self.get("/jslogin", appid=APP, fun="new", lang="zh_CN", redirect_uri=redirect)
        found = re.search(r'window.QRLogin.code = 200; window.QRLogin.uuid = "(\S+?)";', text)
        assert found, text
        return found[1]

    async def status(self, uuid: str) -> tuple[int, str]:
        """What became of a code, and where to go then."""
        text = await self.get("login", loginicon="true", uuid=uuid, tip="1", r="1", _="1")
        code = re.search(r"window.code=(\d+)", text)
        where = re.search(r'window.redirect_uri="(\S+)";', text)
        assert code, text
        return int(code[1]), where[1].removeprefix(self.server.root) if where else ""

    async def enter(self, account: Account | None = None, headers: dict[str, str] | None = None) -> str:
        """Have the phone say yes; the login page."""
        uuid = await self.uuid()
        self.server.scan(uuid, account)
        self.server.confirm(account)
        _, where = await self.status(uuid)
        return await self.get(where, DESKTOP if headers is None else headers)

    async def log_in(self, account: Account | None = None) -> Json:
        """Log in; the answer of webwxinit."""
        await self.enter(account)
        return await self.init()

    async def init(self) -> Json:
        """The first view."""
        first = await self.post("webwxinit", {})
        self.user_name = first["User"]["UserName"]
        self.sync_key = self.check_key = first["SyncKey"]
        return first

    async def check(self, key: Json | None = None, **changes: str) -> tuple[int, int]:
        """retcode and selector of a check."""
        base = self.base
        query = {"r": "1", "skey": "", "sid": base["Sid"], "uin": base["Uin"], "deviceid": DEVICE, "_": "1"}
        key = key or self.check_key
        query["synckey"] = "|".join(f"{one['Key']}_{one['Val']}" for one in key["List"])
        text = await self.get("synccheck", **{**query, **changes})
        found = re.fullmatch(r'window.synccheck={retcode:"(\d+)",selector:"(\d+)"}', text)
        assert found, text
        return int(found[1]), int(found[2])

    async def sync(self, key: Json | None = None) -> Json:
        """The news; the keys move on where none was given."""
        answer = await self.post("webwxsync", {"SyncKey": key or self.sync_key, "rr": -1})
        if not answer["BaseResponse"]["Ret"] and key is None:
            self.sync_key, self.check_key = answer["SyncKey"], answer["SyncCheckKey"]
        return answer

    async def heard(self, key: Json | None = None) -> list[str]:
        """The texts of the messages that are new, without those about status."""
        return [one["Content"] for one in (await self.sync(key))["AddMsgList"] if one["MsgType"] != 51]

    async def send(self, to: str, text: str, **changes: Any) -> Json:
        """Send a text."""
        said = {"Type": 1, "Content": text, "FromUserName": self.user_name, "ToUserName": to}
        said |= {"LocalID": 17, "ClientMsgId": 17, **changes}
        return await self.post("webwxsendmsg", {"Msg": said, "Scene": 0})

    async def upload(
        self, content: bytes, *, kind: str = "doc", chunk: int = 512 << 10, **changes: Any
    ) -> Json:
        """Upload a file; the answer to its last chunk."""
        request = {
            "UploadType": 2,
            "BaseRequest": self.base,
            "ClientMediaId": len(self.server.calls),
            "TotalLen": len(content),
            "FileMd5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
            **changes,
        }
        parts = [content[at : at + chunk] for at in range(0, len(content), chunk)]
        answer: Json = {}
        for number, part in enumerate(parts):
            form = aiohttp.FormData()
            fields = {"id": "WU_FILE_0", "name": "a.bin", "size": str(len(content)), "mediatype": kind}
            fields |= {"chunk": str(number), "chunks": str(len(parts))} if len(parts) > 1 else {}
            fields |= {"uploadmediarequest": orjson.dumps(request).decode(), "pass_ticket": DEVICE}
            fields["webwx_data_ticket"] = self.cookies["webwx_data_ticket"]
            for name, value in fields.items():
                form.add_field(name, value)
            form.add_field("filename", part, filename="a.bin", content_type="application/octet-stream")
            answer = await self.post("webwxuploadmedia", form, f="json")
        return answer
