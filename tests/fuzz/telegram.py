"""Telegram: updates, answers of the Bot API, what is kept."""

from __future__ import annotations

from typing import Any

from adapters.telegram import albums, webhook
from adapters.telegram.bot import Bot
from adapters.telegram.parse import Account
from adapters.telegram.polling import Polling
from adapters.telegram.request import Request
from gateway.errors import AdapterError
from gateway.health import Health
from gateway.http import loads

from .stage import Host, drive, receive, settle
from .target import Target, decoded

ME = Account("channel", 7, "gateway_bot")
ANN = {"id": 1, "is_bot": False, "first_name": "Ann", "last_name": "Lee", "language_code": "de"}
US = {"id": 7, "is_bot": True, "first_name": "Gateway", "username": "gateway_bot"}
PRIVATE = {"id": 1, "type": "private", "first_name": "Ann"}
GROUP = {"id": -100123, "type": "supergroup", "title": "Friends"}
PHOTO = [
    {"file_id": "small", "file_unique_id": "s", "width": 90, "height": 67, "file_size": 1253},
    {"file_id": "large", "file_unique_id": "l", "width": 800, "height": 600, "file_size": 101_353},
]
VIDEO = {"file_id": "v", "duration": 3, "width": 640, "height": 480, "mime_type": "video/mp4", "file_size": 9}
PLACE = {"latitude": 48.1, "longitude": 11.5}


def _message(chat: dict[str, Any] = GROUP, **fields: Any) -> dict[str, Any]:
    return {"message_id": 5, "date": 1_700_000_000, "chat": chat, "from": ANN, **fields}


def _update(**fields: Any) -> dict[str, Any]:
    return {"update_id": 731_204_817, **fields}


_REPLIED = _message(text="an answer 😀", **{"from": US})
_ENTITIES = [
    {"type": "mention", "offset": 0, "length": 12},
    {"type": "bold", "offset": 13, "length": 2},
    {"type": "text_mention", "offset": 16, "length": 3, "user": ANN},
    {"type": "bot_command", "offset": 20, "length": 8},
]
UPDATES: list[Any] = [
    _update(message=_message(PRIVATE, text="hello")),
    _update(message=_message(text="@gateway_bot 😀 Ann /ask@bot why", entities=_ENTITIES)),
    _update(message=_message(text="why?", reply_to_message=_REPLIED, quote={"text": "an", "position": 0})),
    _update(edited_message=_message(text="better", edit_date=1_700_000_060)),
    _update(
        message=_message(
            caption="look @gateway_bot", photo=PHOTO, media_group_id="77", caption_entities=_ENTITIES
        )
    ),
    _update(
        message=_message(voice={"file_id": "o", "duration": 3, "mime_type": "audio/ogg", "file_size": 900})
    ),
    _update(message=_message(animation=VIDEO, document=VIDEO)),
    _update(message=_message(sticker={"file_id": "s", "emoji": "👍", "width": 512, "height": 512})),
    _update(
        message=_message(venue={"location": PLACE, "title": "Café", "address": "1 Main St"}, location=PLACE)
    ),
    _update(message=_message(contact={"phone_number": "+49", "first_name": "Bo", "last_name": "Ek"})),
    _update(message=_message(poll={"question": "Which?", "options": [{"text": "a"}, {"text": "b"}]})),
    _update(message=_message(dice={"emoji": "🎲", "value": 6})),
    _update(message=_message(migrate_to_chat_id=-100_450_359_962)),
    _update(message=_message(text="hi", sender_chat=GROUP, message_thread_id=42, is_topic_message=True)),
    _update(message=_message(story={"chat": GROUP, "id": 1})),
]
ANSWERS: list[Any] = [
    {"ok": True, "result": UPDATES[:3]},
    {"ok": True, "result": [UPDATES[4]]},
    {"ok": True, "result": {"id": 7, "is_bot": True, "username": "gateway_bot"}},
    {"ok": True, "result": {"file_id": "f", "file_path": "documents/file_1.pdf"}},
    {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 7}},
    {"ok": False, "error_code": 400, "description": "x", "parameters": {"migrate_to_chat_id": -1001}},
    {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"},
    {"ok": False, "error_code": 409, "description": "Conflict: terminated by other getUpdates request"},
]


class _Answered(Request):
    """A pool whose every request is answered with `data`."""

    data = b""

    async def initialize(self) -> None: ...

    async def _exchange(self, *_: object) -> tuple[int, bytes]:
        statuses = (200, 200, 200, 400, 403, 404, 409, 429, 500, 502)
        return statuses[len(self.data) % len(statuses)], self.data


_POOL = _Answered(None)
_BOT = Bot("12345:SECRET", "https://api.telegram.org", _POOL, _POOL)


def _updates(data: bytes) -> None:
    update = loads(data)
    drive(receive(albums.events([update, update], ME)))
    albums.split([update], frozenset())


def _poll(data: bytes) -> None:
    _POOL.data = data
    polling = Polling(_BOT, _POOL, Host(), ME, 1)  # type: ignore[arg-type]
    polling._waited = frozenset({"77"})
    settle(polling._turn(receive))


def _call(data: bytes) -> None:
    _POOL.data = data
    drive(_BOT.call("sendMessage", {"chat_id": 1}))


def _post(data: bytes) -> None:
    """A webhook's update that waits for the rest of its album, and another one in the same chat."""
    update = loads(data)
    hook = webhook.Webhook("secret", Host(), ME, receive, Health(Host()))  # type: ignore[arg-type]
    for each in (update, update, UPDATES[0]):
        drive(hook._take(each))


def _kept(data: bytes) -> None:
    host: Any = Host(decoded(data))
    drive(Polling(_BOT, _POOL, host, ME, 1)._load())


def _kept_albums(data: bytes) -> None:
    host: Any = Host(decoded(data))
    drive(webhook.hand_over_kept(host, ME, receive))


_WORDS = (
    "@gateway_bot",
    "/ask@gateway_bot",
    "mention",
    "bot_command",
    "text_mention",
    "private",
    "supergroup",
    "77",
)
TARGETS = (
    Target("telegram updates", _updates, UPDATES, allowed=(ValueError,), words=_WORDS),
    Target("telegram webhook", _post, UPDATES, allowed=(ValueError,), words=_WORDS),
    Target("telegram polls", _poll, ANSWERS[:2], allowed=(AdapterError,), words=_WORDS),
    Target("telegram answers", _call, ANSWERS, allowed=(AdapterError,), words=_WORDS),
    Target("telegram cursor", _kept, [{"bot": 7, "offset": 731_204_817}]),
    Target("telegram albums", _kept_albums, [UPDATES[4:6], []], words=_WORDS),
)
