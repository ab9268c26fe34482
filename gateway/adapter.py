"""The contract every platform keeps."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar, Generic, Protocol, TypeVar
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr, field_validator

from gateway.errors import ConfigError
from gateway.login import Login
from gateway.markdown import Markup
from gateway.message import Audio, Chat, ChatKind, Event, File, Image, Receipt, Reply, Said
from gateway.text import Unit

_PROXY_SCHEMES = ("http", "https", "socks4", "socks5", "socks5h")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a platform can do, so that nobody need ask which one it is.

    `max_length` counts `length_unit`s. `edit`: a sent message can be replaced. `draft`: kinds of chat
    that show a text while it is written, without a message. `preview_seconds`: the least time in seconds
    between two views of a growing answer, in private chats; `group_preview_seconds`: in groups. `typing`:
    "is writing" can be shown. `delete`: a sent message can be taken away. `files`: a reply can carry a file.
    `quote`: a reply can be shown as one to a message; where it cannot, who asked is named instead.
    """

    max_length: int = 4096
    length_unit: Unit = "characters"
    markup: Markup = "plain"
    edit: bool = False
    draft: frozenset[ChatKind] = frozenset()
    preview_seconds: float = 1.0
    group_preview_seconds: float = 3.0
    typing: bool = False
    delete: bool = False
    files: bool = False
    quote: bool = False


class ChannelState(StrEnum):
    """How a channel is. `KICKED`: another device took its place; `COOKIE_INVALID`: the platform ended it."""

    STARTING = "starting"
    UP = "up"
    DOWN = "down"
    AUTH_FAILED = "auth failed"
    STOPPED = "stopped"
    # Somebody must log in with a phone: for the first time, or again, and then this is why.
    NEEDS_LOGIN = "not logged in"
    LOGGED_OUT = "logged out"
    KICKED = "kicked"
    COOKIE_INVALID = "cookie invalid"
    AUTH_EXPIRED = "auth expired"

    @property
    def wants_login(self) -> bool:
        """True where a person must log in with a phone."""
        return self in _WANTS_LOGIN


_WANTS_LOGIN = frozenset(
    {
        ChannelState.NEEDS_LOGIN,
        ChannelState.LOGGED_OUT,
        ChannelState.KICKED,
        ChannelState.COOKIE_INVALID,
        ChannelState.AUTH_EXPIRED,
    }
)


class Receive(Protocol):
    """What an adapter hands events to."""

    async def __call__(self, events: Sequence[Event], cursor: str | None = None) -> None:
        """Return once *events* and *cursor* are durable; only then tell the platform "received".

        The cursor is the adapter's own note of how far it has read; `Host.load("cursor")` gives back
        the last one. Raises `InboxError`: nothing was kept, confirm nothing.
        """
        ...


Menu = Mapping[str, Sequence[tuple[str, str]]]
"""Commands, each with its name and what it does in a line, by language ("en", "zh")."""


class Host(Protocol):
    """What the gateway gives an adapter: its name, a folder, a few durable values, and an ear."""

    @property
    def name(self) -> str:
        """The channel's name."""
        ...

    @property
    def folder(self) -> Path:
        """A folder of the channel's own for files (mode 0700); made when first asked for."""
        ...

    @property
    def menu(self) -> Menu:
        """The commands, for a platform that shows a menu of them."""
        ...

    @property
    def login(self) -> Login:
        """Where the adapter asks a person to scan a code."""
        ...

    async def load(self, key: str) -> str | None:
        """The value last saved under *key*, or None."""
        ...

    async def save(self, key: str, value: str) -> None:
        """Keep *value* under *key*; durable when this returns."""
        ...

    async def transcript(self, chat: Chat) -> Sequence[Said]:
        """What was said in *chat* and is remembered, oldest first; questions that still wait are there."""
        ...

    async def awaited(self, chat: Chat, ids: Collection[str]) -> Collection[str]:
        """Those of the messages *ids* in *chat* that are still to be answered, or whose answer is on its way.

        Any other was answered, became part of another, was stopped, gets no answer, or was given up; it is
        unknown, or forgotten. Nothing more comes for it by itself.
        """
        ...

    def report(self, state: ChannelState, detail: str = "") -> None:
        """Say how the channel is. Cheap: call it as often as it is true."""
        ...


class Options(BaseModel):
    """What an adapter's part of the configuration may hold; unknown keys are mistakes.

    Secrets are `SecretStr`, so that no repr shows them. `proxy` is the channel's own or, where it has
    none, the configuration's; never one from the environment.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    proxy: SecretStr | None = None

    @property
    def proxy_address(self) -> str | None:
        """The proxy as who connects wants it, a password in it; None: straight."""
        return self.proxy.get_secret_value() if self.proxy else None

    @field_validator("proxy")
    @classmethod
    def _proxy_is_known(cls, proxy: SecretStr | None) -> SecretStr | None:
        if proxy is not None:
            parts = urlsplit(proxy.get_secret_value())
            if parts.scheme not in _PROXY_SCHEMES or not parts.hostname:
                raise ValueError(f"must be an address that starts with one of {', '.join(_PROXY_SCHEMES)}")
        return proxy

    def chat(self, channel: str, id: str) -> Chat:
        """The chat on *channel* to write to, unasked, for a person's or a group's *id* in the configuration.

        It has no account. Raises `ValueError`, which says why: this is no such id, or nobody can be written
        to first.
        """
        return Chat(channel, id)

    def identifies(self, id: str) -> bool:
        """False where *id* is no id of the platform's, but a name that anybody can take: no admin has it."""
        return True


def _root_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http:// or https:// address")
    return url.rstrip("/")


RootUrl = Annotated[str, AfterValidator(_root_url)]
"""An address in an adapter's options below which a platform's interfaces are; no slash at its end."""

OptionsT = TypeVar("OptionsT", bound=Options)


class Adapter(ABC, Generic[OptionsT]):
    """One account on one platform. Two methods to write, the others where the platform can."""

    options_type: ClassVar[type[Options]] = Options
    capabilities: Capabilities = Capabilities()

    def __init__(self, host: Host, options: OptionsT) -> None:
        self.host = host
        self.options = options

    @property
    def account(self) -> str:
        """The platform's id of our own account, as in `Chat.account`; "" where it is not known yet."""
        return ""

    @abstractmethod
    async def run(self, receive: Receive) -> None:
        """Listen until cancelled, handing every event to *receive*.

        Raises `AuthError` where an operator must do something, any other `AdapterError` to be started
        again after a pause. Returns only where there is nothing more to hear.
        """

    @abstractmethod
    async def send(self, chat: Chat, reply: Reply) -> Receipt:
        """Send one message. Raises `AdapterError`. Works from the start of `run` until `close`."""

    async def close(self) -> None:
        """Release what was opened; called once, when `run` has ended and nothing is sent any more."""

    async def edit(self, chat: Chat, receipt: Receipt, reply: Reply, *, final: bool = True) -> None:
        """Replace a sent message, where `capabilities.edit` says so. Raises `AdapterError`.

        A view of an answer that still grows is not *final*: it raises `RateLimited` at once where the
        platform's limits leave no room, so that the room is kept for what must arrive.
        """
        raise NotImplementedError

    async def delete(self, chat: Chat, receipt: Receipt) -> None:
        """Take a sent message away, where `capabilities.delete` says so. Raises `AdapterError`."""
        raise NotImplementedError

    async def draft(self, chat: Chat, number: int, reply: Reply) -> None:
        """Show a text being written, where `capabilities.draft` says so; gone with the next `send`.

        *number* (not 0) is one answer's. Raises `RateLimited` at once where there is no room.
        """
        raise NotImplementedError

    async def typing(self, chat: Chat) -> None:
        """Show for a few seconds that we are writing, where `capabilities.typing` says so."""
        raise NotImplementedError

    async def fetch(self, part: Image | Audio | File) -> bytes:
        """The bytes behind a reference. Raises `AdapterError`."""
        raise NotImplementedError

    async def verify(self) -> str:
        """Ask the platform who we are, without listening: proves address and credentials.

        Returns our name there, "" where there is nobody to ask. Raises `AdapterError`. `close` follows.
        """
        return ""

    async def log_in(self) -> str:
        """Log in, with a person's help where that is needed, without listening; `close` follows.

        What it takes to go on without that help is durable when this returns. Returns our name there, ""
        where there is nobody to ask. Raises `AdapterError`.
        """
        return await self.verify()

    def routes(self) -> Iterable[web.RouteDef]:
        """What the platform calls on our web server: paths below ``/hook/<channel>``."""
        return ()


class Keeper(ABC):
    """What an adapter is, too, that takes pieces of an answer in `send` and keeps them to be fetched."""

    @abstractmethod
    async def drop(self, chat: Chat) -> bool:
        """Nobody wants any more what is kept for *chat*, nor what is being sent there now; false: nothing is.

        Durable when this returns. Raises `StoreError`.
        """


def hook_path(channel: str) -> str:
    """The path on our web server at which the platform of *channel* calls us."""
    return f"/hook/{channel}"


def load(kind: str) -> type[Adapter[Options]]:
    """The adapter that ``adapters.<kind>`` defines.

    Raises `ConfigError`: there is none, or the library it needs is not installed (the error says what to
    install).
    """
    if not kind.isidentifier():
        raise ConfigError(f"there is no adapter {kind!r}")
    try:
        module = importlib.import_module(f"adapters.{kind}")
    except ModuleNotFoundError as exc:
        if exc.name == f"adapters.{kind}":
            raise ConfigError(f"there is no adapter {kind!r}") from exc
        raise ConfigError(
            f"the adapter {kind!r} needs the library {exc.name!r}: pip install 'bot-gateway[{kind}]'"
        ) from exc
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Adapter) and value is not Adapter
    ]
    if len(found) != 1:
        raise ConfigError(f"adapters.{kind} must define exactly one Adapter, not {len(found)}")
    return found[0]
