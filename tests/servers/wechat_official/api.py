"""WeChat's interfaces, each checking what the real one checks; a refusal is a 200 with an errcode.

https://developers.weixin.qq.com/doc/oplatform/Return_codes/Return_code_descriptions_new.html
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .world import Json, Person, Shown, World

LONGEST_TEXT = 2048
_TYPING_SECONDS = 15.0
_WORDS = {
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid appid",
    40033: "invalid charset. please check your request, if include \\uxxxx will create fail!",
    40125: "invalid appsecret",
    40164: "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist",
    41001: "access_token missing",
    42001: "access_token expired",
    44002: "empty post data",
    44004: "empty content",
    45002: "content size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit  must slower  retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    45072: "invalid command",
    45081: "already in typing status",
    47001: "data format error",
    48001: "api unauthorized",
}


@dataclass(slots=True)
class Call:
    """One request of the account's server. `query`, `body`: what it said; `answer`: what it was told."""

    method: str
    path: str
    query: Mapping[str, str]
    raw: bytes
    body: Any
    time: float = field(default_factory=time.monotonic)
    status: int | None = None
    answer: Any = None


class Refusal(Exception):
    """A call that WeChat does not do."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.body = refusal(code)


def refusal(code: int) -> Json:
    """The body of a refusal."""
    return {"errcode": code, "errmsg": f"{_WORDS.get(code, 'refused')} rid: {uuid.uuid4().hex[:8]}"}


def stable_token(world: World, call: Call) -> Json:
    """An access token: the same until shortly before its end, unless another is forced."""
    body, account = _object(call), world.account
    if body.get("grant_type") != "client_credential":
        raise Refusal(40002)
    if body.get("appid") != account.app_id:
        raise Refusal(40013)
    if body.get("secret") != account.secret:
        raise Refusal(40125)
    if not account.whitelisted:
        raise Refusal(40164)
    now = time.monotonic()
    if body.get("force_refresh"):
        world.tokens.clear()
    for token, until in world.tokens.items():
        if until - now > min(300, world.token_seconds / 2):
            return {"access_token": token, "expires_in": int(until - now)}
    token = uuid.uuid4().hex
    world.tokens[token] = now + world.token_seconds
    return {"access_token": token, "expires_in": int(world.token_seconds)}


def send(world: World, call: Call) -> Json:
    """A message by customer service. https://developers.weixin.qq.com/doc/service/api/customer/message/api_sendcustommessage"""
    person = _whom(world, call)
    body = _object(call)
    if b"\\u" in call.raw:
        raise Refusal(40033)
    text = body.get("text")
    if body.get("msgtype") != "text" or not isinstance(text, dict):
        raise Refusal(40008)
    content = text.get("content")
    if not isinstance(content, str) or not content:
        raise Refusal(44004)
    if len(content.encode()) > LONGEST_TEXT:
        raise Refusal(45002)
    if not person.follows or time.monotonic() > person.until:
        raise Refusal(45015)
    if person.left < 1:
        raise Refusal(45047)
    person.left -= 1
    world.show(person, Shown(content, "service"))
    return {"errcode": 0, "errmsg": "ok"}


def typing(world: World, call: Call) -> Json:
    """Show a person that somebody is writing."""
    person = _whom(world, call)
    if _object(call).get("command") not in ("Typing", "CancelTyping"):
        raise Refusal(45072)
    if not person.follows:
        raise Refusal(45015)
    if person.typing and time.monotonic() - person.typing[-1] < _TYPING_SECONDS:
        raise Refusal(45081)
    person.typing.append(time.monotonic())
    world.changed()
    return {"errcode": 0, "errmsg": "ok"}


def media(world: World, call: Call) -> Json | bytes:
    """What somebody sent: its bytes, but where a video can be fetched."""
    kind, content = world.media.get(call.query.get("media_id", ""), ("", b""))
    if not kind:
        raise Refusal(40007)
    if kind == "video":
        return {"video_url": f"{call.query['root']}/videos/{call.query['media_id']}"}
    return content


def _whom(world: World, call: Call) -> Person:
    if not world.account.verified:
        raise Refusal(48001)
    person = world.people.get(str(_object(call).get("touser")))
    if person is None:
        raise Refusal(40003)
    return person


def _object(call: Call) -> Json:
    if not call.raw:
        raise Refusal(44002)
    if not isinstance(call.body, dict):
        raise Refusal(47001)
    return call.body


@dataclass(frozen=True, slots=True)
class Action:
    """What a path does, and whether it wants a token."""

    act: Callable[[World, Call], Json | bytes]
    token: bool = True


ACTIONS: dict[tuple[str, str], Action] = {
    ("POST", "/cgi-bin/stable_token"): Action(stable_token, token=False),
    ("POST", "/cgi-bin/message/custom/send"): Action(send),
    ("POST", "/cgi-bin/message/custom/typing"): Action(typing),
    ("GET", "/cgi-bin/media/get"): Action(media),
}


def perform(world: World, call: Call) -> Json | bytes:
    """Do what *call* asks. Raises `Refusal`; `KeyError`: there is nothing at its path."""
    action = ACTIONS[call.method, call.path]
    if action.token:
        token = call.query.get("access_token")
        if not token:
            raise Refusal(41001)
        if token not in world.tokens:
            raise Refusal(40001)
        if world.tokens[token] <= time.monotonic():
            raise Refusal(42001)
    return action.act(world, call)
