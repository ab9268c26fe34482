"""The configuration as the gateway's parts use it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

from pydantic import BaseModel, SecretStr

from gateway import calendar
from gateway.access import Rules
from gateway.adapter import Adapter, Options
from gateway.backend.base import ModelOptions
from gateway.config.addresses import passwords
from gateway.config.settings import Settings, Talk
from gateway.conversation import Conversation
from gateway.limits import Limits
from gateway.message import Chat

_SECRET_HEADER = re.compile("key|token|secret|authorization|cookie", re.IGNORECASE)

AdapterType = type[Adapter[Options]]


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """One channel: its adapter, the adapter's own options, and how to talk there."""

    type: str
    adapter: AdapterType
    options: Options
    talk: Talk


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that was configured, checked. `data_dir` is absolute.

    `models` are all there are by name: "default", the named ones, and those that a channel asked for by id.
    """

    settings: Settings
    data_dir: Path
    models: Mapping[str, ModelOptions]
    channels: Mapping[str, ChannelSettings]

    @property
    def zone(self) -> tzinfo | None:
        """Where days begin; None = the system's time zone."""
        return calendar.zone(self.settings.timezone)

    def conversation(self, channel: str) -> Conversation:
        """How to talk on *channel*. Raises `KeyError`: there is none."""
        talk = self.channels[channel].talk
        return Conversation(
            model=talk.model,
            system_prompt=talk.system_prompt,
            session_timeout=talk.session_timeout,
            session_clear_token=talk.session_clear_token,
            reply_prefix=talk.reply_prefix,
            stream=talk.stream,
            history=talk.history,
            language=self.settings.language,
            group_context=talk.group.context,
            group_reply=talk.group.reply,
            rules=Rules(
                allow=frozenset(talk.access.allow),
                deny=frozenset(talk.access.deny),
                admins=frozenset(talk.access.admins),
                groups=frozenset(talk.access.groups),
                triggers=talk.group.triggers,
                keywords=talk.group.keywords,
            ),
            recent=talk.group.recent,
            merge_seconds=talk.merge_seconds,
            limits=Limits(
                per_minute=talk.limits.per_minute,
                chat_per_minute=talk.limits.chat_per_minute,
                messages_per_day=talk.limits.messages_per_day,
                tokens_per_day=talk.limits.tokens_per_day,
            ),
        )

    def operators(self) -> list[Chat]:
        """The chats that are told of a channel's trouble; those of channels that are left out, not."""
        entries = [entry.partition(":") for entry in dict.fromkeys(self.settings.operator)]
        return [
            self.channels[name].options.chat(name, id) for name, _, id in entries if name in self.channels
        ]

    def secrets(self) -> list[str]:
        """Every text that no log may show, the longest first."""
        parts = [self.settings, *self.models.values()]
        found = {text for part in parts for text in _secret_texts(part)}
        for channel in self.channels.values():
            found.update(_secret_texts(channel.options))
        for model in self.models.values():
            for fields in (model.extra_headers, model.extra_query):
                found.update(value for name, value in fields.items() if _SECRET_HEADER.search(name))
        return sorted(found - {""}, key=len, reverse=True)


def secret_fields(part: BaseModel) -> Iterator[tuple[str, SecretStr]]:
    """The secrets of *part* and of the parts inside it, each with the name of its field."""
    for name in type(part).model_fields:
        value = getattr(part, name)
        if isinstance(value, SecretStr):
            yield name, value
        elif isinstance(value, BaseModel):
            yield from secret_fields(value)


def _secret_texts(part: BaseModel) -> Iterator[str]:
    """What must not be shown of *part*. Of an address, a proxy's too, that is its password alone."""
    for name, secret in secret_fields(part):
        value = secret.get_secret_value()
        yield from passwords(value) if name == "proxy" else [value]
    for name in type(part).model_fields:
        if isinstance(value := getattr(part, name), str):
            yield from passwords(value)
