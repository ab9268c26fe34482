"""The calls a bot makes with its token, each checking what the real server checks.

Every function takes the world and the call and returns the answer's JSON; it raises `Refusal`.
https://github.com/Tencent/openclaw-weixin/blob/main/docs/protocol.md#bot-api
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from .cdn import padded, upload_url
from .headers import bearer, check_base_info
from .outgoing import read
from .refusals import bad_argument, no_ticket, not_now, stale
from .world import TYPING_SECONDS, Bot, Json, Person, Talk, Upload, World

BATCH = 10
_HEX_32 = re.compile(r"[0-9a-f]{32}")
_IMAGE, _VIDEO, _FILE, _VOICE = 1, 2, 3, 4


@dataclass(slots=True)
class Call:
    """One request.

    `params`: query and body together; `root`: the host that was asked. `bot`: whose token it bears. `time`
    is `time.monotonic()`; `status` is None while it has no answer, `answer` is what it was told.
    """

    method: str
    path: str
    params: Json
    headers: dict[str, str]
    root: str
    time: float = field(default_factory=time.monotonic)
    status: int | None = None
    answer: Any = None
    bot: Bot | None = None


async def get_updates(world: World, bot: Bot, params: Json) -> Json:
    """The messages after get_updates_buf, which confirms all before; waits where there are none.

    An answer without messages has no get_updates_buf: who stores it as "" has lost the place.
    """
    buf = params.get("get_updates_buf")
    if not isinstance(buf, str):
        raise bad_argument("get_updates_buf is mandatory, a string")
    bot.confirmed = max(bot.confirmed, _position(bot, buf))
    bot.polls += 1
    poll = bot.polls
    world.changed()

    def ready() -> bool:
        return bot.dead or bot.polls != poll or bot.confirmed < len(bot.inbox)

    bot.waiting += 1
    try:
        await world.wait(ready, world.hold)
    finally:
        bot.waiting -= 1
    if bot.dead:
        raise stale()
    messages = bot.inbox[bot.confirmed :][:BATCH] if bot.polls == poll else []
    answer: Json = {"ret": 0, "msgs": messages, "longpolling_timeout_ms": int(world.hold * 1000)}
    if messages:
        end = bot.confirmed + len(messages)
        bot.handed = max(bot.handed, end)
        answer["get_updates_buf"] = _buf(bot, end)
        if world.forgetful:
            bot.confirmed = end
    return answer


def _buf(bot: Bot, position: int) -> str:
    return base64.b64encode(f"{bot.id} {position}".encode()).decode()


def _position(bot: Bot, buf: str) -> int:
    """How many messages *buf* confirms. Raises `Refusal`: it is no place in this session."""
    if not buf:
        return 0
    try:
        owner, _, position = base64.b64decode(buf, validate=True).decode().partition(" ")
    except ValueError:
        owner, position = "", ""
    if owner != bot.id or not position.isdigit() or int(position) > bot.handed:
        raise stale("get_updates_buf is of another session")
    return int(position)


def send_message(world: World, bot: Bot, params: Json) -> Json:
    """Show a person one message; WeChat gives its message_id only where it shows it."""
    message = params.get("msg")
    if not isinstance(message, dict):
        raise bad_argument("msg is mandatory")
    person = _person(world, message.get("to_user_id"))
    number = next(world.message_ids)
    sent = read(world, bot, message, number)
    talk = world.talk(bot, person)
    _permit(world, talk, sent.context_token)
    if _swallowed(world, person):
        return {"ret": 0}
    talk.shown.append(sent)
    talk.typing_until = 0.0
    world.changed()
    return {"ret": 0, "message_id": number}


def _swallowed(world: World, person: Person) -> bool:
    """Whether this message gets lost, counted down."""
    if person.id not in world.swallows:
        return False
    left = world.swallows[person.id]
    if left is not None:
        if left <= 1:
            del world.swallows[person.id]
        else:
            world.swallows[person.id] = left - 1
    return True


def _permit(world: World, talk: Talk, token: str) -> None:
    """Count one message against what may be sent. Raises `Refusal`."""
    limits, now = world.limits, time.monotonic()
    if limits.burst is not None:
        talk.recent = [at for at in talk.recent if now - at < limits.seconds]
        if now >= talk.blocked_until and len(talk.recent) >= limits.burst:
            talk.blocked_until = now + limits.blocked
        if now < talk.blocked_until:
            raise not_now("rate limited")
        talk.recent.append(now)
    newest = next(reversed(talk.tokens), "")
    if not token and limits.tokenless:
        token = newest
    if token not in talk.tokens or (limits.newest and token != newest):
        raise not_now("prepare failed")
    if limits.window is not None and now - talk.heard_at >= limits.window:
        raise not_now()
    if limits.budget is not None and talk.tokens[token] >= limits.budget:
        raise not_now()
    talk.tokens[token] += 1


def get_config(world: World, bot: Bot, params: Json) -> Json:
    """The ticket to show typing with; there is none before the person has written."""
    person = _person(world, params.get("ilink_user_id"))
    talk = world.talk(bot, person)
    token = params.get("context_token")
    if not talk.tokens or (token and token not in talk.tokens):
        raise no_ticket()
    talk.ticket = talk.ticket or base64.b64encode(world.mark("ticket").encode()).decode()
    return {"ret": 0, "typing_ticket": talk.ticket}


def send_typing(world: World, bot: Bot, params: Json) -> Json:
    """Show or hide that the bot is writing."""
    person = _person(world, params.get("ilink_user_id"))
    talk, status = world.talk(bot, person), params.get("status")
    if status not in (1, 2):
        raise bad_argument("status must be 1 or 2")
    if not talk.ticket or params.get("typing_ticket") != talk.ticket:
        raise bad_argument("typing_ticket is not the one that getconfig gave for this person")
    talk.typings.append(status)
    talk.typing_until = time.monotonic() + TYPING_SECONDS if status == 1 else 0.0
    world.changed()
    return {"ret": 0}


def get_upload_url(world: World, bot: Bot, params: Json) -> Json:
    """Where to put the ciphertext of a file."""
    _person(world, params.get("to_user_id"))
    for name in ("filekey", "rawfilemd5", "aeskey"):
        if not _HEX_32.fullmatch(str(params.get(name))):
            raise bad_argument(f"{name} must be 32 hex digits")
    kind, size = params.get("media_type"), params.get("rawsize")
    if kind not in (_IMAGE, _VIDEO, _FILE, _VOICE):
        raise bad_argument("media_type must be 1 to 4")
    if not isinstance(size, int) or size < 1 or params.get("filesize") != padded(size):
        raise bad_argument("filesize must be rawsize, padded")
    if params.get("no_need_thumb") is not True and kind in (_IMAGE, _VIDEO):
        raise bad_argument("without no_need_thumb, images and videos need thumb_rawsize and more")
    key = bytes.fromhex(params["aeskey"])
    upload = Upload(bot, params["filekey"], kind, size, params["rawfilemd5"], padded(size), key)
    param = world.opaque("upload")
    world.uploads[param] = upload
    answer = {"ret": 0, "upload_param": param}
    return {**answer, "upload_full_url": upload_url(world, param, upload)} if world.full_urls else answer


def notify_start(world: World, bot: Bot, params: Json) -> Json:
    """The program of the bot has started."""
    return _notify(world, bot, running=True)


def notify_stop(world: World, bot: Bot, params: Json) -> Json:
    """The program of the bot is about to stop."""
    return _notify(world, bot, running=False)


def _notify(world: World, bot: Bot, *, running: bool) -> Json:
    bot.running = running
    world.changed()
    return {"ret": 0, "errmsg": ""}


def _person(world: World, user_id: Any) -> Person:
    person = world.people.get(user_id) if isinstance(user_id, str) else None
    if person is None:
        raise bad_argument(f"there is nobody with the id {user_id!r}")
    return person


Act = Callable[[World, Bot, Json], Json | Awaitable[Json]]

ACTIONS: dict[str, Act] = {
    "/ilink/bot/getupdates": get_updates,
    "/ilink/bot/sendmessage": send_message,
    "/ilink/bot/getconfig": get_config,
    "/ilink/bot/sendtyping": send_typing,
    "/ilink/bot/getuploadurl": get_upload_url,
    "/ilink/bot/msg/notifystart": notify_start,
    "/ilink/bot/msg/notifystop": notify_stop,
}


async def perform(world: World, call: Call, uin: str) -> Json:
    """Do what *call* asks in the name of its bot. Raises `Refusal`."""
    bot = call.bot = _bot(world, call)
    if uin in bot.uins:
        raise stale("X-WECHAT-UIN must be new each time")
    bot.uins.add(uin)
    check_base_info(call.params)
    answer = ACTIONS[call.path](world, bot, call.params)
    return answer if isinstance(answer, dict) else await answer


def _bot(world: World, call: Call) -> Bot:
    bot = world.by_token(bearer(call.headers))
    if bot is None:
        raise stale("there is no such token")
    if bot.dead:
        raise stale()
    if bot.root != call.root:
        raise stale(f"its baseurl is {bot.root}")
    return bot
