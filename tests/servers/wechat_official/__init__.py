"""A strict WeChat as an official account (公众号) sees it: its pushes, its interfaces, the people behind.

It asks as WeChat does: signed, encrypted where the account wants that, up to three times, each a new
connection that it drops after some seconds; and shows people that the account is out of order at whatever is
no answer. It refuses what the real interfaces refuse, by the same numbers. `complaints` says what a server
answered that WeChat would not understand.

Different from the real one on purpose: one account; the seconds can be made short; where our server cannot be
reached or hangs up early, the next try comes when the time of this one is over, which is not known of WeChat.
"""

from __future__ import annotations

from .api import Call
from .server import WeChatServer
from .world import FAILURE, Person, Push, Shown

__all__ = ["FAILURE", "Call", "Person", "Push", "Shown", "WeChatServer"]
