"""How one channel talks: the settings of a conversation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from gateway.access import Rules
from gateway.limits import Limits

CLEAR_WORDS = "下一个问题"
"""What a person says to begin anew where the configuration names nothing else: "next question"."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What the configuration says about talking on one channel.

    `session_timeout` in seconds since the last exchange, 0 = never. `session_clear_token` ends the
    context wherever a text contains it, "" = off. `reply_prefix` goes before answers in private chats,
    on a line of its own. `model` is a name of the configuration's. `history`: whether turns that do not fit
    in its context are left out or summarised; `remembers`: whether there is a context at all. `recent`: how
    much of what a group says beside us the model is told. `merge_seconds`: what one person writes within so
    many seconds of each other is one question, 0 = each is its own.
    """

    model: str = "default"
    system_prompt: str = ""
    session_timeout: float = 60.0
    session_clear_token: str = CLEAR_WORDS
    reply_prefix: str = ""
    stream: bool = True
    history: Literal["trim", "summarise"] = "trim"
    language: Literal["auto", "zh", "en"] = "auto"
    group_context: Literal["chat", "member"] = "chat"
    group_reply: Literal["quote", "mention", "plain"] = "quote"
    remembers: bool = True
    recent: int = 0
    merge_seconds: float = 0.0
    rules: Rules = field(default_factory=Rules)
    limits: Limits = field(default_factory=Limits)

    def adjusted(self, settings: Mapping[str, str]) -> Conversation:
        """The same with what people set for their chat: its model, persona, context, memory."""
        if not settings:
            return self
        return replace(
            self,
            model=settings.get("model", self.model),
            system_prompt=settings.get("system", self.system_prompt),
            group_context="member" if settings.get("context", self.group_context) == "member" else "chat",
            remembers=settings.get("history", "on") == "on",
        )
