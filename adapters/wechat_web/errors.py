"""What WeChat and the network do to us, in our words: the one place where their errors are translated.

WeChat's web pages answer with status 200 and a number: `BaseResponse.Ret`, or `retcode` of synccheck. The
numbers are documented nowhere; what clients have found out of them is here.

Errors of `requests` name addresses, and those hold keys: neither they nor their texts leave this file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import requests
import urllib3

from adapters.wechat_web.transport import Closed, Elsewhere
from gateway import ChannelState
from gateway.errors import (
    AdapterError,
    AuthError,
    ChatGone,
    NetworkError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
)

TOO_FAST_PAUSE = 60.0
"""Seconds that we are quiet after WeChat says that we are too fast; it never says how long."""

SAFE_DOOR = "wechat_ilink, the official way for bots, cannot be shut like this"

_STATES = {
    1100: (ChannelState.LOGGED_OUT, "the account was logged out on the phone"),
    1101: (ChannelState.KICKED, "another computer logged in to the account"),
    1102: (ChannelState.COOKIE_INVALID, "WeChat ended the login"),
}
# What itchat-uos says itself: the answer was no JSON, or an object of another kind.
_NO_ANSWER = (-1000, -1003, -1004)
_SYSTEM_ERROR, _LOGIN_ENVIRONMENT, _NO_FRIEND, _TOO_FAST = -1, 1203, 1204, 1205


class SessionLost(NetworkError):
    """The login is over, for the reason that `state` says; after the next one all goes on."""

    def __init__(self, message: str, state: ChannelState) -> None:
        super().__init__(message)
        self.state = state


class Restricted(AuthError):
    """WeChat does not let this account use the web protocol."""

    def __init__(self, said: str) -> None:
        says = f" ({said})" if said else ""
        super().__init__(f"WeChat does not let this account in by the web protocol{says}: {SAFE_DOOR}")


def check_sending(ret: int) -> None:
    """Raises the `AdapterError` that the *ret* of a message stands for; 0 is success."""
    if ret == 0:
        return
    if ret == _NO_FRIEND:
        raise ChatGone("they are no friend any more, or we are not in the group")
    if ret == _SYSTEM_ERROR:
        raise NetworkError(f"WeChat answers {ret}")
    if ret in _NO_ANSWER:
        raise OutcomeUnknown(f"WeChat answers {ret}")
    raise _common(ret) or Rejected(f"WeChat answers {ret}")


def check_listening(ret: int) -> None:
    """Raises the `AdapterError` that the *ret* of what is no message stands for; 0 is success."""
    if ret != 0:
        raise _common(ret) or NetworkError(f"WeChat answers {ret}")


def _common(ret: int) -> AdapterError | None:
    if ret in _STATES:
        state, text = _STATES[ret]
        return SessionLost(text, state)
    if ret == _LOGIN_ENVIRONMENT:
        return Restricted(str(ret))
    if ret == _TOO_FAST:
        return RateLimited("WeChat says that we are too fast", TOO_FAST_PAUSE)
    return None


@contextmanager
def translated() -> Iterator[None]:
    """Turns what `requests` and itchat-uos raise inside into an `AdapterError`."""
    try:
        yield
    except requests.RequestException as exc:
        raise _network_error(exc) from None
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as exc:
        # itchat-uos reads what it is answered without asking whether it is there, or how deep it goes.
        raise OutcomeUnknown(f"WeChat's answer is not understood ({type(exc).__name__})") from None


def _network_error(exc: requests.RequestException) -> AdapterError:
    if isinstance(exc, requests.HTTPError) and exc.response is not None:
        return _status_error(exc.response.status_code)
    if isinstance(exc, Closed):
        return NetworkError("the login is over")
    if isinstance(exc, Elsewhere):
        return NetworkError("WeChat names a host that is none of its own, as far as we know")
    if isinstance(exc, requests.exceptions.ProxyError):
        return NetworkError("the proxy cannot be reached, or refuses")
    if isinstance(exc, requests.exceptions.SSLError):
        return NetworkError("the connection is not secure: TLS failed")
    if isinstance(exc, requests.ConnectTimeout) or _never_connected(exc):
        return NetworkError("WeChat cannot be reached")
    if isinstance(exc, requests.Timeout):
        return OutcomeUnknown("WeChat does not answer")
    return OutcomeUnknown(f"the connection to WeChat broke ({type(exc).__name__})")


def _status_error(status: int) -> AdapterError:
    text = f"WeChat answers with status {status}"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimited(text, TOO_FAST_PAUSE)
    return OutcomeUnknown(text) if status >= 500 else NetworkError(text)


def _never_connected(exc: requests.RequestException) -> bool:
    cause = exc.args[0] if exc.args else None
    reason = getattr(cause, "reason", None)
    return isinstance(reason, urllib3.exceptions.NewConnectionError)
