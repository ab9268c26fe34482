"""Getting an answer out, whatever the platform does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.adapter import Capabilities
from gateway.conversation import Conversation
from gateway.delivery import Delivery
from gateway.errors import (
    AuthError,
    ChatGone,
    NetworkError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unconfirmed,
    WindowClosed,
)
from gateway.message import Attachment, Message, Moved, Reply
from gateway.store.answers import Answer
from gateway.store.database import Database
from gateway.store.store import Store
from tests.adapters.host import until
from tests.adapters.memory import MemoryAdapter
from tests.words import ANN, GROUP, said

LONG = "the first piece\n\nthe second piece\n\nthe third piece"
UNCONFIRMED = "My answer, or a part of it, may not have arrived. If it is missing, send /retry."
PIECES = ["the first piece", "the second piece", "the third piece"]
TALK = Conversation()


@dataclass
class Scene:
    """A delivery with all it touches."""

    adapter: MemoryAdapter
    database: Database
    store: Store
    moves: list[Moved] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)

    @property
    def delivery(self) -> Delivery:
        async def moved(event: Moved) -> None:
            self.moves.append(event)

        return Delivery({"shop": self.adapter}, self.store, moved, self.sent.append)

    async def deliver(self, message: Message, answer: Answer, talk: Conversation = TALK) -> None:
        """As the responder does: what was decided is kept, then sent from where it stopped."""
        known = (await self.store.open(message)).answer
        if known is None:
            await self.store.commit(message, answer)
        await self.delivery.deliver(message, talk, known or answer)

    async def progress(self, message: Message) -> int:
        answer = (await self.store.open(message)).answer
        assert answer is not None
        return answer.sent


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    able = Capabilities(max_length=20, edit=True, quote=True)
    async with Database(tmp_path / "gateway.db") as database:
        yield Scene(MemoryAdapter(tmp_path, able), database, Store(database))


async def test_a_long_answer_comes_in_pieces(scene: Scene) -> None:
    await scene.deliver(said("hello"), Answer(LONG))
    assert scene.adapter.texts() == PIECES
    assert scene.sent == ["shop"] * 3


async def test_a_prefix_goes_before_the_first_piece(scene: Scene) -> None:
    await scene.deliver(said("hello"), Answer("fine", prefix="[bot]\n"))
    assert scene.adapter.texts() == ["[bot]\nfine"]


async def test_an_answer_that_shows_nothing_sends_nothing(scene: Scene) -> None:
    await scene.deliver(said("hello"), Answer("\u200b"))
    assert scene.adapter.calls == []


@pytest.mark.parametrize(
    ("style", "expected"),
    [("quote", ("5", None)), ("mention", (None, ANN)), ("plain", (None, None))],
)
async def test_in_a_group_the_first_piece_refers_to_its_question(
    scene: Scene, style: str, expected: object
) -> None:
    talk = Conversation(group_reply=style)  # type: ignore[arg-type] # the parameter is one of the three
    await scene.deliver(said("hello", "5", GROUP), Answer(LONG), talk)
    replies = [shown.reply for shown in scene.adapter.messages]
    assert [(reply.reply_to, reply.mention) for reply in replies] == [expected, (None, None), (None, None)]


async def test_who_asked_is_named_where_the_platform_cannot_quote(scene: Scene) -> None:
    scene.adapter.capabilities = Capabilities()
    await scene.deliver(said("hello", "5", GROUP), Answer("fine"))
    reply = scene.adapter.messages[0].reply
    assert (reply.reply_to, reply.mention) == (None, ANN)


async def test_in_private_nobody_is_quoted_or_named(scene: Scene) -> None:
    await scene.deliver(said("hello"), Answer("fine"))
    reply = scene.adapter.messages[0].reply
    assert (reply.text, reply.reply_to, reply.mention) == ("fine", None, None)


async def test_an_answer_goes_on_where_the_platform_wanted_to_hear_the_person_first(scene: Scene) -> None:
    message, answer = said("hello"), Answer(f"{LONG}\n\nthe fourth piece")
    scene.adapter.faults.extend([None, None, WindowClosed("ten messages a turn")])
    with pytest.raises(WindowClosed):
        await scene.deliver(message, answer)
    assert scene.adapter.texts() == PIECES[:2]
    assert len(scene.adapter.calls) == 3, "a closed window is not knocked at"
    assert await scene.progress(message) == 2
    await scene.deliver(message, answer)
    assert scene.adapter.texts() == [*PIECES, "the fourth piece"]


async def test_progress_is_kept_after_each_piece(scene: Scene) -> None:
    message = said("hello")
    scene.adapter.faults.extend([None, None, Rejected("no")])
    with pytest.raises(Rejected):
        await scene.deliver(message, Answer(LONG))
    assert await scene.progress(message) == 2


async def test_after_a_crash_it_goes_on_where_it_stopped(scene: Scene) -> None:
    message = said("hello")
    scene.adapter.heard = lambda number: scene.adapter.gate.clear() if number == 3 else None
    sending = asyncio.create_task(scene.deliver(message, Answer(LONG)))
    await until(lambda: len(scene.adapter.calls) == 3)
    sending.cancel()
    await asyncio.wait({sending})
    scene.adapter.gate.set()
    await scene.deliver(message, Answer("not asked again"))
    assert scene.adapter.texts() == PIECES


async def test_a_short_wait_is_waited_and_nothing_comes_twice(scene: Scene) -> None:
    scene.adapter.faults.extend([None, RateLimited("slow", 0.02), RateLimited("slow", 0.01)])
    await scene.deliver(said("hello"), Answer(LONG))
    assert scene.adapter.texts() == PIECES


async def test_a_long_wait_is_left_to_the_dispatcher(scene: Scene) -> None:
    message = said("hello")
    scene.adapter.faults.extend([None, RateLimited("slow", 222)])
    with pytest.raises(RateLimited) as caught:
        await scene.deliver(message, Answer(LONG))
    assert caught.value.retry_after == 222
    await scene.deliver(message, Answer("not asked again"))
    assert scene.adapter.texts() == PIECES


async def test_after_a_few_tries_it_is_left_to_the_dispatcher(scene: Scene) -> None:
    scene.adapter.faults.extend([RateLimited("slow", 0.001)] * 10)
    with pytest.raises(RateLimited):
        await scene.deliver(said("hello"), Answer("fine"))
    assert len(scene.adapter.calls) == 4


async def test_a_short_outage_is_got_over(scene: Scene) -> None:
    scene.adapter.faults.append(NetworkError("connection refused"))
    await scene.deliver(said("hello"), Answer("fine"))
    assert scene.adapter.texts() == ["fine"]


async def test_what_may_have_arrived_is_not_sent_again_but_owned_up_to(scene: Scene) -> None:
    message = said("hello")
    scene.adapter.faults.extend([None, OutcomeUnknown("timeout"), NetworkError("refused")])
    with pytest.raises(Unconfirmed, match="gateway dead retry") as caught:
        await scene.deliver(message, Answer(LONG))
    assert not caught.value.retryable
    assert not caught.value.deferrable
    assert scene.adapter.texts() == [*PIECES[:2], UNCONFIRMED]
    assert await scene.progress(message) == 1


async def test_what_may_have_arrived_is_owned_up_to_once_the_network_is_back(scene: Scene) -> None:
    message = said("hello")
    scene.adapter.faults.extend([OutcomeUnknown("timeout"), *[RateLimited("slow", 0.001)] * 4])
    with pytest.raises(RateLimited):
        await scene.deliver(message, Answer("fine"))
    with pytest.raises(Unconfirmed):
        await scene.deliver(message, Answer("not asked again"))
    assert scene.adapter.texts() == ["fine", UNCONFIRMED]


async def test_nor_is_the_owning_up_said_twice(scene: Scene) -> None:
    scene.adapter.faults.extend([OutcomeUnknown("timeout"), OutcomeUnknown("timeout")])
    with pytest.raises(Unconfirmed):
        await scene.deliver(said("hello"), Answer("fine"))
    assert scene.adapter.texts() == ["fine", UNCONFIRMED]


async def test_an_edit_that_may_have_arrived_is_done_again_and_seen_once(scene: Scene) -> None:
    receipt = await scene.adapter.send(said("hello").chat, Reply("fi"))
    scene.adapter.faults.append(OutcomeUnknown("timeout"))
    await scene.deliver(said("hello"), Answer("fine", receipts=(receipt.id,)))
    assert scene.adapter.texts() == ["fine"]


@pytest.mark.parametrize("error", [AuthError("revoked"), ChatGone("blocked")], ids=lambda e: type(e).__name__)
async def test_what_cannot_succeed_soon_is_not_tried_again(scene: Scene, error: AuthError | ChatGone) -> None:
    scene.adapter.faults.append(error)
    with pytest.raises(type(error)):
        await scene.deliver(said("hello"), Answer("fine"))
    assert len(scene.adapter.calls) == 1


async def test_the_message_that_grew_holds_the_first_piece(scene: Scene) -> None:
    receipt = await scene.adapter.send(said("hello").chat, Reply("the fi"))
    await scene.deliver(said("hello"), Answer(LONG, receipts=(receipt.id,)))
    assert scene.adapter.texts() == PIECES
    assert scene.adapter.asked("edit") == PIECES[:1]


async def test_a_message_that_grew_and_was_deleted_is_sent_anew(scene: Scene) -> None:
    await scene.deliver(said("hello"), Answer(LONG, receipts=("deleted",)))
    assert scene.adapter.texts() == PIECES


async def test_a_refused_answer_is_apologised_for(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    scene.adapter.faults.append(Rejected("can't parse entities"))
    scene.adapter.capabilities = Capabilities(max_length=200)
    with pytest.raises(Rejected):
        await scene.deliver(said("hello"), Answer("fine"))
    (apology,) = scene.adapter.texts()
    assert apology.startswith("The answer could not be shown here. (error ")
    assert apology[-9:-1] in caplog.text
    assert "can't parse entities" in caplog.text
    assert "parse" not in apology


async def test_a_refused_apology_is_let_be(scene: Scene) -> None:
    scene.adapter.faults.extend([Rejected("no"), Rejected("neither")])
    with pytest.raises(Rejected, match="no"):
        await scene.deliver(said("hello"), Answer("fine"))
    assert scene.adapter.messages == []


async def test_a_chat_that_moved_gets_its_answer_where_it_is_now(scene: Scene) -> None:
    message = said("hello", "5", GROUP)
    scene.adapter.moved[GROUP.id] = "-100"
    await scene.deliver(message, Answer(LONG))
    assert scene.adapter.texts("-100") == PIECES
    assert scene.adapter.messages[0].reply.reply_to is None
    assert scene.moves == [Moved(GROUP, "-100")]


async def test_a_chat_that_moved_half_way_hears_nothing_twice(scene: Scene) -> None:
    message = said("hello", "5", GROUP)
    scene.adapter.faults.extend([None, None, None, RateLimited("slow", 222)])

    def move(number: int) -> None:
        if number == 2:
            scene.adapter.moved[GROUP.id] = "-100"

    scene.adapter.heard = move
    with pytest.raises(RateLimited):
        await scene.deliver(message, Answer(LONG))
    assert await scene.progress(message) == 2
    await scene.deliver(message, Answer("not asked again"))
    assert [shown.reply.text for shown in scene.adapter.messages] == PIECES


async def test_the_message_that_grows_is_known_though_the_disk_was_full(scene: Scene) -> None:
    """Regression: it was forgotten, and the answer was sent in another one beside it."""
    message = said("hello", "5", GROUP)
    await scene.database.run(lambda connection: connection.execute("ALTER TABLE answers RENAME TO gone"))
    async with scene.delivery.draft(message, TALK, ()) as draft:
        await draft.show("the first")
        await until(lambda: scene.adapter.texts(GROUP.id))
        await scene.database.run(lambda connection: connection.execute("ALTER TABLE gone RENAME TO answers"))
    record = await scene.store.open(message)
    assert record.receipts == (scene.adapter.messages[0].id,)
    await scene.deliver(message, Answer("the first piece", receipts=record.receipts))
    assert scene.adapter.texts(GROUP.id) == ["the first piece"]


async def test_while_the_database_fails_between_two_pieces_the_rest_waits(scene: Scene) -> None:
    await scene.store.commit(said("hello"), Answer(LONG))
    await scene.database.run(lambda connection: connection.execute("ALTER TABLE answers RENAME TO gone"))
    delivering = asyncio.create_task(scene.delivery.deliver(said("hello"), TALK, Answer(LONG)))
    await until(lambda: scene.adapter.texts() == PIECES[:1])
    await scene.database.run(lambda connection: connection.execute("ALTER TABLE gone RENAME TO answers"))
    await delivering
    assert scene.adapter.texts() == PIECES
    known = (await scene.store.open(said("hello"))).answer
    assert known is not None
    assert known.sent == len(PIECES)


# --- an earlier answer is there


async def earlier(scene: Scene, count: int = 3) -> tuple[str, ...]:
    """The ids of an earlier answer's pieces."""
    sent = [await scene.adapter.send(said("hello").chat, Reply(f"old {number}")) for number in range(count)]
    return tuple(receipt.id for receipt in sent)


async def test_each_piece_goes_where_the_earlier_answer_s_was(scene: Scene) -> None:
    await scene.deliver(said("hello"), Answer(LONG, receipts=await earlier(scene, 2)))
    assert scene.adapter.texts() == PIECES
    assert scene.adapter.asked("edit") == PIECES[:2]


async def test_pieces_that_are_left_are_taken_away_and_forgotten(scene: Scene) -> None:
    scene.adapter.capabilities = Capabilities(max_length=20, edit=True, delete=True)
    receipts = await earlier(scene)
    await scene.deliver(said("hello"), Answer("fine", receipts=receipts))
    assert scene.adapter.texts() == ["fine"]
    known = (await scene.store.open(said("hello"))).answer
    assert known == Answer("fine", sent=1, receipts=receipts[:1])


async def test_a_piece_that_cannot_be_taken_away_holds_nothing_up(scene: Scene) -> None:
    scene.adapter.capabilities = Capabilities(max_length=20, edit=True, delete=True)
    receipts = await earlier(scene)
    scene.adapter.faults.extend([None, Rejected("too old"), None])
    await scene.deliver(said("hello"), Answer("fine", receipts=receipts))
    assert scene.adapter.texts() == ["fine", "old 1"]


async def test_pieces_are_known_one_by_one_though_a_crash_comes_between(scene: Scene) -> None:
    receipts = await earlier(scene, 2)
    scene.adapter.faults.extend([None, None, RateLimited("slow", 222)])
    with pytest.raises(RateLimited):
        await scene.deliver(said("hello"), Answer(LONG, receipts=receipts))
    await scene.deliver(said("hello"), Answer("not asked again"))
    assert scene.adapter.texts() == PIECES
    assert len(scene.adapter.asked("edit")) == 2


async def test_what_an_old_chat_s_messages_were_called_is_nothing_to_the_new_one(scene: Scene) -> None:
    """Regression: in the chat's new place other messages were edited, and deleted, that bore the same ids."""
    scene.adapter.capabilities = Capabilities(max_length=20, edit=True, delete=True)
    there = [await scene.adapter.send(GROUP.moved("-100"), Reply(f"other {number}")) for number in range(4)]
    scene.adapter.moved[GROUP.id] = "-100"
    receipts = tuple(receipt.id for receipt in there)
    await scene.deliver(said("hello", "5", GROUP), Answer(LONG, receipts=receipts))
    assert scene.adapter.texts("-100") == [*(f"other {number}" for number in range(4)), *PIECES]


async def test_a_file_is_sent_where_there_are_files(scene: Scene) -> None:
    scene.adapter.capabilities = Capabilities(max_length=20, files=True, quote=True)
    await scene.deliver(said("hello", "5", GROUP), Answer(LONG, file="chat.md"))
    (shown,) = scene.adapter.messages
    assert (shown.reply.file, shown.reply.reply_to) == (Attachment("chat.md", LONG.encode()), "5")
    scene.adapter.capabilities = Capabilities(max_length=20)
    await scene.deliver(said("hello", "6"), Answer(LONG, file="chat.md"))
    assert scene.adapter.texts() == PIECES
