"""AI cards: made, delivered, written on while people watch, and ended.

https://open.dingtalk.com/document/orgapp/typewriter-effect-streaming-ai-card
"""

from __future__ import annotations

from typing import Any, Protocol

from .refusals import Refusal, refused
from .world import Card, Json, Robot, Room, World

STATES = {"1": "PROCESSING", "2": "INPUTING", "3": "FINISHED", "4": "EXECUTING", "5": "FAILED"}
ENDED = ("FINISHED", "FAILED")
_SPACES = {"imGroupOpenSpaceModel": "IM_GROUP", "imRobotOpenSpaceModel": "IM_ROBOT"}
_TEXTS = ("content", "msgContent", "markdown", "staticMsgContent")


class CardCall(Protocol):
    """What is read of a call here."""

    params: Json

    @property
    def app(self) -> Robot: ...


def create(world: World, call: CardCall) -> Json:
    """Make a card that nobody sees yet."""
    return {"success": True, "result": _create(world, call).id}


def deliver(world: World, call: CardCall) -> Json:
    """Show a card in the conversations that openSpaceId names; each says in a 200 whether it did."""
    return {"success": True, "result": _deliver(world, _card(world, call), call)}


def create_and_deliver(world: World, call: CardCall) -> Json:
    """Make a card and show it."""
    card = _create(world, call)
    results = _deliver(world, card, call)
    return {"success": True, "result": {"outTrackId": card.id, "deliverResults": results}}


def update(world: World, call: CardCall) -> Json:
    """Replace a card's data, as a whole or the given keys."""
    card = _card(world, call)
    params = _params(call)
    options = call.params.get("cardUpdateOptions") or {}
    card.params = {**card.params, **params} if options.get("updateCardDataByKey") else params
    card.state = STATES.get(params.get("flowStatus", ""), card.state)
    _note(world, card)
    return {"success": True, "result": True}


def stream(world: World, call: CardCall) -> Json:
    """Write on a card. The first writing makes it INPUTING, isFinalize FINISHED, isError FAILED."""
    key, content = call.params.get("key"), call.params.get("content")
    if not call.params.get("guid"):
        raise _wrong("guid is mandatory")
    if not isinstance(key, str) or not isinstance(content, str):
        raise _wrong("key and content are mandatory")
    card = world.cards.get(str(call.params.get("outTrackId")))
    if card is None or card.robot is not call.app or not card.streams:
        raise refused("unknownError", "未知错误", 500)  # it does not say what is wrong
    if card.state in ENDED:
        raise _wrong(f"the card is {card.state}")
    card.key = key
    card.params[key] = content if call.params.get("isFull") else card.params.get(key, "") + content
    card.state = "INPUTING"
    if call.params.get("isFinalize"):
        card.state = "FINISHED"
    if call.params.get("isError"):
        card.state = "FAILED"
    _note(world, card)
    return {"success": True, "result": True}


def _create(world: World, call: CardCall) -> Card:
    number, template = call.params.get("outTrackId"), call.params.get("cardTemplateId")
    if not isinstance(number, str) or not number or not isinstance(template, str) or not template:
        raise _wrong("cardTemplateId and outTrackId are mandatory")
    if number in world.cards:
        raise _wrong("outTrackId is taken")
    params = _params(call)
    card = world.cards[number] = Card(
        id=number,
        robot=call.app,
        template=template,
        params=params,
        streams=call.params.get("callbackType") == "STREAM",
        spaces=frozenset(space for model, space in _SPACES.items() if call.params.get(model)),
        state=STATES.get(params.get("flowStatus", ""), "PROCESSING"),
    )
    return card


def _deliver(world: World, card: Card, call: CardCall) -> list[Json]:
    results = []
    for space in str(call.params.get("openSpaceId") or "").split(";"):
        kind, _, where = space.removeprefix("dtv1.card//").partition(".")
        why = _put(world, card, call.params, kind, where)
        result: Json = {"spaceType": kind, "spaceId": where, "success": not why, "errorMsg": why}
        results.append(result if why else {**result, "carrierId": world.mark("car")})
    return results


def _put(world: World, card: Card, params: Json, kind: str, where: str) -> str:
    """Show *card* in one space; why not, in words, or ""."""
    model = params.get("imGroupOpenDeliverModel" if kind == "IM_GROUP" else "imRobotOpenDeliverModel")
    if kind not in card.spaces or not isinstance(model, dict):
        return "spaces of card is empty"
    room = _room(world, card, kind, where)
    if room is None or (kind == "IM_GROUP" and model.get("robotCode") != card.robot.code):
        return "robot is not a member of the group" if kind == "IM_GROUP" else "spaces of card is empty"
    card.at = tuple(model.get("atUserIds") or ())
    card.room = room
    if card.text:
        card.history.append(card.text)
    world.show(room, card)
    return ""


def _room(world: World, card: Card, kind: str, where: str) -> Room | None:
    if kind == "IM_ROBOT":
        user = world.staff(where)
        return world.private(user, card.robot) if user else None
    room = world.rooms.get(where)
    return room if room is not None and not room.private and card.robot in room.robots else None


def _card(world: World, call: CardCall) -> Card:
    card = world.cards.get(str(call.params.get("outTrackId")))
    if card is None or card.robot is not call.app:
        raise _wrong("card instance is not exist")
    return card


def _params(call: CardCall) -> dict[str, str]:
    data: Any = call.params.get("cardData")
    params = data.get("cardParamMap") if isinstance(data, dict) else None
    if not isinstance(params, dict):
        raise _wrong("cardData.cardParamMap is mandatory")
    if not all(isinstance(value, str) for value in params.values()):
        raise _wrong("cardParamMap: every value must be a string")
    return dict(params)


def _note(world: World, card: Card) -> None:
    if card.key not in card.params:
        card.key = next((key for key in _TEXTS if card.params.get(key)), card.key)
    if not card.history or card.history[-1] != card.text:
        card.history.append(card.text)
    world.changed()


def _wrong(words: str) -> Refusal:
    return refused("param.invalid", words)
