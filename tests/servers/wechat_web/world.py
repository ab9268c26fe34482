"""What WeChat knows: people, groups, what was said, and who is logged in on the web."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from tests.servers.watching import Critical

Json = dict[str, Any]
T = TypeVar("T")

OFFICIAL = 8  # a bit of VerifyFlag
STATUS = 51  # the MsgType with which the phone tells what it is doing


@dataclass(eq=False, slots=True)
class User:
    """A person or an official account.

    `id` is what WeChat calls them for ever, and `seq` the number of their portrait: of both a web client
    sees hardly anything. `fixed`: a name that is the same in every login, as that of the file helper.
    """

    name: str
    id: str
    seq: int
    sex: int = 0
    verify_flag: int = 0
    wechat_id: str = ""
    signature: str = ""
    fixed: str = ""


@dataclass(eq=False, slots=True)
class Account(User):
    """A person whom a web client logs in as.

    `friends`: with the remark under which each is kept, or "". `timeline`: all that web clients have to
    hear of, oldest first; `confirmed`: how much of it one of them is known to have got. `may`: whether it
    may use the web; `doomed`: seconds after which each of its logins ends with 1102, or None. `lost`: friends
    who take nothing from it any more, and what WeChat says about that.
    """

    uin: int = 0
    friends: dict[User, str] = field(default_factory=dict)
    timeline: list[Item] = field(default_factory=list)
    confirmed: int = 0
    may: bool = True
    doomed: float | None = None
    lost: dict[User, str] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Sent:
    """A message that an account sent from the web, as people see it.

    `kind`: "text", "picture", "emoticon", "video", "file" or "link". `name` and `content` are a file's.
    `time` is `time.monotonic()` of its sending.
    """

    text: str
    kind: str
    account: Account
    id: str
    local_id: str
    params: Json
    name: str = ""
    content: bytes = b""
    revoked: bool = False
    time: float = field(default_factory=time.monotonic)


@dataclass(eq=False, slots=True)
class Room:
    """A conversation: of an account with one person (`user`), or a group.

    `aliases`: what members call themselves in the group. `saved`: whether our accounts keep it in their
    contacts; those that are not there are not in the contact list.
    """

    id: str
    title: str
    account: Account
    members: list[User]
    seq: int
    user: User | None = None
    saved: bool = True
    owner: User | None = None
    aliases: dict[User, str] = field(default_factory=dict)
    shown: list[Sent] = field(default_factory=list)

    @property
    def private(self) -> bool:
        """Whether this is a conversation of two."""
        return self.user is not None

    def name_of(self, user: User) -> str:
        """What *user* is called in this conversation."""
        return self.aliases.get(user) or user.name

    def peer(self, account: Account) -> User | Room:
        """Whom *account* writes to when it writes here."""
        if self.user is None:
            return self
        return self.account if account is self.user else self.user

    def accounts(self) -> Iterator[Account]:
        """The accounts that hear what is said here."""
        yield from (member for member in self.members if isinstance(member, Account))


class Names(Protocol):
    """How one login calls everybody."""

    def name(self, who: User | Room) -> str:
        """The UserName of *who*."""


@dataclass(eq=False, slots=True)
class Message:
    """A message for web clients; `more` makes what depends on the login that it is told to."""

    id: str
    room: Room | None
    sender: User | None
    kind: int
    content: str
    fields: Json = field(default_factory=dict)
    more: Callable[[Names], Json] | None = None
    media: bytes = b""
    created: int = field(default_factory=lambda: int(time.time()))


@dataclass(eq=False, slots=True)
class Change:
    """News of a contact."""

    who: User | Room
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Stir:
    """A reason to look that turns out to be none."""

    selector: int = 7


Item = Message | Change | Stir


@dataclass(eq=False, slots=True)
class FriendRequest:
    """Somebody wants to be a friend; `ticket` is what the answer must bring."""

    user: User
    account: Account
    content: str
    ticket: str
    accepted: bool = False


class World(Critical):
    """Everything both sides share: the people's side writes in it, and so do the web clients' calls."""

    def __init__(self) -> None:
        super().__init__()
        self.root = ""
        self.accounts: list[Account] = []
        self.users: list[User] = []
        self.rooms: list[Room] = []
        self.recent: list[Room] = []
        self.sends_per_minute: int | None = None
        self.requests: list[FriendRequest] = []
        self.messages: dict[str, Message] = {}
        self.numbers = itertools.count(1)
        self.filehelper = User("文件传输助手", "filehelper", 620730115, fixed="filehelper")

    def account(self, name: str = "Gateway", wechat_id: str = "") -> Account:
        """The account by that name, made where there is none."""
        known = next((one for one in self.accounts if one.name == name), None)
        if known is None:
            number = next(self.numbers)
            known = Account(name, f"wxid_self{number}", 620000000 + number, wechat_id=wechat_id)
            known.uin = 2684027000 + number
            self.accounts.append(known)
        return known

    @property
    def first(self) -> Account:
        """The account that is meant where none is named."""
        return self.accounts[0] if self.accounts else self.account()

    def message_id(self) -> str:
        """A new MsgId, which has more digits than a float can hold."""
        return str(6276659661087965644 + next(self.numbers) * 7919)

    def tell(self, account: Account, item: Item) -> None:
        """Let the web clients of *account* hear of *item*."""
        account.timeline.append(item)
        self.changed()

    def say(self, said: Message, *accounts: Account) -> str:
        """Let *accounts* hear a message, all in its room where none is named; its id."""
        self.messages[said.id] = said
        if said.room is not None:
            self.touch(said.room)
        for account in accounts or (said.room.accounts() if said.room else ()):
            self.tell(account, said)
        return said.id

    def touch(self, room: Room) -> None:
        """Something was said in *room*: it is the latest conversation now."""
        self.recent = [one for one in self.recent if one is not room] + [room]

    def private(self, user: User, account: Account) -> Room:
        """The conversation of *user* with *account*, made where there is none."""
        for room in self.rooms:
            if room.private and {room.user, room.account} == {user, account}:
                return room
        return self.open(Room(user.id, user.name, account, [account, user], user.seq, user))

    def open(self, room: Room) -> Room:
        """Keep a new conversation."""
        self.rooms.append(room)
        return room
