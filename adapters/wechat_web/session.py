"""One login as it is kept: what it takes to go on after a restart without a scan. Pure.

It is JSON, never a pickle, which would run whatever is written in it. It is the adapter's cursor: written in
the same transaction as the messages that were read with it, so that none is lost or read twice, and in the
gateway's database, which nobody but its owner can read. It is as good as the account's password.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from pydantic import TypeAdapter, ValidationError

from adapters.wechat_web.payloads import RawKey, RawSync, Seconds
from gateway.http import dumps, loads

# Messages of one chat may overtake those of another by so many seconds.
_OVERTAKING = 60
_MOST_DONE = 100  # requests to be friends that are kept when they are done


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie, for *domain* and what is below *path* there."""

    name: str
    value: str
    domain: str
    path: str = "/"


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody wants to be a friend: who they are in this login, and what the answer must bring.

    One that is `done` is kept, so that it is known when it comes once more.
    """

    user: str
    ticket: str
    done: bool = False


@dataclass(frozen=True, slots=True)
class Keys:
    """What every call of a login must bring: addresses, and what WeChat and we have drawn for it."""

    url: str
    file_url: str
    sync_url: str
    uin: str
    sid: str
    skey: str
    device: str
    pass_ticket: str


@dataclass(frozen=True, slots=True)
class Session:
    """A login.

    `user` and `name` are who we are in it. `key` is how far messages are read, `check_key` the same for the
    question whether there are more. What was written before `since` is old, and `newest` is when the newest
    message was written, by WeChat's clock in seconds. `groups` are those that the contact list may not have,
    `requests` of those who want to be friends.
    """

    keys: Keys
    user: str
    name: str
    key: RawKey
    check_key: str
    cookies: tuple[Cookie, ...] = ()
    since: Seconds = 0
    newest: Seconds = 0
    groups: tuple[str, ...] = ()
    requests: tuple[Request, ...] = ()

    def __repr__(self) -> str:
        # What the others say opens the account.
        return f"Session(uin={self.keys.uin})"

    def advanced(
        self,
        raw: RawSync,
        cookies: Iterable[Cookie],
        newest: Iterable[int] = (),
        groups: Iterable[str] = (),
        requests: Iterable[Request] = (),
    ) -> Session:
        """The session after *raw* was read; *newest*: when its messages were written."""
        key = raw.get("SyncKey")
        moved = key is not None and bool(key["List"])
        check = raw.get("SyncCheckKey")
        return replace(
            self,
            key=key if key is not None and moved else self.key,
            check_key=joined(check if check is not None and check["List"] else key) or self.check_key,
            cookies=tuple(cookies),
            newest=max((self.newest, *newest)),
            groups=tuple(dict.fromkeys((*self.groups, *groups))),
            requests=self.requests + tuple(each for each in requests if each not in self._known_requests),
        )

    def resumed(self) -> Session:
        """The session after a restart: what is older than the last message that was read is read already."""
        return replace(self, since=max(self.since, self.newest - _OVERTAKING))

    @property
    def waiting(self) -> tuple[Request, ...]:
        """Who is still to be accepted."""
        return tuple(each for each in self.requests if not each.done)

    def settled(self, request: Request) -> Session:
        """The session with nothing to do for *request* any more."""
        done = [each for each in self.requests if each.done][-_MOST_DONE:]
        others = [each for each in self.waiting if each != request]
        return replace(self, requests=(*done, replace(request, done=True), *others))

    @property
    def _known_requests(self) -> set[Request]:
        return {replace(each, done=False) for each in self.requests}

    def to_json(self) -> str:
        """JSON that `from_json` reads."""
        return dumps(self).decode()

    @classmethod
    def from_json(cls, saved: str) -> Self:
        """The session that `to_json` wrote. Raises `ValueError` for anything else, without its text."""
        try:
            found: Any = _SESSION.validate_python(loads(saved))
        except ValidationError as exc:
            raise ValueError(f"{exc.error_count()} mistakes in it") from None
        if not isinstance(found, cls):
            raise ValueError("it is of another kind")
        return found


def joined(key: RawKey | Mapping[str, Any] | None) -> str:
    """A key as synccheck wants it: ``1_23|2_45``; "" where there is none."""
    pairs = key["List"] if key else []
    return "|".join(f"{pair['Key']}_{pair['Val']}" for pair in pairs)


_SESSION = TypeAdapter(Session)
