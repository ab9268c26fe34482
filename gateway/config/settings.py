"""What config.json may hold, beside the models and what an adapter asks for itself."""

from __future__ import annotations

import socket
from ipaddress import ip_network
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from gateway.backend.base import ModelOptions
from gateway.calendar import LOCAL
from gateway.config.addresses import reachable
from gateway.conversation import CLEAR_WORDS
from gateway.moderation import ModerationOptions


class Part(BaseModel):
    """A part of the configuration: frozen, and nothing in it that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Access(Part):
    """Who may speak: entries are ``channel:id`` or ``*``, ids are the platform's."""

    allow: tuple[str, ...] = ("*",)
    deny: tuple[str, ...] = ()
    admins: tuple[str, ...] = ()
    groups: tuple[str, ...] = ("*",)


class Group(Part):
    """How to be in a group. `triggers` at the beginning and `keywords` anywhere count as a mention.

    `recent`: how many messages of a group, said beside us, the model is told of.
    """

    context: Literal["chat", "member"] = "chat"
    triggers: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    recent: int = Field(0, ge=0, le=1000)
    reply: Literal["quote", "mention", "plain"] = "quote"


class Limits(Part):
    """How much each person may ask; 0 = as much as they like.

    `chat_per_minute`: answers in one group, whoever asks. `concurrency`: answers at once, for all.
    """

    per_minute: int = Field(0, ge=0)
    chat_per_minute: int = Field(60, ge=0)
    messages_per_day: int = Field(0, ge=0)
    tokens_per_day: int = Field(0, ge=0)
    concurrency: int = Field(1000, ge=1)


class Talk(Part):
    """How to talk: for every channel, or inside one channel for that one. Times in seconds."""

    model: str = Field("default", min_length=1)
    system_prompt: str = ""
    session_timeout: float = Field(60, ge=0)
    session_clear_token: str = CLEAR_WORDS
    reply_prefix: str = ""
    stream: bool = True
    history: Literal["trim", "summarise"] = "trim"
    merge_seconds: float = Field(0, ge=0, le=60)
    access: Access = Access()
    group: Group = Group()
    limits: Limits = Limits()


class Web(Part):
    """Where the web server listens. `proxies`: from where others call that say for whom they do."""

    host: str = Field("127.0.0.1", min_length=1)
    port: int = Field(8080, ge=0, le=65535)
    password: SecretStr | None = None
    proxies: tuple[str, ...] = ()

    @field_validator("proxies")
    @classmethod
    def _proxies_are_somewhere(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in proxies:
            try:
                everywhere = ip_network(proxy, strict=False).prefixlen == 0
            except ValueError:
                raise ValueError(
                    f'must hold addresses or networks as "172.18.0.0/16", not "{proxy}"'
                ) from None
            if everywhere:
                raise ValueError(f'must not be everybody, as "{proxy}" is')
        return proxies

    @property
    def root(self) -> str:
        """The address at which browsers find the server, without a slash at the end."""
        return f"http://{reachable(self.host, socket.gethostname())}:{self.port}"


class Log(Part):
    """How log lines look, and which are written."""

    format: Literal["auto", "human", "json"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(Talk):
    """What holds for the whole gateway. `timezone`: an IANA name; `shutdown_grace` in seconds."""

    auto_pass: bool = False
    fallback: tuple[str, ...] = ()
    data_dir: str = Field("data", min_length=1)
    language: Literal["auto", "zh", "en"] = "auto"
    timezone: str = LOCAL
    web: Web | None = None
    operator: tuple[str, ...] = ()
    moderation: ModerationOptions = ModerationOptions()
    log: Log = Log()
    shutdown_grace: float = Field(20, ge=0)


# The flat keys that describe the model called "default".
MODEL_KEYS = frozenset(ModelOptions.model_fields) - {"type"}
TALK_KEYS = frozenset(Talk.model_fields)
TOP_KEYS = MODEL_KEYS | set(Settings.model_fields) | {"models", "channels"}

PartT = TypeVar("PartT", bound=BaseModel)


def merged(below: PartT, above: PartT) -> PartT:
    """*below* with everything that was said in *above*, key by key."""
    said = {name: getattr(above, name) for name in above.model_fields_set}
    for name, value in said.items():
        if isinstance(value, BaseModel):
            said[name] = merged(getattr(below, name), value)
    return below.model_copy(update=said)
