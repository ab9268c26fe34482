"""What every call must say of itself. Without it the answer is -14 at once, whatever the token is worth."""

from __future__ import annotations

import base64
import binascii

from .refusals import Refusal, stale
from .world import Json

_LARGEST = 0xFFFF_FFFF


def check_app(headers: dict[str, str]) -> None:
    """The two headers of every request, GET as well. Raises `Refusal`."""
    if headers.get("ilink-app-id") != "bot":
        raise _missing("iLink-App-Id", headers)
    version = headers.get("ilink-app-clientversion", "")
    if not (version.isascii() and version.isdigit() and 0 < int(version) <= _LARGEST):
        raise _missing("iLink-App-ClientVersion", headers)


def check_post(headers: dict[str, str]) -> str:
    """The headers of every POST; its X-WECHAT-UIN. Raises `Refusal`."""
    check_app(headers)
    if headers.get("content-type", "").partition(";")[0] != "application/json":
        raise _missing("Content-Type", headers)
    if headers.get("authorizationtype") != "ilink_bot_token":
        raise _missing("AuthorizationType", headers)
    uin = headers.get("x-wechat-uin", "")
    if not _is_uin(uin):
        raise _missing("X-WECHAT-UIN", headers)
    return uin


def bearer(headers: dict[str, str]) -> str:
    """The bot_token that a call bears. Raises `Refusal`."""
    kind, _, token = headers.get("authorization", "").partition(" ")
    if kind != "Bearer" or not token:
        raise stale("Authorization is missing")
    return token


def check_base_info(params: Json) -> None:
    """What the body of every call with a token says of its sender. Raises `Refusal`."""
    info = params.get("base_info")
    if not isinstance(info, dict) or not isinstance(info.get("channel_version"), str):
        raise stale("base_info with a channel_version is missing")
    agent = info.get("bot_agent", "")
    if not isinstance(agent, str) or not agent.isascii() or len(agent) > 256:
        raise stale(f"base_info.bot_agent is {agent!r}")


def _missing(name: str, headers: dict[str, str]) -> Refusal:
    return stale(f"{name} is {headers.get(name.lower())!r}")


def _is_uin(given: str) -> bool:
    """Whether *given* is a uint32 in decimal digits, in base64."""
    try:
        digits = base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        return False
    return digits.isdigit() and int(digits) <= _LARGEST
