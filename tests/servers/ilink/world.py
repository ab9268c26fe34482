"""What WeChat knows: people, the codes they scan, the bots they have, and what both told each other."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.servers.watching import Critical

Json = dict[str, Any]

FIRST_ID = 7_497_484_083_968_569_736  # a uint64 as WeChat gives them: far beyond 2**53
DAY = 86_400.0
TYPING_SECONDS = 10.0


@dataclass(eq=False, slots=True)
class Person:
    """Somebody with WeChat. `bot`: the one that they scanned last."""

    name: str
    id: str
    bot: Bot | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A message of a bot's as a person sees it.

    `kind`: "text", "image", "voice", "file", "video" or "tool". `text`: what is left of it on the screen,
    `written` is all that was sent. `content`: the file, deciphered; None where the phone cannot. `time` is
    `time.monotonic()` of its sending; `id` what the bot was told.
    """

    kind: str
    text: str
    written: str
    bot: Bot
    context_token: str
    client_id: str
    item: Json
    id: int
    name: str = ""
    content: bytes | None = None
    time: float = field(default_factory=time.monotonic)


@dataclass(eq=False, slots=True)
class Talk:
    """One person's conversation with one bot.

    `tokens`: each context token given to the bot, oldest first, with the messages that were sent on it.
    `heard_at`: when the person wrote last. `blocked_until`: until when sending too fast is punished.
    `typing_until` as well, all `time.monotonic()`. `typings`: every status that the bot set.
    """

    bot: Bot
    person: Person
    tokens: dict[str, int] = field(default_factory=dict)
    heard_at: float = 0.0
    blocked_until: float = 0.0
    recent: list[float] = field(default_factory=list)
    ticket: str = ""
    typing_until: float = 0.0
    typings: list[int] = field(default_factory=list)
    shown: list[Sent] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Bot:
    """A bot: what one scan made. `dead`: its token gets -14. `root`: the only host that knows it.

    `inbox`: its messages, oldest first; `handed`: how many were given to a poll; `confirmed`: how many a
    later poll's get_updates_buf confirmed. `polls`: how many polls it made, `waiting` of them now.
    `running`: what it said last of notifystart and notifystop, None before. `uins`: every X-WECHAT-UIN it
    sent.
    """

    id: str
    token: str
    owner: Person
    root: str
    dead: bool = False
    inbox: list[Json] = field(default_factory=list)
    handed: int = 0
    confirmed: int = 0
    polls: int = 0
    waiting: int = 0
    running: bool | None = None
    talks: dict[str, Talk] = field(default_factory=dict)
    uins: set[str] = field(default_factory=set)


@dataclass(eq=False, slots=True)
class Code:
    """A code to scan: `text` is what the picture says, `id` what its maker asks with.

    `told`: the status that its maker has heard. `until`: `time.monotonic()` of its end while nobody has
    scanned it. `digits`: what the phone shows and the maker must send. `moved`: whether only the other host
    knows more. `tokens`: the maker's local_token_list.
    """

    id: str
    text: str
    tokens: list[str]
    until: float
    status: str = "wait"
    told: str = "wait"
    person: Person | None = None
    digits: str = ""
    wrong: int = 0
    moved: bool = False
    bot: Bot | None = None


@dataclass(eq=False, slots=True)
class Medium:
    """A file on the CDN: what is `stored` there; the real one knows neither `plain` nor `key`."""

    stored: bytes
    plain: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload that was asked for with getuploadurl."""

    bot: Bot
    filekey: str
    kind: int
    rawsize: int
    md5: str
    filesize: int
    key: bytes


@dataclass(slots=True)
class Limits:
    """What a bot may send to a person, and with which context token; see `Faults.limits`."""

    budget: int | None = 10
    window: float | None = DAY
    burst: int | None = None
    seconds: float = 1.0
    blocked: float = 60.0
    newest: bool = False
    tokenless: bool = False


class World(Critical):
    """Everything both sides share: the people's side writes in it, and so do the bots' calls."""

    def __init__(self, hold: float, code_seconds: float, takeover_seconds: float) -> None:
        super().__init__()
        self.hold = hold
        self.code_seconds = code_seconds
        self.takeover_seconds = takeover_seconds
        self.full_urls = True
        self.forgetful = False
        self.swallows: dict[str, int | None] = {}
        self.limits = Limits()
        self.root = self.other_root = self.cdn = ""
        self.people: dict[str, Person] = {}
        self.bots: list[Bot] = []
        self.codes: list[Code] = []
        self.next_digits = ""
        self.next_moves = False
        self.media: dict[str, Medium] = {}
        self.uploads: dict[str, Upload] = {}
        self.numbers = itertools.count(1)
        self.message_ids: Iterator[int] = itertools.count(FIRST_ID, 1_000_003)

    def mark(self, kind: str, size: int = 32) -> str:
        """A new string of *size* hex digits, the same in every run."""
        return hashlib.sha512(f"{kind} {next(self.numbers)}".encode()).hexdigest()[:size]

    def opaque(self, kind: str) -> str:
        """A new string as WeChat makes them: long, with characters that a URL must escape."""
        digest = hashlib.sha512(f"{kind} {next(self.numbers)}".encode()).digest()
        return "AA+z/" + base64.b64encode(digest).decode()

    def talk(self, bot: Bot, person: Person) -> Talk:
        """The conversation of *bot* and *person*, begun where there is none."""
        return bot.talks.setdefault(person.id, Talk(bot, person))

    @property
    def newest(self) -> Bot:
        """The newest bot that is alive, or the newest. Raises `AssertionError`: there is none."""
        assert self.bots, "there is no bot: nobody has logged in"
        return next((bot for bot in reversed(self.bots) if not bot.dead), self.bots[-1])

    def by_token(self, token: str) -> Bot | None:
        """Whose bot_token that is, alive or not."""
        return next((bot for bot in self.bots if bot.token == token), None)

    def find(self, message_id: str) -> tuple[Bot, Json]:
        """What was said to a bot, and to which. Raises `AssertionError`: there is no such message."""
        for bot in self.bots:
            for message in bot.inbox:
                if isinstance(message, dict) and str(message.get("message_id")) == message_id:
                    return bot, message
        raise AssertionError(f"there is no message {message_id}")

    def bind(self, person: Person, root: str) -> Bot:
        """Make a new bot for *person*; the one they had dies after a while."""
        old, number = person.bot, self.mark("bot", 12)
        bot = Bot(f"{number}@im.bot", f"{number}@im.bot:{self.mark('token')}", person, root)
        person.bot = bot
        self.bots.append(bot)
        if old is not None and not old.dead:
            self.retire(old)
        self.changed()
        return bot

    def retire(self, bot: Bot) -> None:
        """Let *bot* die after `takeover_seconds`."""
        if self.takeover_seconds <= 0:
            self.kill(bot)
        else:
            asyncio.get_running_loop().call_later(self.takeover_seconds, self.kill, bot)

    def kill(self, bot: Bot) -> None:
        """Its token gets -14 from now on, and so do the polls that wait."""
        bot.dead = True
        self.changed()

    def store(self, plain: bytes, key: bytes, stored: bytes) -> str:
        """Keep a file on the CDN; its encrypt_query_param."""
        param = self.opaque("media")
        self.media[param] = Medium(stored, plain, key)
        return param
