"""A strict DingTalk: the stream, the OpenAPI, webhooks and cards, and the people behind them, on loopback.

It refuses what the real server refuses, in the same words where users have reported them, where a robot
could notice: used tickets, expired sessions (an errcode in a 200), tokens, permissions, too many card
updates in a second. It goes silent where the real one does: after a disconnect frame, on a zombie, on
cards with more than 3,000 Chinese characters. Acknowledgements that it could not read are in `complaints`.

Different from the real one on purpose: one address for both hosts; connections are plain ws; which of
several connections gets a message is the same in every run (`deliveries.pick`).
"""

from __future__ import annotations

from .deliveries import sign
from .openapi import Call
from .server import DingTalkServer
from .stream import Connection
from .world import Card, Robot, Room, Sent, User

__all__ = ["Call", "Card", "Connection", "DingTalkServer", "Robot", "Room", "Sent", "User", "sign"]
