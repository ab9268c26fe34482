"""An answer while it is written: shown growing where the platform can, else that we are typing."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from gateway.adapter import Adapter
from gateway.errors import AdapterError, OutcomeUnknown
from gateway.message import Chat, Receipt, Reply
from gateway.presentation import present
from gateway.tasks import cancel

logger = logging.getLogger(__name__)

# A model that answers at once is not shown typing, and an answer that is there at once is not shown growing.
_BEFORE_TYPING = 1.0
_BEFORE_FIRST_VIEW = 0.4
# A platform shows "is typing" for about five seconds, and a draft for thirty.
_TYPING_AGAIN = 4.0
_VIEW_FADES = 20.0
# What is being sent when it is not wanted any more may take so long to end (seconds).
LAST_WAIT = 5.0
# What fades by itself keeps the final text waiting for so long at most (seconds).
_FADING_WAIT = 1.0


class Draft:
    """Shows a growing answer, from a task of its own so that the model is never kept waiting.

    Use as an async context manager around the writing; `text` is what there is to see, "" where nothing
    grows, `receipt` afterwards the message that grew, if there is one. What is shown may lag or be left out:
    the final text is delivered apart.
    """

    def __init__(
        self,
        adapter: Adapter[Any],
        chat: Chat,
        first: Reply,
        keep: Callable[[str], Awaitable[None]],
        receipt: str | None = None,
    ) -> None:
        self.text = ""
        self.receipt = receipt
        self._adapter = adapter
        self._chat = chat
        self._first = first
        self._keep = keep
        self._number = 0
        self._lasts = False  # what is on its way to the platform stays there
        self._changed = asyncio.Event()
        self._finished = asyncio.Event()
        self._beginning: asyncio.TimerHandle | None = None
        self._viewer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self._adapter.capabilities.typing:
            self._begin_in(_BEFORE_TYPING)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._finished.set()
        self._changed.set()
        if self._beginning is not None:
            self._beginning.cancel()
        if self._viewer is None:
            return
        if isinstance(exc, asyncio.CancelledError):
            await _end(self._viewer)
            return
        try:
            await self._last_view(self._viewer)
        except asyncio.CancelledError:
            await _end(self._viewer)
            raise

    async def _last_view(self, viewer: asyncio.Task[None]) -> None:
        """Wait until nothing is on its way. Raises what *viewer* did not foresee.

        A new message must end, or it would be there and we did not know of it; so must an edit, or it might
        come after the final text and take its place. What fades by itself is not waited for when it hangs.
        """
        await asyncio.wait({viewer}, timeout=_FADING_WAIT)
        if not viewer.done() and not self._lasts:
            viewer.cancel()
        await asyncio.wait({viewer})
        if not viewer.cancelled():
            viewer.result()

    async def show(self, text: str) -> None:
        """Have *text*, the whole answer so far, shown when it is time, where anything is."""
        if not self._grows:
            return
        self.text = text
        if not self._changed.is_set():
            self._changed.set()
            if self._viewer is None:
                self._begin_in(_BEFORE_FIRST_VIEW)

    def _begin_in(self, seconds: float) -> None:
        """Begin to view in so many seconds, not earlier: most answers are there before, and cost no task."""
        if self._beginning is not None:
            self._beginning.cancel()
        self._beginning = asyncio.get_running_loop().call_later(seconds, self._begin)

    def _begin(self) -> None:
        self._viewer = asyncio.create_task(self._view(), name=f"draft {self._chat.key}")

    @property
    def _grows(self) -> bool:
        able = self._adapter.capabilities
        return able.edit or self._chat.kind in able.draft

    async def _view(self) -> None:
        try:
            if self._changed.is_set():
                await self._grow()
                return
            await self._type()
            if self._grows and not await _within(_BEFORE_FIRST_VIEW, self._finished):
                await self._grow()
        except AdapterError as exc:
            logger.info("the answer is not shown growing any more: %s", exc)

    async def _type(self) -> None:
        """Show that we are writing until there is something to show instead, or the end."""
        while not self._changed.is_set():
            pause = max(_TYPING_AGAIN, await _when_there_is_room(self._adapter.typing(self._chat)))
            await _within(pause, self._changed)

    async def _grow(self) -> None:
        """Show what there is by now, and again, until the end."""
        able = self._adapter.capabilities
        least = able.preview_seconds if self._chat.kind == "private" else able.group_preview_seconds
        while not self._finished.is_set():
            await _within(_VIEW_FADES, self._changed)
            self._changed.clear()
            pause = least
            pieces = await present(self.text.rstrip(), able)
            if pieces and not self._finished.is_set():
                end = replace(self._first, text=pieces[-1].text, entities=pieces[-1].entities, growing=True)
                pause = max(least, await _when_there_is_room(self._show_now(end)))
            await _within(pause, self._finished)

    async def _show_now(self, reply: Reply) -> None:
        """Show the end of what there is: in the message that is there, in a draft, or in a new message."""
        able = self._adapter.capabilities
        in_place = self.receipt is not None and able.edit
        if self._chat.kind in able.draft and not in_place:
            self._number = self._number or secrets.randbelow(2**31 - 1) + 1
            await self._adapter.draft(self._chat, self._number, reply)
            return
        self._lasts = True
        try:
            await self._put(reply)
        finally:
            self._lasts = False

    async def _put(self, reply: Reply) -> None:
        """Show it in the message that grows, or begin that.

        Where nobody knows whether that has begun, the answer is a message of its own all the same: to keep it
        back would be worse than its beginning twice.
        """
        if self.receipt is not None:
            await self._adapter.edit(self._chat, Receipt(self.receipt), reply, final=False)
            return
        try:
            self.receipt = (await self._adapter.send(self._chat, reply)).id
        except OutcomeUnknown:
            logger.warning("the beginning of the answer may be there; all of it comes below")
            raise
        await self._keep(self.receipt)


async def _end(viewer: asyncio.Task[None]) -> None:
    """Let a view that is on its way end, within the time that there is for that."""
    await asyncio.wait([viewer], timeout=LAST_WAIT)
    await cancel(viewer)


async def _when_there_is_room(act: Awaitable[None]) -> float:
    """Do *act*; returns how long the platform wants no more of it, in seconds. Raises other errors."""
    try:
        await act
    except AdapterError as exc:
        if exc.retry_after is None:
            raise
        return exc.retry_after
    return 0.0


async def _within(seconds: float, event: asyncio.Event) -> bool:
    """Wait for *event*; false where *seconds* pass before it."""
    if event.is_set():
        return True
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
