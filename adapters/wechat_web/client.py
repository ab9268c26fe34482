"""WeChat's web protocol as itchat-uos speaks it: the only file that knows that library.

Of the library we use what it is good at: codes and what became of them, the desktop client's headers
without which most accounts are turned away, uploads, messages of every kind. Its loop, list of contacts,
login file and retries are not used: the loop takes any trouble for the end, the list forgets no name that is
taken back, the file is a pickle. So what they ask is asked by us, with the library's session and keys.

itchat-uos has one address for the process, `itchat.config.BASE_URL`; it is left alone, and each client's own
`Transport` puts another in its place. Its log tells of people and keys, and is shut.
"""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

from adapters.wechat_web.session import Cookie, Keys, Session
from adapters.wechat_web.transport import Jar, Transport
from gateway.http import dumps, loads

with redirect_stdout(io.StringIO()):  # it tries a block on the terminal when it is imported
    from itchat import config
    from itchat.core import Core

# Both write addresses with keys in them.
logging.getLogger("itchat").disabled = True
logging.getLogger("urllib3").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where WeChat is: its address, a proxy on the way, and how many seconds it may leave a read waiting."""

    root: str
    proxy: str | None
    silence: float


class Client:
    """One login, or one to be. Every call blocks, and they are made one at a time; `cut` is for anybody."""

    def __init__(
        self, endpoint: Endpoint, session: Session | None = None, beside: Client | None = None
    ) -> None:
        """A client that is logged in with *session*, if given; it shares the cookies of client *beside*."""
        self._jar: Jar = beside._jar if beside is not None else Jar()
        self._http = Transport(endpoint.root, config.BASE_URL, endpoint.proxy, endpoint.silence, self._jar)
        self._http.headers["User-Agent"] = config.USER_AGENT
        self._core: Any = Core()
        self._core.s.close()
        self._core.s = self._http
        if session is not None:
            self._take_over(session)
        if session is not None and beside is None:
            for cookie in session.cookies:
                self._jar.set(cookie.name, cookie.value, domain=cookie.domain, path=cookie.path)

    @property
    def cookies(self) -> tuple[Cookie, ...]:
        """The cookies, as a session keeps them."""
        return tuple(
            Cookie(cookie.name, cookie.value or "", cookie.domain, cookie.path)
            for cookie in self._jar.snapshot()
        )

    def cut(self) -> None:
        """Have the call that is being made fail now."""
        self._http.cut()

    def close(self) -> None:
        """Have every call fail from now on."""
        self._http.close()

    @property
    def _keys(self) -> Keys:
        login: Mapping[str, Any] = self._core.loginInfo
        return Keys(
            url=login["url"],
            file_url=login["fileUrl"],
            sync_url=login["syncUrl"],
            uin=str(login["wxuin"]),
            sid=login["wxsid"],
            skey=login["skey"],
            device=login["deviceid"],
            pass_ticket=login["pass_ticket"],
        )

    def _take_over(self, session: Session) -> None:
        keys = session.keys
        self._core.loginInfo = {
            "url": keys.url,
            "fileUrl": keys.file_url,
            "syncUrl": keys.sync_url,
            "wxuin": keys.uin,
            "wxsid": keys.sid,
            "skey": keys.skey,
            "deviceid": keys.device,
            "pass_ticket": keys.pass_ticket,
            "BaseRequest": {
                "Uin": keys.uin,
                "Sid": keys.sid,
                "Skey": keys.skey,
                "DeviceID": keys.device,
            },
        }
        self._core.storageClass.userName = session.user

    def _get(self, path: str, params: Mapping[str, object]) -> Any:
        """What a page answers, as JSON."""
        url = f"{self._core.loginInfo['url']}/{path}"
        return loads(self._http.get(url, params=_text(params)).content)

    def _post(self, path: str, params: Mapping[str, object], body: Mapping[str, object]) -> Any:
        """What a page answers to *body*, which is sent with the keys of the login."""
        url = f"{self._core.loginInfo['url']}/{path}"
        data = dumps({"BaseRequest": self._core.loginInfo["BaseRequest"], **body})
        headers = {"Content-Type": "application/json;charset=UTF-8"}
        return loads(self._http.post(url, params=_text(params), data=data, headers=headers).content)


def _text(params: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in params.items()}


def odd_time() -> int:
    """The number that WeChat's own pages send as ``r``, so that no cache answers in its place."""
    return int(-time.time() / 1579)
