"""A strict WeChat: the web protocol as clients for UOS speak it, and the people behind it, on loopback.

It refuses what the real server refuses, with the same numbers: logins without the right headers, calls
without the login's cookies, names of an earlier login, keys that were never handed out. What it does not say
is in `complaints`.

Different from the real one on purpose: one address for login, files and push; plain HTTP.
"""

from __future__ import annotations

from .call import Call
from .codes import Code
from .server import WeChatServer
from .sessions import Session
from .speech import AT
from .world import Account, FriendRequest, Room, Sent, User

__all__ = [
    "AT",
    "Account",
    "Call",
    "Code",
    "FriendRequest",
    "Room",
    "Sent",
    "Session",
    "User",
    "WeChatServer",
]
