"""A strict Telegram: the Bot API and the people behind it, on a loopback socket.

It refuses what the real server refuses, in the same words, where a bot could notice: texts over 4096
UTF-16 units, entities out of range, edits that change nothing, replies to what is not there, drafts in
groups, two pollers, a poller beside a webhook. `parse_mode` is read by the official library (tdjson) where
it is installed and refused elsewhere.

Different from the real one on purpose: webhooks may be plain http on 127.0.0.1 and are retried after
0.05 s instead of 1 s; a 409 comes at once instead of after 3 s; a second empty poll within 3 s is not
slowed down; entities are not found in the bot's own texts; updates do not expire after 24 hours.
"""

from __future__ import annotations

from .entities import ApiError
from .screen import Call
from .server import TelegramServer
from .world import Room, SentMessage

__all__ = ["ApiError", "Call", "Room", "SentMessage", "TelegramServer"]
