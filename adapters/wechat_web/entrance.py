"""What a login asks of WeChat: a code, what became of it, and then who we are. Everything here blocks."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import requests

from adapters.wechat_web.client import Client, odd_time
from adapters.wechat_web.errors import Restricted, SessionLost, check_listening, translated
from adapters.wechat_web.names import readable
from adapters.wechat_web.payloads import INIT, RawInit
from adapters.wechat_web.session import Session, joined
from gateway.errors import AdapterError, NetworkError

_SAID = re.compile(r"<message>(.+?)</message>", re.DOTALL)
_LONGEST_TEXT = 200  # characters of WeChat's own words in an error


class Fate(StrEnum):
    """What became of a code."""

    WAITING = "408"
    SCANNED = "201"
    CONFIRMED = "200"
    OVER = "400"


@dataclass(frozen=True, slots=True)
class Entered:
    """A login that has just begun, and those whom WeChat shows first: the newest chats."""

    session: Session
    contacts: tuple[Any, ...]


class Entrance(Client):
    """A client that is not logged in yet."""

    _begun: Entered | None = None

    def code(self) -> str:
        """A new code: its id, with which the login can be taken over. Raises `AdapterError`."""
        with translated():
            uuid = self._core.get_QRuuid()
        if not isinstance(uuid, str):
            raise NetworkError("WeChat gives out no code to scan")
        return uuid

    def fate(self, uuid: str) -> Fate:
        """What became of a code, once something did, or after half a minute. Raises `AdapterError`."""
        pages: list[requests.Response] = []
        self._http.hooks["response"] = [lambda page, **_: pages.append(page)]
        with translated():
            try:
                status = self._core.check_login(uuid)
            except KeyError as exc:
                # The cookies of a login, which the page gives to those alone who may log in.
                if exc.args[0] in ("wxsid", "wxuin"):
                    raise _kept_out(pages[-1].content.decode("utf-8", "replace")) from None
                raise
        return Fate(status) if status in list(Fate) else Fate.OVER

    def enter(self) -> Entered:
        """Begin the login that was confirmed. Raises `AdapterError`: it can be called again.

        WeChat is asked once where the news begin: a second answer would leave out what came since the first.
        """
        if self._begun is None:
            self._begun = self._begin()
        with translated():
            self._core.show_mobile_login()
        return self._begun

    def _begin(self) -> Entered:
        try:
            raw = self._init()
        except SessionLost:
            raise Restricted("") from None
        with translated():
            user, key = raw["User"], raw["SyncKey"]
            session = Session(
                keys=self._keys,
                user=user["UserName"],
                name=readable(user.get("NickName") or ""),
                key=key,
                check_key=joined(key),
                cookies=self.cookies,
                since=raw.get("SystemTime") or int(time.time()),
            )
        self._core.storageClass.userName = session.user
        return Entered(session, tuple(raw.get("ContactList") or ()))

    def _init(self) -> RawInit:
        params = {"r": odd_time(), "pass_ticket": self._keys.pass_ticket}
        with translated():
            raw = INIT.validate_python(self._post("webwxinit", params, {}))
        check_listening(raw["BaseResponse"]["Ret"])
        return raw


def _kept_out(page: str) -> AdapterError:
    """Why the login *page* gave us nothing; one that is not WeChat's is somebody's in between."""
    if "<error>" not in page:
        return NetworkError("the login page is not WeChat's")
    said = _SAID.search(page)
    return Restricted(" ".join(readable(said[1]).split())[:_LONGEST_TEXT] if said else "")
