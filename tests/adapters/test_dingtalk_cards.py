"""Answers that grow in DingTalk's AI cards, and always come to an end."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from gateway import Chat, Receipt, Reply
from gateway.errors import NetworkError, RateLimited, Rejected
from tests.servers.dingtalk import DingTalkServer, Room

from .contract import Stage, staged
from .dingtalk_platform import TEMPLATE, SimulatedDingTalk, asked, dingtalk, server
from .host import FakeHost


def cards(host: FakeHost, **options: Any) -> Any:
    """A DingTalk on which we have a card template."""
    return dingtalk(host, card_template_id=TEMPLATE, **options)


async def started(world: DingTalkServer, stage: Stage, room: Room) -> tuple[Chat, Receipt]:
    """A card in *room* that begins with "a"."""
    chat = await asked(world, stage, room)
    return chat, await stage.adapter.send(chat, Reply("a", growing=True))


async def test_an_answer_grows_in_a_card(host: FakeHost) -> None:
    async with cards(host) as (world, stage):
        room = world.private(world.user())
        chat, receipt = await started(world, stage, room)
        (card,) = world.cards(room)
        assert (receipt.id, card.template, card.state) == (f"card:{card.id}", TEMPLATE, "INPUTING")
        await stage.adapter.edit(chat, receipt, Reply("ab", growing=True), final=False)
        assert (card.text, card.state) == ("ab", "INPUTING")
        await stage.adapter.edit(chat, receipt, Reply("abc"))
        assert (card.history, card.state) == (["a", "ab", "abc"], "FINISHED")
        assert card.params["flowStatus"] == "3"
        assert world.complaints == []


async def test_without_a_template_there_are_no_cards(host: FakeHost) -> None:
    async with dingtalk(host) as (_, stage):
        assert not stage.adapter.capabilities.edit
    async with cards(host) as (_, stage):
        assert stage.adapter.capabilities.edit


async def test_what_does_not_grow_is_a_message(host: FakeHost) -> None:
    async with cards(host) as (world, stage):
        room = world.private(world.user())
        chat = await asked(world, stage, room)
        receipt = await stage.adapter.send(chat, Reply("help"))
        assert [sent.msgtype for sent in world.sent(room)] == ["markdown"]
        with pytest.raises(Rejected):
            await stage.adapter.edit(chat, receipt, Reply("other help"))


async def test_a_card_in_a_group_calls_the_asker(host: FakeHost) -> None:
    async with cards(host) as (world, stage):
        ann = world.user("Ann")
        room = world.group("Friends", ann)
        chat = await asked(world, stage, room)
        reply = Reply("a", growing=True, reply_to=stage.inbox.messages[-1].id)
        await stage.adapter.send(chat, reply)
        (card,) = world.cards(room)
        assert (card.at, card.text) == ((ann.staff_id,), "a")


async def test_a_card_is_finished_by_another_process(host: FakeHost) -> None:
    async with server() as world:
        platform = SimulatedDingTalk(world, card_template_id=TEMPLATE)
        room = world.private(world.user(), platform.robot)
        async with staged(platform, host) as stage:
            chat, receipt = await started(world, stage, room)
        async with staged(platform, host) as stage:
            await world.connected()
            await stage.adapter.edit(chat, receipt, Reply("abc"))
        (card,) = world.cards(room)
        assert (card.text, card.state) == ("abc", "FINISHED")


async def test_a_card_whose_receipt_was_lost_in_a_crash_is_ended_before_the_next_answer(
    host: FakeHost,
) -> None:
    async with server() as world:
        platform = SimulatedDingTalk(world, card_template_id=TEMPLATE)
        room, other = (world.private(world.user(), platform.robot) for _ in range(2))
        async with staged(platform, host) as stage:
            await started(world, stage, room)
            known, receipt = await started(world, stage, other)
            await stage.adapter.edit(known, receipt, Reply("abc"))
        for _ in range(2):
            async with staged(platform, host) as stage:
                chat, _ = await started(world, stage, room)
                await stage.adapter.send(chat, Reply("abc"))
        assert [card.state for card in world.cards(room)] == ["FAILED", "FAILED", "INPUTING"]
        assert [card.state for card in world.cards(other)] == ["FINISHED"]


async def test_a_list_of_begun_cards_that_is_unreadable_stops_nothing(host: FakeHost) -> None:
    await host.save("cards begun", "{")
    async with cards(host) as (world, stage):
        room = world.private(world.user())
        chat, receipt = await started(world, stage, room)
        await stage.adapter.edit(chat, receipt, Reply("abc"))
        assert world.cards(room)[0].state == "FINISHED"


async def test_a_finished_card_can_be_corrected(host: FakeHost) -> None:
    async with cards(host) as (world, stage):
        room = world.private(world.user())
        chat, receipt = await started(world, stage, room)
        for text in ("abc", "corrected"):
            await stage.adapter.edit(chat, receipt, Reply(text))
        assert [sent.text for sent in world.sent(room)] == ["corrected"]


async def test_an_end_of_which_nothing_is_heard_is_made_sure_of(host: FakeHost) -> None:
    async with cards(host) as (world, stage):
        room = world.private(world.user())
        chat, receipt = await started(world, stage, room)
        world.fail("card/streaming", status=500)
        await stage.adapter.edit(chat, receipt, Reply("abc"))
        (card,) = world.cards(room)
        assert (card.text, card.state) == ("abc", "FINISHED")


async def test_too_many_calls_stop_the_views_and_not_the_end(host: FakeHost) -> None:
    async with cards(host) as (world, stage):
        room = world.private(world.user())
        chat, receipt = await started(world, stage, room)
        world.fail("card/streaming", status=403)
        with pytest.raises(RateLimited) as caught:
            await stage.adapter.edit(chat, receipt, Reply("ab"), final=False)
        assert 0 < (caught.value.retry_after or 0) <= 2
        calls = len(world.called("card/streaming"))
        with pytest.raises(RateLimited):
            await stage.adapter.edit(chat, receipt, Reply("ab"), final=False)
        assert len(world.called("card/streaming")) == calls  # no room: not even asked
        await stage.adapter.edit(chat, receipt, Reply("abc"))  # waits
        (card,) = world.cards(room)
        assert (card.text, card.state) == ("abc", "FINISHED")


async def test_a_limit_that_the_end_meets_is_said_and_the_end_comes_later(host: FakeHost) -> None:
    async with cards(host) as (world, stage):
        room = world.private(world.user())
        chat, receipt = await started(world, stage, room)
        world.fail("card/streaming", status=403)
        with pytest.raises(RateLimited):
            await stage.adapter.edit(chat, receipt, Reply("abc"))
        await stage.adapter.edit(chat, receipt, Reply("abc"))
        assert world.cards(room)[0].state == "FINISHED"


async def test_all_cards_together_stay_below_the_limit(host: FakeHost) -> None:
    async with cards(host) as (world, stage):
        world.limits(card_qps=20)
        grown = [await started(world, stage, world.private(world.user())) for _ in range(3)]
        views = 0
        for number in range(60):
            chat, receipt = grown[number % 3]
            try:
                await stage.adapter.edit(chat, receipt, Reply(f"a{number}"), final=False)
                views += 1
            except RateLimited:
                break
        assert views < 20
        for chat, receipt in grown:
            await stage.adapter.edit(chat, receipt, Reply("done"))
        assert all(call.status == 200 for call in world.called("/v1.0/card/"))


async def test_where_no_card_may_be_made_answers_are_messages(
    host: FakeHost, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with cards(host) as (world, stage):
        world.forbid(world.first, "Card.Instance.Write")
        room = world.private(world.user())
        chat = await asked(world, stage, room)
        for _ in range(2):
            with pytest.raises(Rejected):
                await stage.adapter.send(chat, Reply("a", growing=True))
        await stage.adapter.send(chat, Reply("abc"))
        assert [(sent.msgtype, sent.text) for sent in world.sent(room)] == [("markdown", "abc")]
        assert len(world.called("createAndDeliver")) == 1
        (line,) = [record.getMessage() for record in caplog.records]
        assert "messages, not as cards" in line
        assert "Card.Instance.Write" in line


async def test_where_no_card_may_grow_it_is_ended_and_answers_are_messages(
    host: FakeHost, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with cards(host) as (world, stage):
        world.forbid(world.first, "Card.Streaming.Write")
        room = world.private(world.user())
        chat, receipt = await started(world, stage, room)
        for final in (False, True):
            with pytest.raises(Rejected):
                await stage.adapter.edit(chat, receipt, Reply("abc"), final=final)
        assert [card.state for card in world.cards(room)] == ["FAILED"]
        with pytest.raises(Rejected):
            await stage.adapter.send(chat, Reply("a", growing=True))
        (line,) = [record.getMessage() for record in caplog.records]
        assert "Card.Streaming.Write" in line


async def test_a_text_too_long_for_a_card_goes_another_way(host: FakeHost) -> None:
    # A card with more than 3,000 Chinese characters is blank.
    async with cards(host) as (world, stage):
        room = world.private(world.user())
        chat, receipt = await started(world, stage, room)
        with pytest.raises(Rejected):
            await stage.adapter.edit(chat, receipt, Reply("长" * 3001))
        assert world.cards(room)[0].state == "FAILED"
        longest = "长" * stage.adapter.capabilities.max_length
        _, receipt = await started(world, stage, room)
        await stage.adapter.edit(chat, receipt, Reply(longest))
        assert world.sent(room)[-1].text == longest


async def test_a_card_that_is_refused_at_its_end_looks_failed(host: FakeHost) -> None:
    async with cards(host) as (world, stage):
        room = world.private(world.user())
        chat, receipt = await started(world, stage, room)
        refused = {"code": "param.error", "message": "no"}
        world.fail("card/streaming", status=400, body=refused)
        world.fail("card/instances", status=400, body=refused)
        with pytest.raises(Rejected):
            await stage.adapter.edit(chat, receipt, Reply("abc"))
        assert world.cards(room)[0].state == "FAILED"


async def test_a_card_whose_beginning_nobody_heard_of_does_not_stay_open(host: FakeHost) -> None:
    async with cards(host) as (world, stage):
        room = world.private(world.user())
        chat = await asked(world, stage, room)
        world.fail("createAndDeliver", status=500, after_acting=True)
        with pytest.raises(NetworkError):
            await stage.adapter.send(chat, Reply("a", growing=True))
        assert [card.state for card in world.cards(room)] == ["FAILED"]


async def test_who_cannot_see_cards_gets_none(host: FakeHost) -> None:
    async with cards(host) as (world, stage):
        guest = world.private(world.user("Guest", staff_id=None))
        chat = await asked(world, stage, guest)
        with pytest.raises(Rejected):
            await stage.adapter.send(chat, Reply("a", growing=True))
        elsewhere = Chat("channel", "cid-unknown", "group")
        with pytest.raises(Rejected):
            await stage.adapter.send(elsewhere, Reply("a", growing=True))
