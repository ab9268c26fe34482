"""AI cards: an answer that grows before people's eyes, and always comes to an end.

https://open.dingtalk.com/document/orgapp/typewriter-effect-streaming-ai-card
"""

from __future__ import annotations

import contextlib
import logging
import time
import uuid
from typing import Any

from adapters.dingtalk.api import Api
from adapters.dingtalk.begun import Begun
from adapters.dingtalk.errors import PermissionMissing
from adapters.dingtalk.limits import Limits
from adapters.dingtalk.options import DingTalkOptions
from adapters.dingtalk.outgoing import MAX_LENGTH, is_staff
from gateway import Chat, Receipt, Sender
from gateway.errors import AdapterError, NetworkError, RateLimited, Rejected

log = logging.getLogger(__name__)

_PREFIX = "card:"
_INPUTING, _FINISHED, _FAILED = "2", "3", "5"
# Seconds in which no card is tried after DingTalk said that the application may not.
_WITHOUT = 1800.0
_CREATE = "/v1.0/card/instances/createAndDeliver"
_UPDATE = "/v1.0/card/instances"
_STREAM = "/v1.0/card/streaming"


def card_of(receipt: Receipt) -> str:
    """The card that *receipt* stands for. Raises `Rejected`: it is a message, which stays as it is."""
    if not receipt.id.startswith(_PREFIX):
        raise Rejected("only a card can be changed")
    return receipt.id.removeprefix(_PREFIX)


class Cards:
    """The cards of one application. Every method raises `AdapterError`.

    An operator who has not given the permissions hears of it once, and people get messages instead.
    """

    def __init__(self, api: Api, limits: Limits, begun: Begun, options: DingTalkOptions) -> None:
        self._api = api
        self._begun = begun
        self._limits = limits
        self._template = options.card_template_id or ""
        self._key = options.card_key
        self._robot = options.robot
        self._without_until = 0.0

    async def begin(self, chat: Chat, staff_id: str, asker: Sender | None, text: str) -> Receipt:
        """A new card that shows *text* and is being written on. Raises `Rejected`: there can be none here."""
        self._check(text)
        if chat.kind == "private" and not staff_id:
            raise Rejected("cards reach people in the organisation only")
        self._limits.squeeze_card()
        card = uuid.uuid4().hex
        body = {
            "cardTemplateId": self._template,
            "outTrackId": card,
            "callbackType": "STREAM",
            "userIdType": 1,
            "cardData": {"cardParamMap": {self._key: text, "flowStatus": _INPUTING}},
            **self._space(chat, staff_id, asker),
        }
        await self._begun.add(card)
        try:
            _check_delivery(await self._call("POST", _CREATE, body))
        except NetworkError:
            # It may be there all the same, whatever was answered.
            await self._fail(card)
            raise
        except AdapterError:
            await self._begun.settle(card)
            raise
        return Receipt(_PREFIX + card)

    async def grow(self, card: str, text: str) -> None:
        """Show *text*, the answer so far. Raises `RateLimited` at once where there is no room."""
        await self._begun.settle(card)
        self._check(text)
        self._limits.squeeze_card()
        await self._write(card, text)

    async def finish(self, card: str, text: str) -> None:
        """Show *text* and let the card look finished. Raises `Rejected`: it must be sent another way."""
        await self._begun.settle(card)
        try:
            self._check(text)
            await self._limits.admit_card()
            # Nobody writes on a card that is finished already; its data can be changed all the same.
            with contextlib.suppress(Rejected, NetworkError):
                await self._write(card, text, last=True)
            await self._limits.admit_card()
            await self._change(card, {self._key: text, "flowStatus": _FINISHED})
        except Rejected:
            await self._fail(card)
            raise

    async def end_left(self) -> None:
        """End the cards that a crash left: whoever began them does not know of them."""
        for card in await self._begun.left():
            await self._fail(card)

    def _check(self, text: str) -> None:
        if time.monotonic() < self._without_until:
            raise Rejected("the application may not write cards")
        if len(text) > MAX_LENGTH:
            raise Rejected("too long for a card")

    async def _write(self, card: str, text: str, *, last: bool = False) -> None:
        body = {
            "outTrackId": card,
            "guid": uuid.uuid4().hex,
            "key": self._key,
            "content": text,
            "isFull": True,
            "isFinalize": last,
            "isError": False,
        }
        await self._call("PUT", _STREAM, body)

    async def _change(self, card: str, values: dict[str, str]) -> None:
        options = {"updateCardDataByKey": True}
        body = {"outTrackId": card, "cardData": {"cardParamMap": values}, "cardUpdateOptions": options}
        await self._call("PUT", _UPDATE, body)

    async def _fail(self, card: str) -> None:
        """Let no card look as if somebody were still writing on it; the text comes another way."""
        try:
            await self._change(card, {"flowStatus": _FAILED})
        except AdapterError as exc:
            log.info("a card cannot be ended: %s", exc)
            if exc.retryable:
                return
        await self._begun.settle(card)

    async def _call(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            return await self._api.call(method, path, body)
        except RateLimited as exc:
            self._limits.flood_cards(exc.retry_after or 0)
            raise
        except PermissionMissing as exc:
            if time.monotonic() >= self._without_until:
                log.warning("answers come as messages, not as cards, for half an hour: %s", exc)
            self._without_until = time.monotonic() + _WITHOUT
            raise Rejected(str(exc)) from exc

    def _space(self, chat: Chat, staff_id: str, asker: Sender | None) -> dict[str, Any]:
        """Where a card is shown, and whom it calls."""
        if chat.kind == "private":
            return {
                "openSpaceId": f"dtv1.card//IM_ROBOT.{staff_id}",
                "imRobotOpenSpaceModel": {"supportForward": True},
                "imRobotOpenDeliverModel": {"spaceType": "IM_ROBOT", "robotCode": self._robot},
            }
        called = {asker.id: asker.name or asker.id} if asker is not None and is_staff(asker.id) else {}
        return {
            "openSpaceId": f"dtv1.card//IM_GROUP.{chat.id}",
            "imGroupOpenSpaceModel": {"supportForward": True},
            "imGroupOpenDeliverModel": {
                "robotCode": self._robot,
                **({"atUserIds": called} if called else {}),
            },
        }


def _check_delivery(answer: dict[str, Any]) -> None:
    """Raises `Rejected`: the card was made, and is shown nowhere."""
    result = answer.get("result")
    deliveries = result.get("deliverResults") if isinstance(result, dict) else None
    for delivery in deliveries if isinstance(deliveries, list) else ():
        if isinstance(delivery, dict) and delivery.get("success") is False:
            raise Rejected(f"the card is not delivered: {delivery.get('errorMsg')}")
