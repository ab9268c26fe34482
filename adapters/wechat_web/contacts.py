"""Who is who: people and groups have other names in every login, and keep their ids with us. Pure.

WeChat's web pages never say who somebody really is. What lasts is the number of a portrait, the ``seq`` in
its address; where there is none (some groups, members who are no friends) names must do:

=====================  ===============================================================================
``620825410``          a person, by the portrait
``@@648035057``        a group, by the portrait
``remark:Ann``         a friend without one, by the name that the account's owner gave them
``nick:Ann``           a friend without one, by the name that they gave themselves
``room:Friends``       a group without one, by its name
``member:Ann``         somebody in a group who is no friend, by the name that they gave themselves
``login:0a1b2c3d4e5f``  nobody can tell them from another one; good for one login only
=====================  ===============================================================================

Two who would get the same id both get the last kind: better forgotten than mixed up.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from adapters.wechat_web.names import readable
from adapters.wechat_web.payloads import CONTACT, RawContact
from gateway.errors import ChatGone, WindowClosed
from gateway.payloads import flaw

log = logging.getLogger(__name__)

_OFFICIAL = 8  # a bit of VerifyFlag
_SEQ = re.compile(r"[?&]seq=([0-9]{1,19})(?:[&#]|$)")


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a group: their own name, and what they call themselves there, or ""."""

    name: str
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody or a group: own name, the name that we gave them, the number of the portrait or 0."""

    user: str
    name: str = ""
    remark: str = ""
    seq: int = 0
    official: bool = False
    members: dict[str, Member] = field(default_factory=dict)

    @property
    def is_group(self) -> bool:
        """Whether it is a group."""
        return is_group(self.user)


@dataclass(frozen=True, slots=True)
class Renamed:
    """Somebody or a group whose id is another by now."""

    user: str
    before: str
    after: str


def is_group(user: str) -> bool:
    """Whether *user* is the name of a group."""
    return user.startswith("@@")


class Contacts:
    """Everybody whom one login knows. *own* and *own_name* are ourselves."""

    def __init__(self, own: str, own_name: str) -> None:
        self.own = own
        self.own_name = own_name
        self._contacts: dict[str, Contact] = {}
        self._wishes: dict[str, str] = {}  # the id that a user should have, "" = none
        self._ids: dict[str, str] = {}
        self._users: dict[str, str] = {}
        self._gone: set[str] = set()  # ids
        self._former: dict[str, set[str]] = {}  # what we were called in groups

    def learn(self, raws: Iterable[Any]) -> list[Renamed]:
        """Take over what WeChat says of contacts; returns whose ids changed by that."""
        learned: dict[str, Contact] = {}
        for raw in raws:
            if (contact := self._read(raw)) is not None:
                self._former.setdefault(contact.user, set()).update(self.our_names(contact.user))
                self._contacts[contact.user] = learned[contact.user] = contact
        changed = [user for user, contact in learned.items() if self._wish(contact)]
        wished = Counter(self._wishes[user] for user in changed)
        renamed = [self._name(user, wished) for user in changed]
        for contact in learned.values():
            self._note_presence(contact)
        return [each for each in renamed if each is not None]

    def shut(self, user: str) -> None:
        """Nothing can be written there, until we hear of them again."""
        self._gone.add(self.id_of(user))

    def open(self, user: str) -> None:
        """They wrote to us, so we can write to them."""
        self._gone.discard(self.id_of(user))

    def find(self, user: str) -> Contact | None:
        """What is known of *user*."""
        return self._contacts.get(user)

    def id_of(self, user: str) -> str:
        """The lasting id of a person or group, or one for this login where nothing is known of them."""
        if user not in self._ids:
            self._ids[user] = _for_this_login(user)
            self._users[self._ids[user]] = user
        return self._ids[user]

    def member_id(self, group: str, user: str) -> str:
        """The lasting id of somebody in a group."""
        if user in self._ids:
            return self._ids[user]
        members = self._members(group)
        name = members[user].name if user in members else ""
        unique = sum(member.name == name for member in members.values()) == 1
        return f"member:{name}" if name and unique else _for_this_login(user)

    def member_name(self, group: str, user: str) -> str:
        """What somebody is called in a group."""
        member = self._members(group).get(user)
        return (member.alias or member.name) if member else ""

    def our_names(self, group: str) -> Sequence[str]:
        """What we are called in a group: the name that we have there, and our own; lately, too."""
        own = self._members(group).get(self.own)
        names = (own.alias, own.name, self.own_name) if own else (self.own_name,)
        return [name for name in dict.fromkeys((*names, *self._former.get(group, ()))) if name]

    def forget_former(self) -> None:
        """What was written before our names changed is read: only the new ones count from now on."""
        self._former.clear()

    def other_names(self, group: str) -> Iterable[str]:
        """What the other members of a group are called."""
        for user, member in self._members(group).items():
            if user != self.own:
                yield from filter(None, (member.alias, member.name))

    def knows(self, user: str, member: str = "") -> bool:
        """Whether all is known of *user*; of a group's members, and of *member* too."""
        if not is_group(user):
            return user in self._contacts
        members = self._members(user)
        return bool(members) and (not member or member in members)

    def address(self, id: str) -> str:
        """The name in this login of the chat with the lasting *id*. Raises `AdapterError`."""
        user = self._users.get(id)
        if id in self._gone:
            raise ChatGone("they are no friend any more, or we are not in the group")
        if user is not None:
            return user
        if id.startswith(("@@", "room:")):
            # WeChat does not list groups that are not saved to the contacts.
            raise WindowClosed("WeChat does not show this group until somebody writes in it")
        raise ChatGone("there is no such contact")

    def _members(self, group: str) -> dict[str, Member]:
        contact = self._contacts.get(group)
        return contact.members if contact else {}

    def _read(self, raw: Any) -> Contact | None:
        """What *raw* says, beside what is known of it already; None: nothing that we understand."""
        try:
            contact = CONTACT.validate_python(raw)
        except ValidationError as exc:
            log.debug("a contact is not understood and left out: %s", flaw(exc))
            return None
        known = self._contacts.get(contact["UserName"])
        return Contact(
            user=contact["UserName"],
            name=_plain(contact.get("NickName")) or (known.name if known else ""),
            remark=_plain(contact.get("RemarkName")),
            # In half of what WeChat says of groups there is no number.
            seq=number_of(raw) or (known.seq if known else 0),
            official=bool((contact.get("VerifyFlag") or 0) & _OFFICIAL),
            members=_read_members(contact) or (known.members if known else {}),
        )

    def _wish(self, contact: Contact) -> bool:
        """Note which id *contact* should have; true where that is another than before."""
        wish = _lasting_id(contact)
        changed = self._wishes.get(contact.user) != wish
        self._wishes[contact.user] = wish
        return changed

    def _name(self, user: str, wished: Counter[str]) -> Renamed | None:
        """Give *user* the id that it should have, if no other has or wants it; returns what that changed."""
        wish, before = self._wishes[user], self._ids.get(user)
        if not wish or wished[wish] > 1 or self._users.get(wish, user) != user:
            wish = before or _for_this_login(user)
        self._ids[user] = wish
        self._users[wish] = user
        if before is None or before == wish:
            return None
        del self._users[before]
        return Renamed(user, before, wish)

    def _note_presence(self, contact: Contact) -> None:
        """A group whose members we are not among is one that we cannot write to."""
        if contact.members and self.own not in contact.members:
            self.shut(contact.user)
        else:
            self.open(contact.user)


def _lasting_id(contact: Contact) -> str:
    if contact.is_group:
        return f"@@{contact.seq}" if contact.seq else contact.name and f"room:{contact.name}"
    if contact.seq:
        return str(contact.seq)
    if contact.remark:
        return f"remark:{contact.remark}"
    return contact.name and f"nick:{contact.name}"


def _for_this_login(user: str) -> str:
    return f"login:{hashlib.sha256(user.encode()).hexdigest()[:16]}"


def _read_members(contact: RawContact) -> dict[str, Member]:
    return {
        member["UserName"]: Member(_plain(member.get("NickName")), _plain(member.get("DisplayName")))
        for member in contact.get("MemberList") or ()
    }


def _plain(text: str | None) -> str:
    return readable(text or "").strip()


def number_of(raw: Any) -> int:
    """The number of the portrait that WeChat says *raw* has; 0: it says none."""
    url = raw.get("HeadImgUrl") if isinstance(raw, dict) else None
    found = _SEQ.search(url) if isinstance(url, str) else None
    return int(found[1]) if found else 0
