"""What DingTalk answers when it refuses, in our words: the one place where its errors are translated.

Two generations of interfaces answer in two ways: the new one with a status and ``{"code", "message"}``, the
old one (session webhooks, uploads) with 200 and ``{"errcode", "errmsg"}``.
https://open.dingtalk.com/document/orgapp/server-api-error-codes-1
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.errors import (
    AdapterError,
    AuthError,
    ChatGone,
    NetworkError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
)
from gateway.http import Answer

_LONGEST_TEXT = 300  # characters of an error, the platform's own words in it
# Seconds to wait: the limits of calls are by the second; a group that was written to too often is closed for
# a while.
_CALLS_PAUSE = 1.0
_GROUP_PAUSE = 60.0

# What codes and messages of the new interfaces speak of, in lower case.
_BUSY = ("qpslimit", "throttl", "toomany", "flowcontrol", "requestlimit")
_PERMISSION = ("permissiondenied", "accesstokenpermission")
_CREDENTIALS = ("invalidclientid", "invalidauthentication", "authfailed", "invalidaccesstoken")
_GONE = (
    "disband",
    "dismiss",
    "notingroup",
    "not.in.group",
    "not in group",
    "robotnotin",
    "staffid.notexist",
    "user.notexist",
    "conversation.notexist",
    "conversationid.notexist",
    "conversation.notfound",
    "chat.notexist",
    "invalidparameter.openconversationid",
    "已解散",
    "不在群",
    "群不存在",
    "会话不存在",
    "用户不存在",
)

# errcodes of the old interfaces
_SESSION_GONE = (300001,)
_OLD_TOKEN = (40001, 40014, 42001, 88)
_OLD_BUSY = {90018: _CALLS_PAUSE, 90002: _CALLS_PAUSE, 130101: _GROUP_PAUSE, 410100: _GROUP_PAUSE}
_OLD_SYSTEM = (-1,)


class SessionGone(Rejected):
    """A session webhook has expired: the chat is there, the way to it is another."""


class TokenExpired(AuthError):
    """The access token is not taken any more; a new one may be."""


class PermissionMissing(AuthError):
    """The application lacks permissions; `scopes` are their names, as far as DingTalk says them."""

    def __init__(self, message: str, scopes: Sequence[str]) -> None:
        super().__init__(message)
        self.scopes = tuple(scopes)


def checked(answer: Answer) -> dict[str, Any]:
    """The object that *answer* brings. Raises the `AdapterError` that it stands for otherwise."""
    body: dict[str, Any] = answer.body if isinstance(answer.body, dict) else {}
    if not 200 <= answer.status < 300:
        raise _refusal(answer, body)
    if body.get("errcode", 0) != 0:
        raise _old_refusal(answer, body)
    if not isinstance(answer.body, dict):
        raise OutcomeUnknown("the answer is no JSON object")
    return body


def _refusal(answer: Answer, body: dict[str, Any]) -> AdapterError:
    code, text = str(body.get("code", "")), _text(answer, body.get("code"), body.get("message"))
    said = f"{code} {body.get('message', '')}".lower()
    if answer.status == 429 or _any(_BUSY, said):
        return RateLimited(text, answer.retry_after or _CALLS_PAUSE)
    if _any(_PERMISSION, code.lower()):
        return _permission(text, body)
    if _any(_CREDENTIALS, code.lower()) or answer.status == 401:
        return TokenExpired(text)
    if answer.status >= 500:
        # It says that it failed; only a server in between may not know that.
        return OutcomeUnknown(text) if answer.status == 504 else NetworkError(text)
    return ChatGone(text) if _any(_GONE, said) else Rejected(text)


def _permission(text: str, body: dict[str, Any]) -> AdapterError:
    detail = body.get("accessdenieddetail")
    scopes = detail.get("requiredScopes") if isinstance(detail, dict) else None
    names = [str(scope) for scope in scopes] if isinstance(scopes, list) else []
    missing = f"the permission {', '.join(names)}" if names else "a permission"
    where = "https://open-dev.dingtalk.com, the application, Permissions"
    return PermissionMissing(f"the application lacks {missing}: grant it at {where} ({text})", names)


def _old_refusal(answer: Answer, body: dict[str, Any]) -> AdapterError:
    code = body["errcode"]
    text = _text(answer, code, body.get("errmsg"))
    if not isinstance(code, int):
        return OutcomeUnknown(text)
    if code in _SESSION_GONE:
        return SessionGone(text)
    if code in _OLD_BUSY:
        return RateLimited(text, answer.retry_after or _OLD_BUSY[code])
    if code in _OLD_TOKEN:
        return TokenExpired(text)
    if code in _OLD_SYSTEM:
        return NetworkError(text)
    return ChatGone(text) if _any(_GONE, text.lower()) else Rejected(text)


def _any(signs: Sequence[str], text: str) -> bool:
    return any(sign in text for sign in signs)


def _text(answer: Answer, code: object, message: object) -> str:
    said = ": ".join(str(part) for part in (code, message) if part not in (None, ""))
    return (said or f"status {answer.status}")[:_LONGEST_TEXT]
