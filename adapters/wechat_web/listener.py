"""What is asked of WeChat while we listen: whether there is something new, what, and from whom. It blocks."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from http.client import BadStatusLine, RemoteDisconnected
from typing import Any

import requests

from adapters.wechat_web.client import Client
from adapters.wechat_web.errors import check_listening, translated
from adapters.wechat_web.payloads import CONTACTS, SYNC, RawContacts, RawKey, RawSync
from gateway.errors import NetworkError

_CHECKED = re.compile(r'window\.synccheck=\{retcode:"(-?\d{1,9})",selector:"(-?\d{1,9})"\}')
_AT_ONCE = 50  # contacts that may be asked for together
_MOST_PAGES = 200  # of contacts


class Listener(Client):
    """The client that waits for news."""

    def wait(self, check_key: str) -> bool:
        """Wait until there is something new after *check_key*, half a minute at most; whether there is.

        Raises `AdapterError`.
        """
        keys, now = self._keys, int(time.time() * 1000)
        params = {
            "r": str(now),
            "skey": keys.skey,
            "sid": keys.sid,
            "uin": keys.uin,
            "deviceid": keys.device,
            "synckey": check_key,
            "_": str(now),
        }
        with translated():
            try:
                answer = self._http.get(f"{keys.sync_url}/synccheck", params=params).text
            except requests.ConnectionError as exc:
                if _is_odd_answer(exc):
                    return True
                raise
        checked = _CHECKED.search(answer)
        if checked is None:
            raise NetworkError("WeChat does not say whether there is something new")
        check_listening(int(checked[1]))
        return checked[2] != "0"

    def sync(self, key: RawKey) -> RawSync:
        """What is new after *key*. Raises `AdapterError`."""
        keys = self._keys
        params = {"sid": keys.sid, "skey": keys.skey, "pass_ticket": keys.pass_ticket}
        body = {"SyncKey": key, "rr": ~int(time.time())}
        with translated():
            raw = SYNC.validate_python(self._post("webwxsync", params, body))
        check_listening(raw["BaseResponse"]["Ret"])
        return raw

    def contacts(self) -> list[Any]:
        """The list of contacts: friends, official accounts, groups that are saved. Raises `AdapterError`."""
        found: list[Any] = []
        seq = 0
        for _ in range(_MOST_PAGES):
            params = {"r": int(time.time()), "seq": seq, "skey": self._keys.skey}
            with translated():
                raw = CONTACTS.validate_python(self._get("webwxgetcontact", params))
            check_listening(raw["BaseResponse"]["Ret"])
            found += raw.get("MemberList") or ()
            seq = raw.get("Seq") or 0
            if not seq:
                break
        return found

    def details(self, users: Sequence[str]) -> list[Any]:
        """All that WeChat says of some contacts: the members of groups, too. Raises `AdapterError`."""
        return [contact for part in _parts(users) for contact in self._details(part).get("ContactList") or ()]

    def _details(self, users: Sequence[str]) -> RawContacts:
        params = {"type": "ex", "r": int(time.time()), "pass_ticket": self._keys.pass_ticket}
        asked = [{"UserName": user, "ChatRoomId": ""} for user in users]
        with translated():
            answer = self._post("webwxbatchgetcontact", params, {"Count": len(asked), "List": asked})
            raw = CONTACTS.validate_python(answer)
        check_listening(raw["BaseResponse"]["Ret"])
        return raw


def _parts(users: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(users), _AT_ONCE):
        yield users[start : start + _AT_ONCE]


def _is_odd_answer(exc: requests.ConnectionError) -> bool:
    """Whether synccheck answered without a status line, as it does now and then where there is news."""
    cause = exc.args[0] if exc.args else None
    reason = cause.args[1] if isinstance(cause, Exception) and len(cause.args) > 1 else None
    return isinstance(reason, BadStatusLine) and not isinstance(reason, RemoteDisconnected)
