"""A login that a person must help with: a code to scan, digits to type."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum


class Step(StrEnum):
    """What a person has to do next."""

    SCAN = "scan"
    CONFIRM = "confirm"
    DIGITS = "digits"


@dataclass(frozen=True, slots=True)
class Scan:
    """A QR code that somebody has to scan; it opens the account, so it is as secret as a password.

    `text` is what the code says, mostly an address; `expires` in seconds since 1970. At `Step.CONFIRM` it was
    scanned and is to be confirmed on the phone; at `Step.DIGITS` the phone shows digits that we must be
    told, and `wrong` says that those typed last were not the ones.
    """

    text: str
    expires: float
    step: Step = Step.SCAN
    wrong: bool = False


class Login:
    """What an adapter asks of a person, and everybody who may show it: terminal, page, picture, operator.

    An adapter calls `show` (again for every new code), then `scanned`, `digits` where the platform wants
    them, and `done` at the end, however it ended.
    """

    def __init__(self) -> None:
        self._scan: Scan | None = None
        self._watchers: list[Callable[[Scan | None], None]] = []
        self._typed: asyncio.Queue[str] = asyncio.Queue(1)

    @property
    def scan(self) -> Scan | None:
        """What is asked now; None: nothing."""
        return self._scan

    def watch(self, watcher: Callable[[Scan | None], None]) -> None:
        """Call *watcher* at every change, at once where something is asked now; it must be quick."""
        self._watchers.append(watcher)
        if self._scan is not None:
            watcher(self._scan)

    def show(self, text: str, lifetime: float) -> None:
        """Have a code that says *text* scanned; it is good for *lifetime* seconds."""
        self._change(Scan(text, time.time() + lifetime))

    def scanned(self) -> None:
        """The code was scanned: it is to be confirmed on the phone."""
        if self._scan is not None:
            self._change(replace(self._scan, step=Step.CONFIRM, wrong=False))

    async def digits(self, *, wrong: bool = False) -> str:
        """The digits that the phone shows, once somebody has typed them here."""
        if self._scan is not None:
            self._change(replace(self._scan, step=Step.DIGITS, wrong=wrong))
        with suppress(asyncio.QueueEmpty):
            self._typed.get_nowait()  # for an earlier question
        return await self._typed.get()

    def answer(self, digits: str) -> bool:
        """Somebody typed *digits*; false where nobody asked for them."""
        if self._scan is None or self._scan.step is not Step.DIGITS or self._typed.full():
            return False
        self._typed.put_nowait(digits)
        self._change(replace(self._scan, step=Step.CONFIRM, wrong=False))
        return True

    def done(self) -> None:
        """Nothing is asked any more."""
        self._change(None)

    def _change(self, scan: Scan | None) -> None:
        if scan == self._scan:
            return
        self._scan = scan
        for watcher in self._watchers:
            watcher(scan)
