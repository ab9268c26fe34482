"""What iLink answers when it refuses, in our words: the one place where its errors are translated.

A refusal is mostly HTTP 200 with a number in ``ret`` or ``errcode``, seldom with words in ``errmsg``.
https://github.com/Tencent/openclaw-weixin/blob/main/docs/protocol.md; what the numbers mean is told in the
issues there.
"""

from __future__ import annotations

import re
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

_LONGEST_TEXT = 200  # characters of an error, the platform's own words in it
# No word, but a token or an address: WeChat may say in an answer what it was asked.
_SECRET = re.compile(r"[!-~]{24,}")
# How long to wait where a 429 does not say.
_PAUSE = 60.0


class SessionExpired(AuthError):
    """The login has ended: its token is never taken again."""


class NotNow(WindowClosed):
    """Quota, window, pace or context token: WeChat has one number for all of them."""


class BadArgument(Rejected):
    """Something in a call is wrong, or nobody has the id in it: WeChat does not say what."""


# by ret or errcode; any other is a refusal for good
CODES: Mapping[int, Callable[[str], AdapterError]] = {
    -14: SessionExpired,
    -2: NotNow,
    -3: BadArgument,
    -4: Rejected,  # nothing to show typing in
    -1: OutcomeUnknown,  # "system error" in all of WeChat's interfaces
}

# by HTTP status; any other below 500 is a refusal for good, above it the outcome is unknown
STATUSES: Mapping[int, Callable[[str], AdapterError]] = {
    401: AuthError,
    403: AuthError,
    404: Rejected,
    410: ChatGone,
    502: NetworkError,
    503: NetworkError,
}


def checked(answer: Answer) -> dict[str, Any]:
    """The object that *answer* brings. Raises the `AdapterError` that it stands for otherwise."""
    body: dict[str, Any] = answer.body if isinstance(answer.body, dict) else {}
    code = next((body[key] for key in ("ret", "errcode") if body.get(key)), 0)
    if code != 0:
        text = _text(f"ret {code}", body.get("errmsg"))
        raise CODES.get(code, Rejected)(text) if isinstance(code, int) else OutcomeUnknown(text)
    if not 200 <= answer.status < 300:
        raise _refusal(answer, _text(f"status {answer.status}", body.get("errmsg")))
    if not isinstance(answer.body, dict):
        raise OutcomeUnknown("the answer is no JSON object")
    return body


def _refusal(answer: Answer, text: str) -> AdapterError:
    if answer.status == 429:
        return RateLimited(text, answer.retry_after or _PAUSE)
    made = STATUSES.get(answer.status, OutcomeUnknown if answer.status >= 500 else Rejected)
    return made(text)


def _text(number: str, message: object) -> str:
    return f"{number}: {_SECRET.sub('***', str(message))}"[:_LONGEST_TEXT] if message else number
