"""Logging in: a code that somebody scans, and everything that WeChat may want before it gives a session.

https://github.com/Tencent/openclaw-weixin/blob/main/docs/protocol.md#qr-code-login
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from dataclasses import dataclass
from typing import Any

from adapters.wechat_ilink.addresses import moved
from adapters.wechat_ilink.api import Api
from adapters.wechat_ilink.session import Session
from gateway import ChannelState, Host
from gateway.errors import AdapterError, AuthError, OutcomeUnknown, Rejected

log = logging.getLogger(__name__)

# A question about a code is answered when something happened, or after about this long (seconds).
_HOLD = 40.0
# Between two questions whose answers are the same, and between two codes.
_PAUSE = 1.0
# A code that somebody scanned is waited for so long.
_SCANNED_SECONDS = 480.0
_ENDED = ("expired", "verify_code_blocked")


@dataclass(slots=True)
class _Code:
    """A code that is shown: where it is asked about, until when, and what was heard of it."""

    id: str
    root: str
    until: float
    status: str = "wait"
    scanned: bool = False
    digits: str = ""


class QrLogin:
    """Has codes scanned at *root*, each shown for *code_seconds* while nobody has scanned it."""

    def __init__(self, host: Host, api: Api, root: str, code_seconds: float) -> None:
        self._host = host
        self._api = api
        self._root = root
        self._code_seconds = code_seconds

    async def run(self, state: ChannelState, known: Session | None) -> Session:
        """A session, once somebody has scanned a code and confirmed.

        *state* is why it is wanted. *known* is the one that we have, if it may still be good: where it is
        that of whoever scans, it is returned. Raises `AdapterError`.
        """
        try:
            while True:
                began = _now()
                session = await self._follow(await self._show(state, known), known)
                if session is not None:
                    return session
                await asyncio.sleep(max(0.0, began + _PAUSE - _now()))
        finally:
            self._host.login.done()

    async def _show(self, state: ChannelState, known: Session | None) -> _Code:
        answer = await self._api.new_code(self._root, known)
        id, text = answer.get("qrcode"), answer.get("qrcode_img_content")
        if not isinstance(id, str) or not isinstance(text, str) or not (id and text):
            raise OutcomeUnknown("no code in the answer")
        self._host.report(state)
        self._host.login.show(text, self._code_seconds)
        return _Code(id, self._root, _now() + self._code_seconds)

    async def _follow(self, code: _Code, known: Session | None) -> Session | None:
        """The session that came of *code*; None where another code is needed."""
        while (left := code.until - _now()) > 0:
            asked = _now()
            answer = await self._ask(code, min(left, _HOLD))
            status = answer.get("status", "wait")
            if status in _ENDED:
                return None
            if status == "confirmed":
                return _session(answer, code.root)
            if status == "binded_redirect":
                return _bound(known)
            if not await self._heed(code, status, answer):
                await asyncio.sleep(max(0.0, asked + _PAUSE - _now()))
        return None

    async def _ask(self, code: _Code, within: float) -> dict[str, Any]:
        """What became of *code*; nothing, where no answer comes."""
        try:
            return await self._api.code_status(code.root, code.id, code.digits, within)
        except AdapterError as exc:
            log.debug("what became of the code is not known: %s", exc)
            return {}

    async def _heed(self, code: _Code, status: Any, answer: dict[str, Any]) -> bool:
        """Do what *status* asks for; false where there is nothing to do. Raises `Rejected`."""
        if status == "need_verifycode":
            self._scanned(code)
            await self._ask_digits(code)
            return True
        if status == "scaned_but_redirect" and answer.get("redirect_host"):
            code.root = moved(self._root, str(answer["redirect_host"]))
            self._scanned(code)
            return True
        if status == "scaned":
            code.digits = ""
            self._host.login.scanned()
            self._scanned(code)
        before, code.status = code.status, str(status)
        return before != code.status

    async def _ask_digits(self, code: _Code) -> None:
        """Have the digits typed that the phone shows; those of before were the wrong ones."""
        try:
            async with asyncio.timeout(max(0.0, code.until - _now())):
                code.digits = (await self._host.login.digits(wrong=bool(code.digits))).strip()
        except TimeoutError:
            log.info("nobody typed the digits: another code is shown")

    def _scanned(self, code: _Code) -> None:
        """Nobody shall have to scan again what they have scanned."""
        if not code.scanned:
            code.scanned = True
            code.until = _now() + _SCANNED_SECONDS


def _session(answer: dict[str, Any], root: str) -> Session:
    token, bot = answer.get("bot_token"), answer.get("ilink_bot_id")
    if not isinstance(token, str) or not isinstance(bot, str) or not (token and bot):
        raise Rejected("WeChat confirmed the login, but gave no token: scan again")
    base, user = answer.get("baseurl"), answer.get("ilink_user_id")
    address = moved(root, base) if isinstance(base, str) and base else root
    return Session(uuid.uuid4().hex, token, address, bot, user if isinstance(user, str) else "")


def _bound(known: Session | None) -> Session:
    if known is None:
        raise AuthError(
            "WeChat says that this account is connected to this gateway already, but that login is not here:"
            " bring back the data folder that has it, or connect the account elsewhere first and then here"
        )
    return known


def _now() -> float:
    return asyncio.get_running_loop().time()
