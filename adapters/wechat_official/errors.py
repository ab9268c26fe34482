"""What WeChat's interfaces answer when they refuse, in our words: the one place where that is translated.

A refusal is HTTP 200 with an ``errcode``.
https://developers.weixin.qq.com/doc/oplatform/Return_codes/Return_code_descriptions_new.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway.errors import (
    AdapterError,
    AuthError,
    ChatGone,
    NetworkError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    WindowClosed,
)
from gateway.http import Answer

_LONGEST_TEXT = 300  # characters of an error, the platform's own words in it
# Seconds to wait where a limit by the minute, or by the day, is used up: WeChat does not say how long.
_PAUSE_OF_A_MINUTE_LIMIT = 60.0
_PAUSE_OF_A_DAY_LIMIT = 3600.0


class TokenExpired(AuthError):
    """The access token is not taken any more; a new one may be."""


class NoPermission(AuthError):
    """The account may not call this interface: customer service is for verified accounts."""


def _credentials(text: str) -> AdapterError:
    return AuthError(f"WeChat refuses app_id or app_secret: check them, and api_root ({text})")


def _address(text: str) -> AdapterError:
    return AuthError(
        "WeChat does not know this machine's address: add it to the account's IP whitelist (IP白名单), "
        f'or set "customer_service": false to answer without calling WeChat ({text})'
    )


def _permission(text: str) -> AdapterError:
    return NoPermission(
        "the account may not write to people by customer service, for which it must be verified; "
        f'"customer_service": "auto" does without ({text})'
    )


# by errcode; any other is a refusal for good
CODES: Mapping[int, Callable[[str], AdapterError]] = {
    -1: NetworkError,  # "system error": busy, to be tried again
    40001: TokenExpired,
    40014: TokenExpired,
    41001: TokenExpired,
    42001: TokenExpired,
    40013: _credentials,
    40125: _credentials,
    40243: _credentials,  # the secret is frozen
    41002: _credentials,
    41004: _credentials,
    40164: _address,
    48001: _permission,
    48004: AuthError,  # the account breaks WeChat's rules
    50002: AuthError,  # the account is limited
    40003: ChatGone,  # not a follower of this account
    43004: ChatGone,  # follows no more
    43019: ChatGone,  # on the account's black list
    48002: ChatGone,  # takes no messages
    45009: lambda text: RateLimited(text, _PAUSE_OF_A_DAY_LIMIT),
    45011: lambda text: RateLimited(text, _PAUSE_OF_A_MINUTE_LIMIT),
    45015: WindowClosed,  # 48 hours after the last message; also said of who follows no more
    45047: WindowClosed,  # five messages for each that the person wrote
}


def checked(answer: Answer) -> dict[str, Any]:
    """The object that *answer* brings. Raises the `AdapterError` that it stands for otherwise."""
    body: dict[str, Any] = answer.body if isinstance(answer.body, dict) else {}
    code = body.get("errcode", 0)
    if code != 0:
        text = f"errcode {code}: {body.get('errmsg', '')}"[:_LONGEST_TEXT]
        raise CODES.get(code, Rejected)(text) if isinstance(code, int) else OutcomeUnknown(text)
    if not 200 <= answer.status < 300:
        raise _failure(answer.status)
    if not isinstance(answer.body, dict):
        raise OutcomeUnknown("the answer is no JSON object")
    return body


def _failure(status: int) -> AdapterError:
    text = f"status {status}"
    if status == 429:
        return RateLimited(text, _PAUSE_OF_A_MINUTE_LIMIT)
    if status >= 500:
        # It says that it failed; only a server in between may not know that.
        return OutcomeUnknown(text) if status == 504 else NetworkError(text)
    return Rejected(text)
