"""How WeChat says no: HTTP 200 and a number, seldom with words.

https://github.com/Tencent/openclaw-weixin/blob/main/docs/protocol.md; what the numbers mean is known from
the issues there.
"""

from __future__ import annotations

from .world import Json

STALE = -14
NOT_NOW = -2
BAD_ARGUMENT = -3
NO_TICKET = -4


class Refusal(Exception):
    """A call that WeChat does not do: `body` of its answer; `why` is for people, WeChat does not tell."""

    def __init__(self, body: Json, why: str = "") -> None:
        super().__init__(body, why)
        self.body = body
        self.why = why


def stale(why: str = "") -> Refusal:
    """The session is gone, or was never one: the answer has an errcode and no ret."""
    return Refusal({"errcode": STALE, "errmsg": "session timeout"}, why)


def not_now(words: str = "") -> Refusal:
    """Quota, window, pace or context token: it is the same number, mostly without *words*."""
    return Refusal({"ret": NOT_NOW, "errmsg": words} if words else {"ret": NOT_NOW})


def bad_argument(why: str) -> Refusal:
    """Something in the call is wrong; it does not say what."""
    return Refusal({"ret": BAD_ARGUMENT, "errmsg": "invalid arguments"}, why)


def no_ticket() -> Refusal:
    """There is no conversation yet in which to show typing."""
    return Refusal({"ret": NO_TICKET, "errmsg": "GetTypingTicket rpc failed"})
