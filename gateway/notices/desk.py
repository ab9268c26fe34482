"""One operator's chat: what it was told, and what comes next."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from gateway import qr
from gateway.backoff import delays
from gateway.errors import GatewayError, Rejected
from gateway.message import Attachment, Receipt
from gateway.notices.post import Post
from gateway.notices.watch import BACK, CODE, Pace, Watch
from gateway.notices.wording import Wording

logger = logging.getLogger(__name__)

# Tries at one notice, and the longest pause between two (seconds).
_TRIES, _LONGEST_PAUSE = 8, 300.0


@dataclass(slots=True)
class _Told:
    """The topics that were told, or given up, of a channel's trouble; `heard`: one of them arrived.

    `blind`: no picture arrives. `picture` is the message that shows `code`.
    """

    episode: int = 0
    topics: set[str] = field(default_factory=set)
    heard: bool = False
    blind: bool = False
    picture: Receipt | None = None
    code: str = field(default="", repr=False)

    def follow(self, watch: Watch) -> None:
        """Forget what was told of trouble that is over, unless an operator is to hear just that."""
        over = not self.heard if watch.state is None else self.episode != watch.episode
        if over:
            self.topics.clear()
            self.episode, self.blind = watch.episode, False


@dataclass(frozen=True, slots=True)
class _Notice:
    """Something to tell: of a channel, with a picture of `code` where there is one, or of `letters`."""

    text: str
    watch: Watch | None = None
    topic: str = ""
    code: str = field(default="", repr=False)
    letters: int = 0


class Desk:
    """Tells one chat how the channels are: what holds now, not what happened meanwhile.

    Nothing is told while the chat's own channel does not work, and nothing of that channel.
    """

    def __init__(self, post: Post, watches: Sequence[Watch], wording: Wording, pace: Pace) -> None:
        self._post = post
        self._told = {watch: _Told() for watch in watches if watch.channel is not post.channel}
        self._wording = wording
        self._pace = pace
        # Dead letters that were not told yet, and when they are to be; all times are `time.monotonic`'s.
        self._letters, self._letters_due = 0, 0.0
        # What could not be told the last time, how often that was tried, and when it may be again.
        self._failing, self._tries, self._not_before = "", 0, 0.0
        self._pauses = delays(pace.first_pause, _LONGEST_PAUSE)
        # Notices in this hour, and when it ends.
        self._count, self._hour_ends = 0, 0.0
        self._wake = asyncio.Event()

    def look(self) -> None:
        """Something changed."""
        self._wake.set()

    def count_letter(self) -> None:
        """A message was given up."""
        if self._letters == 0:
            self._letters_due = max(self._letters_due, time.monotonic() + self._pace.letters)
        self._letters += 1
        self._wake.set()

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            self._wake.clear()
            pause = await self._work()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    async def _work(self) -> float | None:
        """Tell what there is to tell. Returns in how many seconds to look again; None: at a change."""
        while self._post.open:
            await self._take_away()
            notice, now = self._next(), time.monotonic()
            if notice is None:
                return self._until_due(now)
            if now >= self._hour_ends:
                self._count, self._hour_ends = 0, now + self._pace.hour
            held = self._hour_ends if self._count > self._pace.most else self._not_before
            if now < held:
                return held - now
            if self._count == self._pace.most:
                notice = _Notice(self._wording.too_many(time.time() + self._hour_ends - now))
            await self._tell(notice)
        return None

    def _next(self) -> _Notice | None:
        for watch, told in self._told.items():
            told.follow(watch)
            if topic := watch.next(told.topics, pictures=self._post.pictures and not told.blind):
                scan = watch.scan if topic.startswith(CODE) else None
                text = self._wording.notice(topic, watch, scan.expires if scan else None)
                return _Notice(text, watch, topic, scan.text if scan else "")
        if self._letters and time.monotonic() >= self._letters_due:
            return _Notice(self._wording.given_up(self._letters), letters=self._letters)
        return None

    def _until_due(self, now: float) -> float | None:
        waits = [watch.wait() for watch in self._told]
        waits.append(self._letters_due - now if self._letters else 0.0)
        return min((wait for wait in waits if wait > 0), default=None)

    async def _tell(self, notice: _Notice) -> None:
        data = await asyncio.to_thread(qr.png, notice.code) if notice.code else None
        picture = Attachment("login.png", data, "image/png") if data is not None else None
        try:
            if notice.code and picture is None:
                raise Rejected("no code can hold what is to be scanned")
            receipt = await self._post.say(notice.text, picture)
        except GatewayError as exc:
            self._failed(notice, exc)
        else:
            self._settle(notice, receipt)

    def _failed(self, notice: _Notice, exc: GatewayError) -> None:
        """Have it tried again later, or without its picture, or give it up."""
        what = f"{notice.watch.channel.name if notice.watch else ''} {notice.topic}"
        if what != self._failing:
            self._failing, self._tries = what, 0
            self._pauses = delays(self._pace.first_pause, _LONGEST_PAUSE)
        self._tries += 1
        if (exc.retryable or exc.deferrable) and self._tries < _TRIES:
            pause = max(next(self._pauses), exc.retry_after or 0.0)
            self._not_before = time.monotonic() + pause
            logger.info("operator %s cannot be told, again in %.0f s: %s", self._post.name, pause, exc)
        elif notice.watch is not None and notice.code:
            logger.info("operator %s is shown no codes: %s", self._post.name, exc)
            self._told[notice.watch].blind = True
        else:
            logger.warning("operator %s was not told: %s", self._post.name, exc)
            self._settle(notice, None)

    def _settle(self, notice: _Notice, receipt: Receipt | None) -> None:
        """Take down that it was told, or (no *receipt*) given up."""
        self._failing, self._tries, self._not_before = "", 0, 0.0
        self._count += 1
        if notice.letters:
            self._letters -= notice.letters
            self._letters_due = time.monotonic() + self._pace.hour
        if notice.watch is None:
            return
        told = self._told[notice.watch]
        if notice.topic == BACK:
            told.topics.clear()
            told.heard = False
            return
        told.topics.add(notice.topic)
        told.heard = told.heard or receipt is not None
        if notice.code:
            told.picture, told.code = receipt, notice.code

    async def _take_away(self) -> None:
        """Delete the pictures of codes that are good no more."""
        for watch, told in self._told.items():
            receipt, scan = told.picture, watch.scan
            if receipt is None or (scan is not None and scan.text == told.code):
                continue
            told.picture, told.code = None, ""
            try:
                await self._post.take_away(receipt)
            except GatewayError as exc:
                logger.info("the picture of an old code stays with operator %s: %s", self._post.name, exc)
