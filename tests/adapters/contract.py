"""What every adapter keeps: one class of tests, inherited by each adapter's own.

The subclass supplies a `platform` fixture: the simulated platform as these tests see it. What only some
platforms can do has a class of its own; that an adapter inherits the right ones is tested as well.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway import Adapter, Attachment, ChannelState, Chat, Receipt, Reply
from gateway.errors import AdapterError, ChatGone, NetworkError, RateLimited, Rejected
from gateway.message import ChatKind
from gateway.text import length

from .host import FakeHost, FakeInbox, free_socket, running, serving, stop, until


@dataclass(frozen=True)
class Place:
    """A chat on the simulated platform; `raw` is what the platform itself calls it."""

    kind: ChatKind
    raw: Any


class Platform(ABC):
    """A simulated platform, driven from the outside. Its methods are what people and networks do."""

    has_groups = True
    silent_pause: float | None = None
    """Seconds that we wait at a rate limit of which the platform never says how long it lasts."""
    secrets: tuple[str, ...] = ()
    """What no log line and no error may hold."""

    @abstractmethod
    def adapter(self, host: FakeHost, web_root: str) -> Adapter[Any]:
        """A new adapter for the one account there is; our web server is at *web_root*."""

    @abstractmethod
    def private(self) -> Place:
        """A private chat with somebody new."""

    @abstractmethod
    def group(self) -> Place:
        """A new group that we are in."""

    @abstractmethod
    async def say(self, place: Place, text: str, *, mention: bool = False) -> None:
        """Somebody writes *text*, naming us first where *mention*."""

    @abstractmethod
    async def echo(self, place: Place, text: str) -> None:
        """The platform shows us a message of our own."""

    @abstractmethod
    async def garble(self) -> None:
        """The platform sends what no documentation mentions, several kinds of it."""

    @abstractmethod
    def unconfirmed(self) -> int:
        """How many messages the platform still holds for us."""

    @abstractmethod
    def shown(self, place: Place) -> list[str]:
        """Our messages in *place* as people see them now."""

    def files(self, place: Place) -> list[tuple[str, bytes]]:
        """The files that we sent to *place*, with their names; for platforms that take files."""
        raise NotImplementedError

    @abstractmethod
    def previews(self, place: Place) -> list[str]:
        """The drafts and signs of writing shown in *place* so far."""

    @abstractmethod
    async def leave(self, place: Place) -> None:
        """We cannot write there any more."""

    @abstractmethod
    async def refuse(self) -> None:
        """The next message is refused for what it is."""

    @abstractmethod
    async def slow_down(self, seconds: int) -> None:
        """The next message meets the platform's rate limit."""

    @abstractmethod
    def outage(self) -> Any:
        """An async context manager: the platform cannot be reached inside it."""


@dataclass
class Stage:
    """A platform with our adapter running on it."""

    platform: Platform
    adapter: Adapter[Any]
    host: FakeHost
    inbox: FakeInbox
    task: asyncio.Task[None]

    async def chat(self, place: Place) -> Chat:
        """The chat that *place* is to us: somebody says something there first."""
        before = len(self.inbox.messages)
        await self.platform.say(place, "hello")
        return (await self.inbox.get(before + 1))[-1].chat

    async def shown(self, place: Place, count: int = 1) -> list[str]:
        """Our messages there, once there are *count*."""
        await until(lambda: len(self.platform.shown(place)) >= count, lambda: self.platform.shown(place))
        return self.platform.shown(place)

    async def up(self, times: int = 1) -> None:
        """Wait until the channel was reported up, and was so *times* after being something else."""
        await until(lambda: self.host.states.count(ChannelState.UP) >= times, lambda: self.host.reports)


@asynccontextmanager
async def staged(platform: Platform, host: FakeHost, inbox: FakeInbox | None = None) -> AsyncIterator[Stage]:
    """The adapter runs on *platform*; may be entered again with the same host, as after a restart."""
    bound = free_socket()
    adapter = platform.adapter(host, f"http://127.0.0.1:{bound.getsockname()[1]}")
    inbox = inbox or FakeInbox(host)
    async with serving(bound, adapter.routes()), running(adapter, inbox) as task:
        yield Stage(platform, adapter, host, inbox, task)


class AdapterContract:
    """Inherit, and supply `platform`."""

    @pytest.fixture
    def host(self, tmp_path: Path) -> FakeHost:
        return FakeHost(tmp_path)

    @pytest.fixture
    async def stage(self, platform: Platform, host: FakeHost) -> AsyncIterator[Stage]:
        async with staged(platform, host) as stage:
            await stage.up()
            yield stage

    def test_all_it_can_do_is_under_contract(self, platform: Platform, host: FakeHost) -> None:
        able = platform.adapter(host, "http://127.0.0.1").capabilities
        assert platform.has_groups == isinstance(self, GroupContract)
        assert able.edit == isinstance(self, EditContract)
        assert bool(able.draft) == isinstance(self, DraftContract)
        assert able.typing == isinstance(self, TypingContract)
        assert able.delete == isinstance(self, DeleteContract)
        assert able.files == isinstance(self, FileContract)

    # --- what comes in

    async def test_a_private_message_arrives(self, stage: Stage, platform: Platform) -> None:
        await platform.say(platform.private(), "hello 世界 🌍")
        (message,) = await stage.inbox.get()
        assert message.text == "hello 世界 🌍"
        assert message.chat.kind == "private"
        assert message.chat.channel == stage.host.name
        assert message.sender.id
        assert message.id
        assert not message.sender.bot

    async def test_a_message_survives_json(self, stage: Stage, platform: Platform) -> None:
        await platform.say(platform.private(), "hello")
        (message,) = await stage.inbox.get()
        assert type(message).from_json(message.to_json()) == message

    async def test_two_people_have_two_chats(self, stage: Stage, platform: Platform) -> None:
        first, second = await stage.chat(platform.private()), await stage.chat(platform.private())
        assert first.key != second.key

    async def test_messages_of_a_chat_come_in_order(self, stage: Stage, platform: Platform) -> None:
        place = platform.private()
        for number in range(20):
            await platform.say(place, str(number))
        assert [message.text for message in await stage.inbox.get(20)] == [str(n) for n in range(20)]

    async def test_our_own_messages_are_not_for_us(self, stage: Stage, platform: Platform) -> None:
        place = platform.private()
        await platform.echo(place, "said by us")
        await platform.say(place, "said by them")
        assert [message.text for message in await stage.inbox.get()] == ["said by them"]

    async def test_nonsense_harms_nobody(self, stage: Stage, platform: Platform) -> None:
        await platform.garble()
        await platform.say(platform.private(), "still there?")
        assert [message.text for message in await stage.inbox.get()] == ["still there?"]

    # --- nothing is lost, nothing comes twice

    async def test_nothing_is_confirmed_before_it_is_durable(self, stage: Stage, platform: Platform) -> None:
        stage.inbox.opened.clear()
        await platform.say(platform.private(), "keep me")
        await until(lambda: stage.inbox.calls)
        for _ in range(10):
            await asyncio.sleep(0.01)
            assert platform.unconfirmed() == 1
        stage.inbox.opened.set()
        await until(lambda: platform.unconfirmed() == 0)
        assert [message.text for message in stage.inbox.messages] == ["keep me"]

    async def test_what_could_not_be_stored_comes_again(self, stage: Stage, platform: Platform) -> None:
        stage.inbox.failures = 2
        await platform.say(platform.private(), "keep me")
        assert [message.text for message in await stage.inbox.get()] == ["keep me"]
        assert stage.inbox.calls >= 3
        await until(lambda: platform.unconfirmed() == 0)

    async def test_what_was_said_while_we_were_away_arrives(self, platform: Platform, host: FakeHost) -> None:
        place = platform.private()
        async with staged(platform, host) as stage:
            await platform.say(place, "before")
            await stage.inbox.get()
        await platform.say(place, "meanwhile")
        async with staged(platform, host) as stage:
            assert [message.text for message in await stage.inbox.get()] == ["meanwhile"]

    async def test_what_was_stored_is_not_handed_over_again(self, platform: Platform, host: FakeHost) -> None:
        place = platform.private()
        inbox = FakeInbox(host)
        async with staged(platform, host, inbox) as stage:
            await platform.say(place, "before")
            await inbox.get()
            await stage.up()
        async with staged(platform, host, inbox) as stage:
            await platform.say(place, "after")
            assert [message.text for message in await inbox.get(2)] == ["before", "after"]

    # --- what goes out

    @pytest.mark.parametrize(
        "text",
        [
            "plain",
            "emoji 👩‍👩‍👧‍👦 🇩🇪 👍🏽",
            "你好，世界。",
            "مرحبا بالعالم",
            "two\n\n  lines\tand <b>&amp; *signs*_",
            "longest",
        ],
    )
    async def test_a_text_is_shown_exactly(self, stage: Stage, platform: Platform, text: str) -> None:
        limits = stage.adapter.capabilities
        if text == "longest":
            pair = "é🙂"
            text = pair * (limits.max_length // length(pair, limits.length_unit))
        place = platform.private()
        receipt = await stage.adapter.send(await stage.chat(place), Reply(text))
        assert receipt.id
        assert await stage.shown(place) == [text]

    async def test_messages_to_a_chat_are_shown_in_order(self, stage: Stage, platform: Platform) -> None:
        place = platform.private()
        chat = await stage.chat(place)
        for number in range(3):
            await stage.adapter.send(chat, Reply(str(number)))
        assert await stage.shown(place, 3) == ["0", "1", "2"]

    # --- what goes wrong

    async def test_a_chat_that_is_gone_is_said_to_be(self, stage: Stage, platform: Platform) -> None:
        place = platform.private()
        chat = await stage.chat(place)
        await platform.leave(place)
        with pytest.raises(ChatGone):
            await stage.adapter.send(chat, Reply("anybody?"))

    async def test_a_refused_message_is_never_retried(self, stage: Stage, platform: Platform) -> None:
        chat = await stage.chat(platform.private())
        await platform.refuse()
        with pytest.raises(Rejected) as caught:
            await stage.adapter.send(chat, Reply("no"))
        assert not caught.value.retryable

    async def test_a_rate_limit_says_how_long(self, stage: Stage, platform: Platform) -> None:
        chat = await stage.chat(platform.private())
        await platform.slow_down(17)
        with pytest.raises(RateLimited) as caught:
            await stage.adapter.send(chat, Reply("fast"))
        seconds = platform.silent_pause or 17
        assert caught.value.retry_after is not None
        assert seconds - 1 < caught.value.retry_after <= seconds

    async def test_an_outage_is_reported_and_survived(self, stage: Stage, platform: Platform) -> None:
        place = platform.private()
        chat = await stage.chat(place)
        async with platform.outage():
            with pytest.raises(NetworkError) as caught:
                await stage.adapter.send(chat, Reply("anybody?"))
            assert caught.value.retryable
        await stage.adapter.send(chat, Reply("back"))
        assert (await stage.shown(place))[-1] == "back"
        before = len(stage.inbox.messages)
        await platform.say(place, "welcome back")
        assert (await stage.inbox.get(before + 1))[-1].text == "welcome back"

    async def test_it_starts_without_a_network(self, platform: Platform, host: FakeHost) -> None:
        async with platform.outage():
            stage = staged(platform, host)
            entered = await stage.__aenter__()
            try:
                await until(lambda: ChannelState.DOWN in host.states, lambda: host.reports)
            except AssertionError:
                await stage.__aexit__(None, None, None)
                raise
        try:
            await platform.say(platform.private(), "there you are")
            assert [message.text for message in await entered.inbox.get()] == ["there you are"]
        finally:
            await stage.__aexit__(None, None, None)

    async def test_sending_works_from_the_start_of_run_until_close(
        self, platform: Platform, host: FakeHost
    ) -> None:
        place = platform.private()
        async with staged(platform, host) as stage:
            chat = await stage.chat(place)
            await stop(stage.task)
            await stage.adapter.send(chat, Reply("what was still to say"))
            assert await stage.shown(place) == ["what was still to say"]
        with pytest.raises(AdapterError):
            await stage.adapter.send(chat, Reply("too late"))

    async def test_it_can_be_run_again(self, platform: Platform, host: FakeHost) -> None:
        async with staged(platform, host) as stage:
            first = await stage.chat(platform.private())
            await stop(stage.task)
            async with running(stage.adapter, stage.inbox):
                second = await stage.chat(platform.private())
                for chat in (first, second):
                    await stage.adapter.send(chat, Reply("still here"))

    async def test_it_stops_at_once_and_leaves_nothing(self, platform: Platform, host: FakeHost) -> None:
        before = asyncio.all_tasks()
        async with staged(platform, host) as stage:
            chat = await stage.chat(platform.private())
            await stage.adapter.send(chat, Reply("hello"))
            started = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - started < 1
        gc.collect()  # an open socket or session is a ResourceWarning, and that is an error here
        ours = {task for task in asyncio.all_tasks() - before if "adapters" in repr(task.get_coro())}
        assert not ours

    async def test_no_secret_is_written_anywhere(
        self, platform: Platform, host: FakeHost, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        errors: list[AdapterError] = []

        async def failing(act: Callable[[], Any]) -> None:
            with pytest.raises(AdapterError) as caught:
                await act()
            errors.append(caught.value)

        async with staged(platform, host) as stage:
            place = platform.private()
            chat = await stage.chat(place)
            await platform.refuse()
            await failing(lambda: stage.adapter.send(chat, Reply("no")))
            async with platform.outage():
                await failing(lambda: stage.adapter.send(chat, Reply("no")))
            if stage.adapter.capabilities.edit:
                await failing(lambda: stage.adapter.edit(chat, Receipt("999999"), Reply("no")))
        # the simulator's own access log names addresses; it is no part of the gateway
        logged = [record.getMessage() for record in caplog.records if record.name != "aiohttp.access"]
        written = repr(logged) + repr(errors) + str(errors) + repr(host.reports) + repr(stage.adapter.options)
        assert platform.secrets
        assert not [secret for secret in platform.secrets if secret in written]


class GroupContract(AdapterContract):
    """For platforms with groups."""

    async def test_a_group_message_says_whether_it_is_for_us(self, stage: Stage, platform: Platform) -> None:
        group = platform.group()
        await platform.say(group, "just talking")
        await platform.say(group, "what time is it?", mention=True)
        aside, question = await stage.inbox.get(2)
        assert (aside.chat.kind, aside.mentioned) == ("group", False)
        assert (question.text, question.mentioned) == ("what time is it?", True)

    async def test_a_group_is_answered_in_the_group(self, stage: Stage, platform: Platform) -> None:
        group, other = platform.group(), platform.group()
        chat = await stage.chat(group)
        await stage.adapter.send(chat, Reply("here", reply_to=stage.inbox.messages[-1].id))
        assert await stage.shown(group) == ["here"]
        assert platform.shown(other) == []


class EditContract(AdapterContract):
    """For platforms where a sent message can be replaced."""

    async def test_an_edit_replaces_the_message(self, stage: Stage, platform: Platform) -> None:
        place = platform.private()
        chat = await stage.chat(place)
        receipt = await stage.adapter.send(chat, Reply("first", growing=True))
        await stage.adapter.edit(chat, receipt, Reply("second"))
        await stage.adapter.edit(chat, receipt, Reply("second"))  # nothing changed: still a success
        assert platform.shown(place) == ["second"]

    async def test_views_of_a_growing_answer_leave_room(self, stage: Stage, platform: Platform) -> None:
        place = platform.private()
        chat = await stage.chat(place)
        receipt = await stage.adapter.send(chat, Reply("…", growing=True))

        async def flood() -> None:
            for number in range(100):
                await stage.adapter.edit(chat, receipt, Reply(f"view {number}"), final=False)

        async with asyncio.timeout(2):
            with pytest.raises(RateLimited):
                await flood()
            await stage.adapter.edit(chat, receipt, Reply("done"))
        assert platform.shown(place) == ["done"]


class DraftContract(AdapterContract):
    """For platforms that show a text while it is written."""

    async def test_a_draft_is_shown_and_gone(self, stage: Stage, platform: Platform) -> None:
        place = platform.private()
        chat = await stage.chat(place)
        await stage.adapter.draft(chat, 1, Reply("grow"))
        await stage.adapter.send(chat, Reply("grown"))
        assert await stage.shown(place) == ["grown"]
        assert platform.previews(place) == ["grow"]


class TypingContract(AdapterContract):
    """For platforms that show who is writing."""

    async def test_typing_is_shown(self, stage: Stage, platform: Platform) -> None:
        place = platform.private()
        await stage.adapter.typing(await stage.chat(place))
        await until(lambda: platform.previews(place) == ["typing"], lambda: platform.previews(place))


class DeleteContract(AdapterContract):
    """For platforms where a sent message can be taken away."""

    async def test_a_deleted_message_is_gone_and_no_other(self, stage: Stage, platform: Platform) -> None:
        place = platform.private()
        chat = await stage.chat(place)
        receipts = [await stage.adapter.send(chat, Reply(text)) for text in ("one", "two", "three")]
        await stage.adapter.delete(chat, receipts[1])
        await until(lambda: platform.shown(place) == ["one", "three"], lambda: platform.shown(place))

    async def test_what_is_gone_cannot_be_deleted(self, stage: Stage, platform: Platform) -> None:
        chat = await stage.chat(platform.private())
        receipt = await stage.adapter.send(chat, Reply("one"))
        await stage.adapter.delete(chat, receipt)
        with pytest.raises(Rejected):
            await stage.adapter.delete(chat, receipt)


class FileContract(AdapterContract):
    """For platforms that take files."""

    @pytest.mark.parametrize("name", ["chat.md", "聊天 记录.md"])
    async def test_a_file_arrives_whole(self, stage: Stage, platform: Platform, name: str) -> None:
        place = platform.private()
        data = "# 聊天\n".encode() + bytes(range(256)) * 1000
        receipt = await stage.adapter.send(await stage.chat(place), Reply("", file=Attachment(name, data)))
        assert receipt.id
        await until(lambda: platform.files(place), lambda: platform.shown(place))
        assert platform.files(place) == [(name, data)]

    async def test_a_file_for_a_chat_that_is_gone(self, stage: Stage, platform: Platform) -> None:
        place = platform.private()
        chat = await stage.chat(place)
        await platform.leave(place)
        with pytest.raises(ChatGone):
            await stage.adapter.send(chat, Reply("", file=Attachment("chat.md", b"# chat")))

    async def test_a_file_without_a_network_is_for_later(self, stage: Stage, platform: Platform) -> None:
        chat = await stage.chat(platform.private())
        async with platform.outage():
            with pytest.raises(NetworkError):
                await stage.adapter.send(chat, Reply("", file=Attachment("chat.md", b"# chat")))
