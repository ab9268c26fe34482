"""An answer while it is written."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.adapter import Capabilities
from gateway.draft import Draft
from gateway.errors import NetworkError, RateLimited, StoreError
from gateway.message import Chat, Reply
from tests.adapters.host import until
from tests.adapters.memory import MemoryAdapter
from tests.words import GROUP, PRIVATE

LEAST = 0.05
EDITS = Capabilities(max_length=100, edit=True, preview_seconds=LEAST, group_preview_seconds=2 * LEAST)
DRAFTS = Capabilities(max_length=100, draft=frozenset({"private"}), preview_seconds=LEAST)
TYPING = Capabilities(typing=True)


class Page:
    """What a draft keeps."""

    def __init__(self, folder: Path, able: Capabilities, chat: Chat = PRIVATE) -> None:
        self.adapter = MemoryAdapter(folder, able)
        self.chat = chat
        self.kept: list[str] = []

    def draft(self, receipt: str | None = None) -> Draft:
        async def keep(id: str) -> None:
            self.kept.append(id)

        return Draft(self.adapter, self.chat, Reply("", reply_to="5"), keep, receipt)


@asynccontextmanager
async def growing(draft: Draft) -> AsyncIterator[None]:
    """A text grows, a word each millisecond, until the end."""

    async def grow() -> None:
        for number in itertools.count():
            await draft.show("word " * (number % 10 + 1) + str(number))
            await asyncio.sleep(0.001)

    task = asyncio.create_task(grow())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_where_nothing_grows_nothing_was_seen(tmp_path: Path) -> None:
    """Regression: of an answer that was stopped, the beginning came after all, where nobody had seen it."""
    page = Page(tmp_path, TYPING)
    async with page.draft() as draft:
        await draft.show("some of it")
    assert draft.text == ""


async def test_an_answer_that_is_there_at_once_is_not_shown_growing(tmp_path: Path) -> None:
    page = Page(tmp_path, EDITS)
    async with asyncio.timeout(0.3), page.draft() as draft:
        await draft.show("all of it")
    assert page.adapter.calls == []
    assert draft.receipt is None
    assert draft.text == "all of it"


async def test_one_message_grows_and_is_known(tmp_path: Path) -> None:
    page = Page(tmp_path, EDITS)
    async with page.draft() as draft, growing(draft):
        await until(lambda: len(page.adapter.asked("view")) >= 3)
    assert len(page.adapter.messages) == 1
    assert page.adapter.messages[0].reply.reply_to == "5"
    assert page.kept == [draft.receipt] == [page.adapter.messages[0].id]


@pytest.mark.parametrize(("chat", "least"), [(PRIVATE, LEAST), (GROUP, 2 * LEAST)], ids=["private", "group"])
async def test_views_keep_their_distance(tmp_path: Path, chat: Chat, least: float) -> None:
    page = Page(tmp_path, EDITS, chat)
    async with page.draft() as draft, growing(draft):
        await until(lambda: len(page.adapter.calls) >= 4)
    times = [call.time for call in page.adapter.calls]
    assert all(later - earlier >= least * 0.95 for earlier, later in itertools.pairwise(times))


async def test_what_does_not_change_is_not_shown_again(tmp_path: Path) -> None:
    page = Page(tmp_path, EDITS)
    async with page.draft() as draft:
        await draft.show("thinking")
        await until(lambda: page.adapter.calls)
        await asyncio.sleep(4 * LEAST)
    assert len(page.adapter.calls) == 1


async def test_the_end_of_a_long_text_is_shown(tmp_path: Path) -> None:
    page = Page(tmp_path, EDITS)
    async with page.draft() as draft:
        await draft.show("begin " * 30 + "\n\nthe end")
        await until(lambda: page.adapter.messages)
    (text,) = page.adapter.texts()
    assert text.endswith("the end")
    assert len(text) <= 100


@pytest.mark.parametrize("nothing", ["", " \n", "\u200b"])
async def test_nothing_to_see_is_not_shown(tmp_path: Path, nothing: str) -> None:
    page = Page(tmp_path, EDITS)
    async with page.draft() as draft:
        await draft.show(nothing)
        await asyncio.sleep(0.45)
        await draft.show("something")
        await until(lambda: page.adapter.messages)
    assert page.adapter.texts() == ["something"]


async def test_the_message_of_before_a_crash_grows_on(tmp_path: Path) -> None:
    page = Page(tmp_path, EDITS)
    receipt = await page.adapter.send(PRIVATE, Reply("half"))
    async with page.draft(receipt.id) as draft:
        await draft.show("more")
        await until(lambda: page.adapter.texts() == ["more"])
    assert draft.receipt == receipt.id


async def test_drafts_are_shown_where_there_are_some(tmp_path: Path) -> None:
    page = Page(tmp_path, DRAFTS)
    async with page.draft() as draft, growing(draft):
        await until(lambda: len(page.adapter.asked("draft")) >= 2)
    assert page.adapter.messages == []
    assert draft.receipt is None


async def test_a_flood_wait_pauses_views_and_does_not_delay_the_end(tmp_path: Path) -> None:
    page = Page(tmp_path, EDITS)
    page.adapter.faults.extend([None, RateLimited("slow down", 3600)])
    async with page.draft() as draft, growing(draft):
        await until(lambda: len(page.adapter.calls) == 2)
        await asyncio.sleep(4 * LEAST)
        ended = asyncio.get_running_loop().time()
    assert len(page.adapter.calls) == 2
    assert asyncio.get_running_loop().time() - ended < 0.5
    assert draft.receipt == page.adapter.messages[0].id


async def test_views_go_on_after_a_short_flood_wait(tmp_path: Path) -> None:
    page = Page(tmp_path, EDITS)
    page.adapter.faults.extend([RateLimited("slow down", 0.1), None, RateLimited("slow down", 0.1)])
    async with page.draft() as draft, growing(draft):
        await until(lambda: len(page.adapter.asked("view")) >= 2)
    assert len(page.adapter.messages) == 1


async def test_an_error_ends_the_views_and_not_the_answer(tmp_path: Path) -> None:
    page = Page(tmp_path, EDITS)
    page.adapter.faults.append(NetworkError("no network"))
    async with page.draft() as draft:
        await draft.show("hello")
        await until(lambda: page.adapter.calls)
        await draft.show("hello again")
        await asyncio.sleep(2 * LEAST)
    assert len(page.adapter.calls) == 1
    assert draft.text == "hello again"


async def test_a_receipt_that_cannot_be_kept_is_heard_of(tmp_path: Path) -> None:
    adapter = MemoryAdapter(tmp_path, EDITS)

    async def keep(id: str) -> None:
        raise StoreError("disk full")

    async def write() -> None:
        async with Draft(adapter, PRIVATE, Reply(""), keep) as draft:
            await draft.show("hello")
            await until(lambda: adapter.messages)

    with pytest.raises(StoreError):
        await write()


async def test_a_view_on_its_way_is_waited_for(tmp_path: Path) -> None:
    """Or there would be a message of ours of which we do not know."""
    page = Page(tmp_path, EDITS)
    page.adapter.gate.clear()
    draft = page.draft()

    async def write() -> None:
        async with draft:
            await draft.show("hello")
            await until(lambda: page.adapter.calls)

    writing = asyncio.create_task(write())
    await until(lambda: page.adapter.calls)
    await asyncio.sleep(0.02)
    writing.cancel()  # a person says stop while the end waits for the view
    await asyncio.sleep(0.02)
    assert not writing.done()
    page.adapter.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert draft.receipt == page.adapter.messages[0].id
    assert page.kept == [draft.receipt]


@pytest.mark.parametrize(("able", "kind"), [(TYPING, "typing"), (DRAFTS, "draft")], ids=["typing", "draft"])
async def test_what_fades_by_itself_does_not_keep_the_answer_waiting_when_it_hangs(
    tmp_path: Path, able: Capabilities, kind: str
) -> None:
    """Regression: the answer came when the platform's time for that call was over."""
    page = Page(tmp_path, able)
    page.adapter.gate.clear()
    async with asyncio.timeout(5):
        async with page.draft() as draft:
            await draft.show("hello")
            await until(lambda: page.adapter.asked(kind))
        page.adapter.gate.set()
        await page.adapter.send(PRIVATE, Reply("the answer"))
    assert page.adapter.texts() == ["the answer"]


async def test_an_edit_that_hangs_is_waited_for(tmp_path: Path) -> None:
    """Or it might come after the final text, and take its place."""
    page = Page(tmp_path, EDITS)
    draft = page.draft((await page.adapter.send(PRIVATE, Reply("half"))).id)
    page.adapter.gate.clear()

    async def write() -> None:
        async with draft:
            await draft.show("hello")
            await until(lambda: page.adapter.asked("view"))

    writing = asyncio.create_task(write())
    done, _ = await asyncio.wait({writing}, timeout=3)
    assert not done
    page.adapter.gate.set()
    await writing
    assert page.adapter.texts() == ["hello"]


async def test_typing_is_shown_while_the_model_thinks(tmp_path: Path) -> None:
    page = Page(tmp_path, TYPING)
    async with page.draft() as draft:
        await draft.show("never shown")
        await until(lambda: page.adapter.calls)
    assert page.adapter.asked("typing") == [""]
    assert page.adapter.messages == []


async def test_a_quick_answer_shows_no_typing(tmp_path: Path) -> None:
    page = Page(tmp_path, TYPING)
    async with page.draft():
        await asyncio.sleep(0.1)
    assert page.adapter.calls == []


async def test_views_follow_typing_that_was_refused(tmp_path: Path) -> None:
    page = Page(tmp_path, Capabilities(typing=True, edit=True, preview_seconds=LEAST))
    page.adapter.faults.append(RateLimited("slow down", 5))
    async with page.draft() as draft:
        await until(lambda: page.adapter.calls)
        await draft.show("hello")
        await until(lambda: page.adapter.texts() == ["hello"])


async def test_a_platform_that_can_do_nothing_is_asked_for_nothing(tmp_path: Path) -> None:
    page = Page(tmp_path, Capabilities())
    before = asyncio.all_tasks()
    async with page.draft() as draft:
        await draft.show("hello")
        assert asyncio.all_tasks() == before
    assert page.adapter.calls == []
