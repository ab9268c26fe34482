"""What DingTalk knows: apps, people, conversations, and what was handed out to reach them."""

from __future__ import annotations

import base64
import itertools
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from tests.servers.watching import Critical

Json = dict[str, Any]

CORP = "ding9f50b15bccd16741"
SCOPES = ("Card.Instance.Write", "Card.Streaming.Write", "qyapi_robot_sendmsg")


@dataclass(eq=False, slots=True)
class Robot:
    """An app with a robot. `url`: where its messages are posted to; None: they go over its connections."""

    client_id: str
    client_secret: str
    name: str
    code: str
    user_id: str
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))
    url: str | None = None


@dataclass(eq=False, slots=True)
class User:
    """A person. `staff_id` is None for people outside the organisation."""

    name: str
    id: str
    staff_id: str | None
    admin: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """A message of a robot's as people see it now.

    `via`: "webhook", "openapi", "card", or "response" (the answer to an HTTP callback). `at`: the user ids
    it mentions. `state` of a card; `history` of a card: every text it has shown. `params`: what was sent.
    `time` is `time.monotonic()` of its sending.
    """

    text: str
    title: str
    msgtype: str
    via: str
    at: tuple[str, ...]
    robot: Robot
    params: Json
    time: float
    state: str | None = None
    history: tuple[str, ...] = ()


@dataclass(eq=False, slots=True)
class Card:
    """A card: its data, and what it looks like."""

    id: str
    robot: Robot
    template: str
    params: dict[str, str]
    streams: bool
    spaces: frozenset[str]
    state: str
    key: str = "content"
    room: Room | None = None
    at: tuple[str, ...] = ()
    history: list[str] = field(default_factory=list)
    time: float = field(default_factory=time.monotonic)

    @property
    def content(self) -> str:
        """All that was written into it, shown or not."""
        return self.params.get(self.key, "")

    @property
    def text(self) -> str:
        """What people read on it: nothing, where its markdown has more than 3,000 Chinese characters."""
        return "" if han(self.content) > MAX_HAN else self.content

    def seen(self) -> Sent:
        """The card among the other messages."""
        title = self.params.get("msgTitle") or self.params.get("title", "")
        return Sent(
            text=self.text,
            title=title,
            msgtype="card",
            via="card",
            at=self.at,
            robot=self.robot,
            params=dict(self.params),
            time=self.time,
            state=self.state,
            history=tuple(self.history),
        )


MAX_HAN = 3000


def han(text: str) -> int:
    """How many Chinese characters *text* has."""
    return sum("\u4e00" <= char <= "\u9fff" or "\u3400" <= char <= "\u4dbf" for char in text)


@dataclass(eq=False, slots=True)
class Room:
    """A conversation: of one person with one robot (`user`), or a group."""

    id: str
    title: str
    robots: tuple[Robot, ...]
    user: User | None = None
    members: tuple[User, ...] = ()
    shown: list[Sent | Card] = field(default_factory=list)

    @property
    def private(self) -> bool:
        """Whether this is a conversation of one person with a robot."""
        return self.user is not None


@dataclass(frozen=True, slots=True)
class Ticket:
    """What opens one connection, once. `until` is `time.monotonic()`."""

    robot: Robot
    topics: frozenset[tuple[str, str]]
    until: float


@dataclass(frozen=True, slots=True)
class Session:
    """A sessionWebhook: where its messages appear, and until when (`time.time()`)."""

    room: Room
    robot: Robot
    until: float


class World(Critical):
    """Everything both sides share: the people's side writes in it, and so do the robots' calls."""

    def __init__(self, webhook_seconds: float, ticket_seconds: float, token_seconds: float) -> None:
        super().__init__()
        self.webhook_seconds = webhook_seconds
        self.ticket_seconds = ticket_seconds
        self.token_seconds = token_seconds
        self.token_status = 400
        self.card_qps: int | None = 20
        self.webhook_per_minute: int | None = None
        self.root = ""
        self.robots: dict[str, Robot] = {}
        self.users: list[User] = []
        self.rooms: dict[str, Room] = {}
        self.cards: dict[str, Card] = {}
        self.tickets: dict[str, Ticket] = {}
        self.tokens: dict[str, tuple[Robot, float]] = {}
        self.sessions: dict[str, Session] = {}
        self.files: dict[str, bytes] = {}
        self.media: dict[str, bytes] = {}
        self.used: dict[tuple[str, str], list[float]] = {}
        self.numbers = itertools.count(1)

    def mark(self, kind: str) -> str:
        """A new id that looks like one of DingTalk's: *kind* and letters that mean nothing."""
        return kind + base64.b64encode(f"{kind}{next(self.numbers):09d}".encode()).decode()

    def session(self, room: Room, robot: Robot) -> tuple[str, Session]:
        """A new sessionWebhook: its address, and what stands behind it."""
        key = uuid.uuid4().hex
        session = self.sessions[key] = Session(room, robot, time.time() + self.webhook_seconds)
        return f"{self.root}/robot/sendBySession?session={key}", session

    def staff(self, staff_id: str) -> User | None:
        """The person in the organisation by user id."""
        return next((user for user in self.users if user.staff_id == staff_id), None)

    def private(self, user: User, robot: Robot) -> Room:
        """The conversation of *user* with *robot*, made where there is none."""
        for room in self.rooms.values():
            if room.user is user and room.robots == (robot,):
                return room
        return self.open(Room(self.mark("cid"), robot.name, (robot,), user, (user,)))

    def open(self, room: Room) -> Room:
        """Keep a new conversation."""
        self.rooms[room.id] = room
        return room

    def show(self, room: Room, message: Sent | Card) -> None:
        """Let the people in *room* see *message*."""
        room.shown.append(message)
        self.changed()

    def store(self, content: bytes) -> str:
        """Keep what a person sent; its downloadCode."""
        code = uuid.uuid4().hex
        self.files[code] = content
        return code

    def too_often(self, who: str, what: str, times: int, seconds: float) -> bool:
        """Count one use of *what* by *who*; whether it is one more than *times* in *seconds*."""
        now = time.monotonic()
        used = self.used[who, what] = [at for at in self.used.get((who, what), []) if now - at < seconds]
        if len(used) >= times:
            return True
        used.append(now)
        return False
