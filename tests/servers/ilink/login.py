"""How a person gives WeChat's ear to a program: a code to scan, and asking what became of it.

https://github.com/Tencent/openclaw-weixin/blob/main/docs/protocol.md#qr-code-login
"""

from __future__ import annotations

import time
from typing import Any

from .refusals import bad_argument
from .world import Code, Json, World

MAX_WRONG_DIGITS = 3
MOST_TOKENS = 10
_LAST = ("confirmed", "expired", "verify_code_blocked", "binded_redirect")


def new_code(world: World, params: Json) -> Json:
    """A code to scan. Older clients ask by GET, with no list of tokens."""
    if params.get("bot_type") != "3":
        raise bad_argument("bot_type must be 3")
    tokens = params.get("local_token_list", [])
    if not isinstance(tokens, list) or len(tokens) > MOST_TOKENS or not all(map(_is_text, tokens)):
        raise bad_argument("local_token_list must hold ten tokens at most")
    number = world.mark("qrcode")
    text = f"https://liteapp.weixin.qq.com/q/{number[:12]}?qrcode={number}&bot_type=3"
    code = Code(number, text, tokens, time.monotonic() + world.code_seconds)
    world.codes.append(code)
    world.changed()
    return {"qrcode": code.id, "qrcode_img_content": code.text, "ret": 0}


async def code_status(world: World, params: Json, root: str) -> Json:
    """What became of a code; answered when it has changed, or after a while. *root*: the host asked."""
    code = next((one for one in world.codes if one.id == params.get("qrcode")), None)
    if code is None:
        return {"ret": 0, "status": "expired"}
    if code.moved and root != world.other_root:
        return {"ret": 0, "status": "scaned_but_redirect", "redirect_host": _host(world.other_root)}
    if code.status == "need_verifycode" and params.get("verify_code"):
        _try_digits(code, str(params["verify_code"]))
    else:
        await _news(world, code)
    if code.moved and root != world.other_root:
        return await code_status(world, params, root)
    code.told = code.status
    world.changed()
    return {"ret": 0, "status": code.status, **_credentials(code)}


async def _news(world: World, code: Code) -> None:
    """Wait until there is something new about *code*, or time is up."""

    def new() -> bool:
        return code.status in _LAST or code.status != code.told or code.moved

    left = code.until - time.monotonic()
    await world.wait(new, min(world.hold, left) if code.status == "wait" else world.hold)
    if code.status == "wait" and code.until <= time.monotonic():
        code.status = "expired"


def _try_digits(code: Code, digits: str) -> None:
    if digits == code.digits:
        code.status = "scaned"
        return
    code.wrong += 1
    if code.wrong >= MAX_WRONG_DIGITS:
        code.status = "verify_code_blocked"


def _credentials(code: Code) -> Json:
    bot = code.bot
    if bot is None or code.status != "confirmed":
        return {}
    return {
        "bot_token": bot.token,
        "ilink_bot_id": bot.id,
        "baseurl": bot.root,
        "ilink_user_id": bot.owner.id,
    }


def _host(root: str) -> str:
    return root.partition("://")[2]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
