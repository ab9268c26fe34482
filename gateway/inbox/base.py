"""What every inbox does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

from gateway.message import Event, Message


class Claim(Protocol):
    """A message that is being worked on. It is settled once, by one of the three."""

    @property
    def message(self) -> Message:
        """What was said."""
        ...

    @property
    def attempts(self) -> int:
        """How often it was tried before."""
        ...

    @property
    def received(self) -> float:
        """When the inbox got it, in seconds since 1970."""
        ...

    @property
    def wakes(self) -> bool:
        """True where it was put off last until something new is said in its lane."""
        ...

    @property
    def recalled(self) -> bool:
        """True where it was taken back since it was handed out: there is nothing to answer any more."""
        ...

    async def merge(self, mergeable: Callable[[Message], bool]) -> bool:
        """Make what follows in the lane part of this message, as far as it is *mergeable*; false: nothing is.

        Durable: the messages are one from now on.
        """
        ...

    async def done(self) -> None:
        """It is dealt with."""
        ...

    async def retry(self, after: float, error: str, *, wakes: bool = False) -> None:
        """Hand it out again in *after* seconds; what came later in its lane waits behind it.

        Where it *wakes*, as soon as something new is put into its lane, or was since it was handed out.
        """
        ...

    async def dead(self, error: str) -> None:
        """Give up; keep it for the operator to see and to retry."""
        ...


class Inbox(Protocol):
    """The queue between the platforms and us."""

    async def put(self, channel: str, events: Sequence[Event], cursor: str | None = None) -> None:
        """Make *events* and the channel's *cursor* durable, together or not at all.

        A message that we have (same chat, same id) is dropped. A correction replaces the text of a message
        that still waits; it is a message of its own (with `edit_of`) where that one is known and was claimed,
        or where it speaks to us. What is recalled is not handed out any more. Raises `InboxError`.
        """
        ...

    async def drop(self, lane: str) -> bool:
        """Settle the message for which *lane* is parked, with what is left of its answer; false: it is not.

        What came later in the lane is handed out. Raises `StoreError`.
        """
        ...

    def claims(self) -> AsyncIterator[Claim]:
        """What is to be worked on, for ever.

        In a lane in the order of arrival, and one unsettled claim at a time; lanes beside each other. What
        a crash left unsettled comes again. One reader at a time.
        """
        ...
