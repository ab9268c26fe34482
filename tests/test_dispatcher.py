"""What becomes of a message whose answer goes wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from itertools import repeat

import pytest

from gateway.dispatcher import Dispatcher
from gateway.errors import (
    AuthError,
    ChatGone,
    ConfigError,
    InboxError,
    NetworkError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    StoreError,
    WindowClosed,
)
from gateway.inbox import Claim
from gateway.message import Message
from tests.adapters.host import until
from tests.words import BOB, chat, said

Respond = Callable[[Message], Awaitable[None]]


class ListedClaim:
    """A claim that writes down how it was settled; `failures` of the database come first."""

    def __init__(
        self, message: Message, attempts: int = 0, age: float = 0, failures: int = 0, wakes: bool = False
    ) -> None:
        self.message = message
        self.attempts = attempts
        self.received = time.time() - age
        self.failures = failures
        self.wakes = wakes
        self.outcome: tuple[object, ...] = ()
        self.recalled = False
        self.following: Iterable[Message] = ()

    async def merge(self, mergeable: Callable[[Message], bool]) -> bool:
        following = next(iter(self.following), None)
        if following is None or not mergeable(following):
            return False
        self.message = self.message.joined(following)
        return True

    async def done(self) -> None:
        self._settle("done")

    async def retry(self, after: float, error: str, *, wakes: bool = False) -> None:
        self.wakes = wakes
        self._settle("retry", after, error)

    async def dead(self, error: str) -> None:
        self._settle("dead", error)

    def _settle(self, *outcome: object) -> None:
        if self.failures:
            self.failures -= 1
            raise StoreError("disk I/O error")
        assert not self.outcome, "settled twice"
        self.outcome = outcome


class ListedInbox:
    """Hands out claims of a list, and then nothing more."""

    def __init__(self, claims: list[ListedClaim]) -> None:
        self._claims = claims

    async def put(self, channel: str, events: object, cursor: str | None = None) -> None:
        raise NotImplementedError

    async def claims(self) -> AsyncIterator[Claim]:
        for claim in self._claims:
            yield claim
        await asyncio.Event().wait()


@asynccontextmanager
async def dispatching(respond: Respond, *claims: ListedClaim) -> AsyncIterator[Dispatcher]:
    dispatcher = Dispatcher(ListedInbox(list(claims)), respond)
    task = asyncio.create_task(dispatcher.run())
    try:
        yield dispatcher
    finally:
        task.cancel()
        await asyncio.wait({task})
        await dispatcher.close(0)


async def outcome(error: Exception | None, claim: ListedClaim | None = None) -> tuple[object, ...]:
    """How a claim is settled whose answer ends with *error*."""
    claim = claim or ListedClaim(said("hello"))

    async def respond(message: Message) -> None:
        if error is not None:
            raise error

    async with dispatching(respond, claim):
        await until(lambda: claim.outcome)
    return claim.outcome


async def test_an_answer_that_is_given_is_done() -> None:
    assert await outcome(None) == ("done",)


@pytest.mark.parametrize(
    "error",
    [
        NetworkError("no network"),
        OutcomeUnknown("no answer"),
        RateLimited("slow down", 1.0),
        AuthError("token revoked"),
        StoreError("disk full"),
        InboxError("disk full"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_may_succeed_later_is_tried_again(error: Exception) -> None:
    kind, pause, reason = await outcome(error)
    assert kind == "retry"
    assert isinstance(pause, float)
    assert 1 <= pause <= 2
    assert reason == f"{type(error).__name__}: {error}"


@pytest.mark.parametrize(
    "error", [Rejected("no"), ChatGone("blocked"), ConfigError("no channel")], ids=lambda e: type(e).__name__
)
async def test_what_never_succeeds_is_a_dead_letter(error: Exception) -> None:
    assert await outcome(error) == ("dead", f"{type(error).__name__}: {error}")


async def test_dead_letters_are_heard_of_when_they_are_written_down() -> None:
    claims = [ListedClaim(said("hello"), failures=1), ListedClaim(said("hello", where=chat("2")))]
    heard: list[tuple[object, ...]] = []

    async def respond(message: Message) -> None:
        if message.chat.id != "2":
            raise Rejected("no")

    dispatcher = Dispatcher(ListedInbox(claims), respond, buried=lambda: heard.append(claims[0].outcome))
    task = asyncio.create_task(dispatcher.run())
    try:
        await until(lambda: heard and claims[1].outcome)
    finally:
        task.cancel()
        await asyncio.wait({task})
    assert heard == [("dead", "Rejected: no")]


async def test_the_platform_s_wish_to_wait_is_heeded() -> None:
    kind, pause, _ = await outcome(RateLimited("slow down", 222.0))
    assert (kind, pause) == ("retry", 222.0)


async def test_pauses_grow_up_to_a_minute() -> None:
    pauses = []
    for attempts in (0, 3, 6, 100):
        _, pause, _ = await outcome(NetworkError("no"), ListedClaim(said("hello"), attempts))
        assert isinstance(pause, float)
        pauses.append(pause)
    assert pauses[0] <= 2 < 8 <= pauses[1] <= 16 < 30 <= pauses[2] <= 60
    assert 30 <= pauses[3] <= 60


async def test_what_fails_for_a_day_is_a_dead_letter() -> None:
    kind, _ = await outcome(NetworkError("no"), ListedClaim(said("hello"), 300, age=25 * 3600))
    assert kind == "dead"


async def test_what_needs_the_person_to_write_waits_for_that_and_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    claim = ListedClaim(said("hello"))
    assert await outcome(WindowClosed("48 hours"), claim) == ("retry", 6 * 3600.0, "WindowClosed: 48 hours")
    assert claim.wakes
    again = ListedClaim(said("hello"), attempts=1, age=6 * 3600, wakes=True)
    assert (await outcome(WindowClosed("48 hours"), again))[0] == "retry"
    assert again.wakes
    assert [record.getMessage() for record in caplog.records] == [
        "put off until the person writes again: WindowClosed: 48 hours"
    ]


@pytest.mark.parametrize(("days", "kind"), [(6.9, "retry"), (7.1, "dead")])
async def test_a_person_is_waited_for_a_week(days: float, kind: str) -> None:
    claim = ListedClaim(said("hello"), attempts=9, age=days * 24 * 3600, wakes=True)
    assert (await outcome(WindowClosed("48 hours"), claim))[0] == kind


async def test_what_waited_for_a_person_is_not_given_up_when_he_writes_and_the_network_fails() -> None:
    claim = ListedClaim(said("hello"), attempts=1, age=3 * 24 * 3600, wakes=True)
    kind, pause, _ = await outcome(NetworkError("no network"), claim)
    assert kind == "retry"
    assert isinstance(pause, float)
    assert pause <= 4
    assert claim.wakes


async def test_a_surprise_is_tried_three_times(caplog: pytest.LogCaptureFixture) -> None:
    kinds = []
    for attempts in range(3):
        settled = await outcome(LookupError("our mistake"), ListedClaim(said("hello"), attempts))
        kinds.append(settled[0])
    assert kinds == ["retry", "retry", "dead"]
    assert "Traceback" in caplog.text
    assert "LookupError: our mistake" in caplog.text


async def test_a_cancellation_that_is_not_ours_is_a_surprise(caplog: pytest.LogCaptureFixture) -> None:
    """Regression: the work ended without a word, and its chat was silent until the next start."""
    claim = ListedClaim(said("hello"))

    async def respond(message: Message) -> None:
        waited: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waited.cancel()
        await waited

    async with dispatching(respond, claim):
        await until(lambda: claim.outcome)
    assert claim.outcome[0] == "retry"
    assert "unexpected" in caplog.text


async def test_chats_are_answered_beside_each_other() -> None:
    together = asyncio.Barrier(3)

    async def respond(message: Message) -> None:
        await together.wait()

    claims = [ListedClaim(said("hello", where=chat(str(number)))) for number in range(3)]
    async with dispatching(respond, *claims):
        await until(lambda: all(claim.outcome for claim in claims))


async def test_a_claim_is_settled_when_the_database_works_again(caplog: pytest.LogCaptureFixture) -> None:
    claim = ListedClaim(said("hello"), failures=1)
    assert await outcome(None, claim) == ("done",)
    assert "cannot write down that a message is done" in caplog.text


async def test_what_is_nearly_finished_is_finished_before_we_stop() -> None:
    claim, begun, goal = ListedClaim(said("hello")), asyncio.Event(), asyncio.Event()

    async def respond(message: Message) -> None:
        begun.set()
        await goal.wait()

    async with dispatching(respond, claim) as dispatcher:
        await begun.wait()
        closing = asyncio.create_task(dispatcher.close(grace=5))
        await asyncio.sleep(0)
        goal.set()
        await closing
        assert claim.outcome == ("done",)


async def test_what_takes_too_long_is_left_for_the_next_start() -> None:
    claim, begun, cleaned = ListedClaim(said("hello")), asyncio.Event(), asyncio.Event()

    async def respond(message: Message) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.set()

    async with dispatching(respond, claim) as dispatcher:
        await begun.wait()
        await dispatcher.close(grace=0.01)
        assert cleaned.is_set()
        assert claim.outcome == ()


async def test_a_claim_that_cannot_be_settled_does_not_hold_the_end_up() -> None:
    claim = ListedClaim(said("hello"), failures=1000)

    async def respond(message: Message) -> None:
        pass

    async with dispatching(respond, claim) as dispatcher:
        await until(lambda: claim.failures < 1000)
        await dispatcher.close(grace=0.01)
    assert claim.outcome == ()


async def test_a_reader_that_breaks_is_heard_of() -> None:
    class Broken(ListedInbox):
        async def claims(self) -> AsyncIterator[Claim]:
            for claim in self._claims:
                yield claim
            raise StoreError("broken")

    async def respond(message: Message) -> None:
        pass

    with pytest.raises(StoreError, match="broken"):
        await Dispatcher(Broken([]), respond).run()


# --- what belongs together


async def answered(claim: ListedClaim, merging: Callable[[Message], float]) -> list[str]:
    """The texts that are answered when *claim* is worked."""
    texts: list[str] = []

    async def respond(message: Message) -> None:
        texts.append(message.text)

    dispatcher = Dispatcher(ListedInbox([claim]), respond, merging)
    task = asyncio.create_task(dispatcher.run())
    try:
        await until(lambda: claim.outcome)
    finally:
        task.cancel()
        await asyncio.wait({task})
    assert claim.outcome == ("done",)
    return texts


async def test_who_never_stops_writing_is_answered_all_the_same() -> None:
    claim = ListedClaim(said("one"))
    claim.following = repeat(said("more", "2"))
    (text,) = await answered(claim, lambda message: 0.001)
    assert text == "\n".join(["one"] + ["more"] * 10)


@pytest.mark.parametrize(
    "following",
    [said("two", "2", who=BOB), said("two", "2~1", edit_of="2"), said("whole", "2")],
    ids=["somebody else's", "a correction", "what is whole as it is"],
)
async def test_not_all_that_follows_belongs_to_a_question(following: Message) -> None:
    claim = ListedClaim(said("one"))
    claim.following = [following]
    assert await answered(claim, lambda message: 0.0 if message.text == "whole" else 0.001) == ["one"]


async def test_what_waited_is_not_waited_for() -> None:
    claim = ListedClaim(said("one"), age=60)
    claim.following = [said("two", "2")]
    assert await answered(claim, lambda message: 30.0) == ["one"]


async def test_what_was_recalled_before_its_answer_began_gets_none() -> None:
    claim = ListedClaim(said("one"))
    claim.recalled = True
    assert await answered(claim, lambda message: 0.001) == []
