"""What every inbox keeps: one class of tests, inherited by each implementation's own.

The subclass supplies `start`: each use of it is a new process with the same data, and its end is a crash.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress

from gateway.inbox import Inbox
from gateway.message import Recalled
from tests.words import GROUP, chat, said

from .reading import reading

Start = Callable[[], AbstractAsyncContextManager[Inbox]]

A, B, C = chat("a"), chat("b"), chat("c")


class InboxContract:
    """Inherit, and supply `start`. The window must hold 8 messages, 2 of a lane, or more."""

    async def test_what_was_put_survives_a_crash(self, start: Start) -> None:
        async with start() as inbox:
            await inbox.put("shop", [said("keep me", where=GROUP)])
        async with start() as inbox, reading(inbox) as reader:
            claim = await reader.next()
            assert claim.message == said("keep me", where=GROUP)
            assert claim.attempts == 0

    async def test_what_comes_twice_is_worked_once(self, start: Start) -> None:
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put("shop", [said("one", "1", A), said("one again", "1", A)])
            await inbox.put("shop", [said("one more", "1", A)])
            await inbox.put("shop", [said("two", "2", A)])
            assert await reader.work_off(2) == ["one", "two"]
            await inbox.put("shop", [said("after it is done", "1", A), said("three", "3", A)])
            assert await reader.work_off(1) == ["three"]
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put("shop", [said("after a restart", "1", A), said("four", "4", A)])
            assert await reader.texts(1) == ["four"]

    async def test_the_same_id_in_another_chat_is_another_message(self, start: Start) -> None:
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put("shop", [said("one", "1", A), said("other", "1", B)])
            assert sorted(await reader.texts(2)) == ["one", "other"]

    async def test_a_chat_is_worked_in_order_one_at_a_time(self, start: Start) -> None:
        async with start() as inbox, reading(inbox) as reader:
            for number in range(10):
                await inbox.put("shop", [said(str(number), str(number), A)])
            for number in range(10):
                claim = await reader.next()
                assert claim.message.text == str(number)
                assert reader.waiting == 0
                await claim.done()

    async def test_chats_are_worked_beside_each_other(self, start: Start) -> None:
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put("shop", [said(f"{at.id}{n}", str(n), at) for n in range(2) for at in (A, B, C)])
            assert await reader.texts(3) == ["a0", "b0", "c0"]

    async def test_a_retry_comes_again_before_what_came_later(self, start: Start) -> None:
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put("shop", [said("first", "1", A), said("second", "2", A)])
            claim = await reader.next()
            await claim.retry(0.01, "not now")
            claim = await reader.next()
            assert (claim.message.text, claim.attempts) == ("first", 1)
            await claim.done()
            assert await reader.work_off(1) == ["second"]

    async def test_others_go_on_while_a_chat_waits_for_a_retry(self, start: Start) -> None:
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put("shop", [said("first", "1", A), said("second", "2", A)])
            await (await reader.next()).retry(3600, "not now")
            await inbox.put("shop", [said("third", "3", A), said("other", "1", B)])
            assert await reader.work_off(1) == ["other"]
            await inbox.put("shop", [said("another", "2", B)])
            assert await reader.texts(1) == ["another"]

    async def test_a_dead_letter_lets_the_chat_go_on(self, start: Start) -> None:
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put("shop", [said("poison", "1", A), said("next", "2", A)])
            await (await reader.next()).dead("no use")
            assert await reader.texts(1) == ["next"]
        async with start() as inbox, reading(inbox) as reader:
            assert await reader.texts(1) == ["next"]

    async def test_after_a_crash_everything_unfinished_comes_again_in_order(self, start: Start) -> None:
        async with start() as inbox, reading(inbox) as reader:
            for number in range(5):
                await inbox.put("shop", [said(f"{at.id}{number}", str(number), at) for at in (A, B)])
            assert await reader.texts(2) == ["a0", "b0"]
        async with start() as inbox, reading(inbox) as reader:
            claims = [await reader.next() for _ in range(2)]
            assert [claim.message.text for claim in claims] == ["a0", "b0"]
            for claim in claims:
                await claim.done()
            assert sorted(await reader.work_off(8)) == sorted(f"{c}{n}" for n in range(1, 5) for c in "ab")
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put("shop", [said("new", "new", A)])
            assert await reader.texts(1) == ["new"]

    async def test_a_retry_is_remembered_by_the_next_process(self, start: Start) -> None:
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put("shop", [said("first", "1", A), said("second", "2", A), said("soon", "1", B)])
            claims = {claim.message.text: claim for claim in [await reader.next(), await reader.next()]}
            await claims["first"].retry(3600, "not now")
            await claims["soon"].retry(0.05, "not now")
        async with start() as inbox, reading(inbox) as reader:
            claim = await reader.next()
            assert (claim.message.text, claim.attempts) == ("soon", 1)
            await inbox.put("shop", [said("other", "1", C)])
            assert await reader.texts(1) == ["other"]

    async def test_a_correction_replaces_what_still_waits(self, start: Start) -> None:
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put("shop", [said("working", "1", A), said("wrnog", "2", A)])
            claim = await reader.next()
            await inbox.put("shop", [said("wrong", "2:edited", A, edit_of="2")])
            await inbox.put("shop", [said("right", "2:edited again", A, edit_of="2")])
            await claim.done()
            claim = await reader.next()
            assert claim.message == said("right", "2", A)

    async def test_a_correction_finds_what_no_reader_has_seen(self, start: Start) -> None:
        async with start() as inbox:
            await inbox.put("shop", [said("wrnog", "1", A)])
            await inbox.put("shop", [said("right", "1:edited", A, edit_of="1")])
            async with reading(inbox) as reader:
                assert await reader.texts(1) == ["right"]

    async def test_a_correction_of_what_is_done_is_a_message_of_its_own(self, start: Start) -> None:
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put("shop", [said("done", "1", A)])
            await reader.work_off(1)
            edit = said("better", "1:edited", A, edit_of="1")
            await inbox.put("shop", [edit, edit])
            assert (await reader.next()).message == edit
            assert reader.waiting == 0

    async def test_a_correction_of_what_is_worked_on_is_a_message_of_its_own(self, start: Start) -> None:
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put("shop", [said("wrnog", "1", A)])
            claim = await reader.next()
            edit = said("right", "1:edited", A, edit_of="1")
            await inbox.put("shop", [edit])
            assert reader.waiting == 0
            await claim.done()
            assert (await reader.next()).message == edit

    async def test_a_correction_of_something_unknown_counts_if_it_speaks_to_us(self, start: Start) -> None:
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put("shop", [said("of what?", "2:edited", A, edit_of="2")])
            await inbox.put("shop", [said("you there?", "3:edited", A, edit_of="3", mentioned=True)])
            assert await reader.work_off(1) == ["you there?"]

    async def test_what_was_recalled_is_not_handed_out(self, start: Start) -> None:
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put("shop", [said("working", "1", A), said("oops", "2", A), said("next", "3", A)])
            claim = await reader.next()
            await inbox.put("shop", [Recalled(A, "2"), Recalled(A, "9")])
            await claim.done()
            assert await reader.work_off(1) == ["next"]
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put("shop", [said("last", "4", A)])
            assert await reader.work_off(1) == ["last"]

    async def test_what_follows_can_be_made_part_of_a_message(self, start: Start) -> None:
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put(
                "shop", [said(text, text, A) for text in ("one", "two", "three", "/four", "five")]
            )
            claim = await reader.next()
            assert await claim.merge(lambda message: not message.text.startswith("/"))
            assert claim.message.text == "one\ntwo\nthree"
            assert not await claim.merge(lambda message: not message.text.startswith("/"))
        async with start() as inbox, reading(inbox) as reader:
            assert await reader.work_off(3) == ["one\ntwo\nthree", "/four", "five"]

    async def test_what_is_worked_on_and_recalled_says_so(self, start: Start) -> None:
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put("shop", [said("oops", "1", A), said("next", "2", A), said("other", "1", B)])
            claims = {claim.message.text: claim for claim in [await reader.next(), await reader.next()]}
            await inbox.put("shop", [Recalled(A, "1")])
            assert (claims["oops"].recalled, claims["other"].recalled) == (True, False)
            assert not await claims["oops"].merge(lambda message: True)
            await claims["oops"].done()
            following = await reader.next()
            assert (following.message.text, following.recalled) == ("next", False)

    async def test_what_is_recalled_is_not_tried_again(self, start: Start) -> None:
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put("shop", [said("oops", "1", A), said("next", "2", A)])
            claim = await reader.next()
            await inbox.put("shop", [Recalled(A, "1")])
            await claim.retry(0.01, "no network")
            assert (await reader.next()).message.text == "next"

    async def test_what_is_parked_and_recalled_holds_nobody_up(self, start: Start) -> None:
        """Regression: what came after it in its chat was not worked before the next start."""
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put("shop", [said("oops", "1", A), said("next", "2", A)])
            claim = await reader.next()
            await claim.retry(3600, "no network")
            await inbox.put("shop", [said("other", "1", B)])
            assert await reader.work_off(1) == ["other"]  # the lane is out of memory by now
            await inbox.put("shop", [Recalled(A, "1"), said("last", "3", A)])
            assert await reader.work_off(2) == ["next", "last"]
            await inbox.put("shop", [said("after all", "4", A)])
            assert await reader.work_off(1) == ["after all"]

    async def test_what_waits_for_its_author_comes_as_soon_as_he_writes(self, start: Start) -> None:
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put("shop", [said("first", "1", A), said("second", "2", A)])
            await (await reader.next()).retry(3600, "write to us first", wakes=True)
            await inbox.put("shop", [said("other", "1", B)])
            assert await reader.work_off(1) == ["other"]
            await inbox.put("shop", [said("second, again", "2", A)])
            await inbox.put("shop", [said("another", "2", B)])
            assert await reader.work_off(1) == ["another"]  # nothing new was said in the first
            await inbox.put("shop", [said("third", "3", A)])
            claim = await reader.next()
            assert (claim.message.text, claim.attempts, claim.wakes) == ("first", 1, True)
            await claim.done()
            assert await reader.work_off(2) == ["second", "third"]

    async def test_it_comes_after_a_restart_as_well(self, start: Start) -> None:
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put("shop", [said("first", "1", A)])
            await (await reader.next()).retry(3600, "write to us first", wakes=True)
            await inbox.put("shop", [said("other", "1", B)])
            assert await reader.work_off(1) == ["other"]
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put("shop", [said("another", "2", B)])
            assert await reader.work_off(1) == ["another"]
            await inbox.put("shop", [said("second", "2", A)])
            assert await reader.work_off(2) == ["first", "second"]
        async with start() as inbox:
            await inbox.put("shop", [said("last", "3", A)])
        async with start() as inbox, reading(inbox) as reader:
            assert await reader.work_off(1) == ["last"]

    async def test_who_wrote_while_it_was_tried_is_heard(self, start: Start) -> None:
        """Once: what was there already when it was tried again opens nothing."""
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put("shop", [said("first", "1", A)])
            claim = await reader.next()
            await inbox.put("shop", [said("second", "2", A)])
            await claim.retry(3600, "write to us first", wakes=True)
            claim = await reader.next()
            assert claim.message.text == "first"
            await claim.retry(3600, "write to us first", wakes=True)
            await inbox.put("shop", [said("other", "1", B)])
            assert await reader.work_off(1) == ["other"]
            assert reader.waiting == 0
            await inbox.put("shop", [said("third", "3", A)])
            assert await reader.work_off(3) == ["first", "second", "third"]

    async def test_what_waits_for_its_author_and_is_recalled_is_gone(self, start: Start) -> None:
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put("shop", [said("oops", "1", A)])
            await (await reader.next()).retry(3600, "write to us first", wakes=True)
            await inbox.put("shop", [Recalled(A, "1")])
            await inbox.put("shop", [said("next", "2", A)])
            assert await reader.work_off(1) == ["next"]
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put("shop", [said("last", "3", A)])
            assert await reader.work_off(1) == ["last"]

    async def test_what_is_parked_and_dropped_is_settled_and_lets_the_chat_go_on(self, start: Start) -> None:
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put("shop", [said("first", "1", A), said("second", "2", A)])
            claim = await reader.next()
            assert not await inbox.drop(A.key), "it is worked on"
            await claim.retry(3600, "write to us first", wakes=True)
            assert await inbox.drop(A.key)
            assert await reader.texts(1) == ["second"]
            assert not await inbox.drop(A.key)
            assert not await inbox.drop(B.key)
        async with start() as inbox, reading(inbox) as reader:
            assert await reader.work_off(1) == ["second"]

    async def test_what_is_put_off_for_another_reason_waits_for_nobody(self, start: Start) -> None:
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put("shop", [said("first", "1", A)])
            await (await reader.next()).retry(0.01, "write to us first", wakes=True)
            claim = await reader.next()
            assert claim.wakes
            await claim.retry(3600, "no network")
            await inbox.put("shop", [said("second", "2", A), said("other", "1", B)])
            assert await reader.work_off(1) == ["other"]
            assert reader.waiting == 0

    async def test_a_flood_in_one_chat_starves_nobody(self, start: Start) -> None:
        async with start() as inbox, reading(inbox) as reader:
            await inbox.put("shop", [said(str(number), str(number), A) for number in range(200)])
            first = await reader.next()
            await inbox.put("shop", [said("other", "1", B)])
            assert await reader.work_off(1) == ["other"]
            await first.done()
            assert await reader.work_off(199) == [str(number) for number in range(1, 200)]

    async def test_a_backlog_comes_whole_and_in_order(self, start: Start) -> None:
        async with start() as inbox:
            chats = [chat(str(number)) for number in range(40)]
            await inbox.put("shop", [said(f"{n}", f"{n}", at) for n in range(5) for at in chats])
        async with start() as inbox, reading(inbox) as reader:
            came: dict[str, list[str]] = {at.id: [] for at in chats}
            for _ in range(200):
                claim = await reader.next()
                came[claim.message.chat.id].append(claim.message.text)
                await claim.done()
            assert all(texts == ["0", "1", "2", "3", "4"] for texts in came.values())

    async def test_a_cancelled_put_is_there_or_not_but_never_half(self, start: Start) -> None:
        async with start() as inbox, reading(inbox) as reader:
            for number in range(20):
                both = [said(f"a{number}", str(number), A), said(f"b{number}", str(number), B)]
                putting = asyncio.create_task(inbox.put("shop", both))
                for _ in range(number % 4):
                    await asyncio.sleep(0)
                putting.cancel()
                with suppress(asyncio.CancelledError):
                    await putting
                await inbox.put("shop", both)
                assert sorted(await reader.work_off(2)) == [f"a{number}", f"b{number}"]
