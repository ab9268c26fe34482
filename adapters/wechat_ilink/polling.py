"""Messages by long polling: made durable, and then confirmed by the next poll."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any, TypeVar

import orjson

from adapters.wechat_ilink.api import Api
from adapters.wechat_ilink.errors import SessionExpired
from adapters.wechat_ilink.intake import Intake
from adapters.wechat_ilink.session import NotLoggedIn, Session, Sessions
from gateway import Host
from gateway.errors import AdapterError, GatewayError, InboxError, NetworkError, StoreError
from gateway.health import Health, growing_pauses
from gateway.http import NoAnswer

log = logging.getLogger(__name__)

T = TypeVar("T")

# How long WeChat keeps a poll open unless it says otherwise, and what of its word is believed (seconds).
_HOLD = 35.0
_SHORTEST, _LONGEST = 0.1, 120.0


class Polling:
    """The polls of one session, whose cursor and messages are kept together.

    A batch that was handed out is not given up, whatever becomes of the session: WeChat may not have it
    any more. https://github.com/Tencent/openclaw-weixin/issues/164
    """

    def __init__(
        self, api: Api, sessions: Sessions, session: Session, host: Host, intake: Intake, health: Health
    ) -> None:
        self._api = api
        self._sessions = sessions
        self._session = session
        self._host = host
        self._intake = intake
        self._health = health
        self._buf = ""
        self._hold = _HOLD
        self._proven = False  # something was answered since the last trouble

    async def run(self) -> None:
        """Hand over messages until the session is over."""
        await self._health.trying(self._load)
        pauses = growing_pauses()
        while self._sessions.current == self._session:
            try:
                await self._turn()
            except (SessionExpired, NotLoggedIn):
                return
            except NoAnswer:
                self._proven = False  # usual, but of a dead line too
            except GatewayError as exc:
                self._proven = False
                await self._health.recover(_passing(exc), pauses)
            else:
                pauses = growing_pauses()

    async def _turn(self) -> None:
        if not self._proven:
            await self._say_that_we_listen()
        within = self._hold + max(1.0, self._hold / 5)
        answer = await self._unless_ended(self._api.get_updates(self._buf, within))
        hint = answer.get("longpolling_timeout_ms")
        if isinstance(hint, int) and hint > 0:
            self._hold = min(max(hint / 1000, _SHORTEST), _LONGEST)
        self._proven = True
        self._health.up()
        await self._hand_over(answer)

    async def _say_that_we_listen(self) -> None:
        """It also tells at once, not when somebody writes, whether WeChat is there."""
        try:
            await self._unless_ended(self._api.notify("start"))
        except (SessionExpired, NotLoggedIn, NetworkError, StoreError):
            raise
        except AdapterError as exc:
            log.info("WeChat does not want to know that we listen: %s", exc)
        else:
            self._proven = True
            self._health.up()

    async def _hand_over(self, answer: dict[str, Any]) -> None:
        messages, buf = answer.get("msgs"), answer.get("get_updates_buf")
        messages = messages if isinstance(messages, list) else []
        moved = isinstance(buf, str) and buf not in ("", self._buf)
        if not messages and not moved:
            return
        following = str(buf) if moved else self._buf
        cursor = self._cursor(following) if moved else None
        await self._health.trying(lambda: self._intake.take(messages, cursor))
        self._health.up()
        self._buf = following

    async def _unless_ended(self, call: Awaitable[T]) -> T:
        """What *call* gives, unless another call finds first that the session is over."""
        calling = asyncio.ensure_future(call)
        ended = asyncio.ensure_future(self._sessions.ended.wait())
        try:
            await asyncio.wait((calling, ended), return_when=asyncio.FIRST_COMPLETED)
            if not calling.done():
                raise NotLoggedIn("the session is over")
            return calling.result()
        finally:
            for task in (calling, ended):
                task.cancel()
            await asyncio.gather(calling, ended, return_exceptions=True)

    async def _load(self) -> None:
        saved = await self._host.load("cursor")
        try:
            cursor = orjson.loads(saved) if saved else {}
            if cursor.get("session") == self._session.id:
                self._buf = str(cursor["buf"])
        except (ValueError, KeyError, TypeError, AttributeError):
            log.warning("%s: the saved cursor is unreadable: starting without", self._host.name)

    def _cursor(self, buf: str) -> str:
        return orjson.dumps({"session": self._session.id, "buf": buf}).decode()


def _passing(exc: GatewayError) -> GatewayError:
    """*exc*, as one that another poll may mend: only the end of the session is final."""
    if exc.retryable or isinstance(exc, (InboxError, StoreError)):
        return exc
    return NetworkError(f"polling is refused: {exc}")
