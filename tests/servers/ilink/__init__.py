"""A strict iLink, WeChat's bot API: two of its hosts, the CDN, and the people behind them, on loopback.

It refuses what the real server refuses, with the same numbers and as few words; what was wrong is in
`complaints`. It accepts without showing what the real one does (`swallow`), cuts long texts as the real one
does, and shows a file as broken whose key is written in another way than official clients write it.

Different from the real one on purpose: plain http; strings that mean nothing are the same in every run.
"""

from __future__ import annotations

from .botapi import Call
from .server import IlinkServer
from .world import Bot, Code, Person, Sent

__all__ = ["Bot", "Call", "Code", "IlinkServer", "Person", "Sent"]
