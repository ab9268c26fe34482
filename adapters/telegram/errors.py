"""What python-telegram-bot raises, in our words: the one place where its errors are translated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import telegram.error as theirs

from gateway.errors import (
    AdapterError,
    AuthError,
    ChatGone,
    ChatMoved,
    NetworkError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
)

# 400s that speak of the chat, not of the message
_GONE = ("chat not found", "group chat was deactivated", "chat_write_forbidden", "peer_id_invalid")
_LONGEST_TEXT = 300  # characters of an error, the platform's own words in it


class Conflict(NetworkError):
    """Another process reads this bot's updates, or a webhook takes them."""


class FloodWait(theirs.TelegramError):
    """A 429 with its pause in seconds.

    Theirs, `RetryAfter`, cannot be made or read without a deprecation warning.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"Too many requests: retry in {seconds:g} s")
        self.seconds = seconds


def _retry_after(exc: theirs.RetryAfter, text: str) -> AdapterError:
    pause = exc.retry_after
    return RateLimited(text, pause.total_seconds() if isinstance(pause, timedelta) else float(pause))


def _bad_request(exc: theirs.BadRequest, text: str) -> AdapterError:
    return ChatGone(text) if any(sign in text.lower() for sign in _GONE) else Rejected(text)


def _invalid_token(exc: theirs.InvalidToken, text: str) -> AdapterError:
    # 404 means a malformed token, or a method that this server does not know yet
    if "method not found" in text.lower():
        return Rejected(text)
    return AuthError(f"Telegram refuses the token ({text}): check it with @BotFather, and api_root")


def _conflict(exc: theirs.Conflict, text: str) -> AdapterError:
    return Conflict(f"another process polls this token, or a webhook is set: stop the other one ({text})")


# Any: each function takes the exception that it is listed under
TABLE: Mapping[type[theirs.TelegramError], Callable[[Any, str], AdapterError]] = {
    theirs.TelegramError: lambda _, text: NetworkError(text),
    theirs.NetworkError: lambda _, text: NetworkError(text),
    theirs.TimedOut: lambda _, text: OutcomeUnknown(text),
    theirs.BadRequest: _bad_request,
    theirs.Forbidden: lambda _, text: ChatGone(text),
    theirs.InvalidToken: _invalid_token,
    theirs.EndPointNotFound: lambda _, text: Rejected(text),
    theirs.ChatMigrated: lambda exc, text: ChatMoved(text, to=str(exc.new_chat_id)),
    theirs.RetryAfter: _retry_after,
    FloodWait: lambda exc, text: RateLimited(text, exc.seconds),
    theirs.Conflict: _conflict,
    theirs.PassportDecryptionError: lambda _, text: Rejected(text),
}


def translate(exc: theirs.TelegramError, secret: str) -> AdapterError:
    """Our error for *exc*, with *secret* (the token, part of every address) out of its text."""
    text = str(exc).replace(secret, "***")[:_LONGEST_TEXT]
    kind = next(kind for kind in type(exc).__mro__ if kind in TABLE)
    return TABLE[kind](exc, text)
