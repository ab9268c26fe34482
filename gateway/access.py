"""Who may speak, and which messages are meant for us: pure functions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from gateway.message import Audio, Chat, Mention, Message, Part, Text


class Verdict(Enum):
    """What to do with a message."""

    ANSWER = "answer"
    IGNORE = "ignore"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Rules:
    """The access rules of one channel.

    Entries are ``channel:id`` or ``*`` for everybody; ids are the platform's, never names. `allow` and
    `deny` hold people, `admins` are always allowed, `groups` holds chats. An empty list is nobody. In groups,
    `triggers` at the beginning of a message, and `keywords` anywhere in it, count as a mention.
    """

    allow: frozenset[str] = frozenset({"*"})
    deny: frozenset[str] = frozenset()
    admins: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset({"*"})
    triggers: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()

    def addressed(self, message: Message) -> Message:
        """*message*, marked as meant for us, and without the trigger, where it begins with one."""
        if message.chat.kind != "group" or message.mentioned:
            return message
        for trigger in self.triggers:
            if (rest := _after(trigger, message.text)) is not None:
                kept = tuple(part for part in message.parts if not _is_said(part))
                return replace(message, parts=(Text(rest), *kept), mentioned=True)
        if any(word in message.text for word in self.keywords):
            return replace(message, mentioned=True)
        return message

    def listens(self, message: Message) -> bool:
        """True where a group message is of people and in a group that we serve, whoever it is meant for."""
        return _is_of_people(message) and _listed(self.groups, message.chat.channel, message.chat.id)

    def judge(self, message: Message, *, command: bool = False) -> Verdict:
        """What to do with *message*; *command* says that it is one of our commands."""
        if not _is_of_people(message):
            return Verdict.IGNORE
        if message.chat.kind == "group" and not (self.listens(message) and (message.mentioned or command)):
            return Verdict.IGNORE
        return Verdict.ANSWER if self.may_speak(message) else Verdict.REFUSE

    def may_speak(self, message: Message) -> bool:
        """True where the sender is an admin, or allowed and not denied."""
        if self.is_admin(message):
            return True
        channel, person = message.chat.channel, message.sender.id
        return _listed(self.allow, channel, person) and not _listed(self.deny, channel, person)

    def is_admin(self, message: Message) -> bool:
        """True where the sender is an admin, by the platform's id. ``*`` makes nobody one."""
        return f"{message.chat.channel}:{message.sender.id}" in self.admins


def _is_of_people(message: Message) -> bool:
    """False for what a bot wrote, ourselves among them."""
    account = message.chat.account
    return not message.sender.bot and (not account or message.sender.id != account)


def _after(trigger: str, text: str) -> str | None:
    """What follows *trigger* at the beginning of *text*; None where it is not there, or part of a word."""
    rest = text.removeprefix(trigger)
    if not trigger or rest == text:
        return None
    if trigger[-1].isascii() and trigger[-1].isalnum() and rest[:1].isascii() and rest[:1].isalnum():
        return None
    return rest.lstrip()


def _is_said(part: Part) -> bool:
    return isinstance(part, (Text, Mention)) or (isinstance(part, Audio) and bool(part.transcript))


def _listed(entries: frozenset[str], channel: str, id: str) -> bool:
    return "*" in entries or f"{channel}:{id}" in entries


def session_key(chat: Chat, sender_id: str, context: str) -> str:
    """The key of the context that a message belongs to: the chat's, or its own for every *member*."""
    if context == "member" and chat.kind == "group":
        return f"{chat.key}:{sender_id}"
    return chat.key
