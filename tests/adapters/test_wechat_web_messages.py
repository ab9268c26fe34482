"""What people say on WeChat, and how it arrives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway import Audio, File, Image, Message, Moved, Quote, Recalled, Text
from gateway.errors import ChatGone, Rejected
from gateway.message import Reply
from tests.servers.wechat_web import Room, WeChatServer

from .contract import Stage
from .host import FakeHost, FakeInbox, until
from .wechat_web_platform import asked, server, wechat

DASHES = "- - - - - - - - - - - - - - -"


@pytest.fixture
async def world() -> AsyncIterator[WeChatServer]:
    async with server() as world:
        yield world
        assert world.complaints == []


@pytest.fixture
async def stage(world: WeChatServer, host: FakeHost) -> AsyncIterator[Stage]:
    async with wechat(host, world) as stage:
        yield stage


async def newest(stage: Stage, count: int = 1) -> Message:
    return (await stage.inbox.get(count))[-1]


async def heard(stage: Stage, *, after: str) -> list[str]:
    """The texts that arrived before *after* did."""
    texts: list[str] = []

    def arrived() -> bool:
        texts[:] = [message.text for message in stage.inbox.messages]
        return after in texts

    await until(arrived, lambda: texts)
    return [text for text in texts if text != after]


# --- what it is


@pytest.mark.parametrize(
    "text", ["a < b && c > d", "one\ntwo", "😂 😹 🇨🇳 ❤️", "&lt;br/&gt;", '"quoted" \\u4f60', "@Gateway hello"]
)
async def test_a_text_arrives_as_it_was_written(world: WeChatServer, stage: Stage, text: str) -> None:
    ann = world.user()
    world.say(world.private(ann), ann, text)
    message = await newest(stage)
    assert message.text == text.replace("😹", "😂")  # which the server mixes up
    assert not message.mentioned


async def test_who_and_where_and_when(world: WeChatServer, stage: Stage) -> None:
    ann = world.user("Ann <b>😂", remark="Anna")
    id = world.say(world.private(ann), ann, "hello")
    message = await newest(stage)
    assert (message.id, message.sender.name, message.sender.id) == (id, "Ann <b>😂", str(ann.seq))
    assert (message.chat.id, message.chat.kind) == (str(ann.seq), "private")
    assert message.chat.account == str(world.first.uin) == stage.adapter.account
    assert message.time == world.world.messages[id].created


@pytest.mark.parametrize(
    ("what", "kind", "options", "data"),
    [
        ("picture", Image, {}, b"\x89PNGpicture"),
        ("sticker", Image, {}, b"GIF89asticker"),
        ("audio", Audio, {}, b"ID3voice"),
        ("video", File, {}, b"\0\0\0 ftypmp42"),
        ("file", File, {"name": "聊天 & more.pdf", "content": b"%PDF" * 50_000}, b"%PDF" * 50_000),
    ],
)
async def test_media_can_be_fetched(
    world: WeChatServer, stage: Stage, what: str, kind: type[Any], options: dict[str, Any], data: bytes
) -> None:
    ann = world.user()
    getattr(world, what)(world.private(ann), ann, **options)
    message = await newest(stage)
    (part,) = message.parts
    assert isinstance(part, kind)
    assert await stage.adapter.fetch(part) == data
    if isinstance(part, File) and what == "file":
        assert (part.name, part.size) == ("聊天 & more.pdf", len(data))
    assert type(message).from_json(message.to_json()) == message


async def test_what_cannot_be_fetched_says_so(world: WeChatServer, stage: Stage) -> None:
    await asked(world, stage, world.private(world.user()))
    for ref in ("", "nonsense", '["webwxgetmsgimg","0","",""]'):
        with pytest.raises(Rejected):
            await stage.adapter.fetch(Image(ref))


async def test_links_places_and_cards_are_said_in_words(world: WeChatServer, stage: Stage) -> None:
    ann = world.user()
    room = world.private(ann)
    world.link(room, ann, title="A & B", url="https://example.org/?a=1&b=2")
    world.place(room, ann, label="West Lake")
    world.card(room, ann, world.user("Bob"))
    link, place, card = await stage.inbox.get(3)
    assert link.parts == (Text("A & B\nhttps://example.org/?a=1&b=2"),)
    assert place.parts == (Text("West Lake"),)
    assert card.parts == (File("", "Bob"),)


@pytest.mark.parametrize(
    ("quoted", "said"),
    [("what is it?", "tell me more"), ("with 」 and\n- - -\nlines", "more"), ("a：b", "why?")],
)
async def test_a_quotation_is_told_apart(world: WeChatServer, stage: Stage, quoted: str, said: str) -> None:
    ann = world.user()
    world.say(world.private(ann), ann, f"「Bob：{quoted}」\n{DASHES}\n{said}")
    message = await newest(stage)
    assert message.parts == (Quote("", "Bob", quoted), Text(said))
    assert message.text == said


async def test_a_message_that_is_taken_back(world: WeChatServer, stage: Stage) -> None:
    ann = world.user()
    for room in (world.private(ann), world.group("Friends", ann)):
        id = world.say(room, ann, "oops")
        world.recall(room, ann, id)
        chat = (await stage.inbox.get())[-1].chat
        await until(lambda chat=chat, id=id: Recalled(chat, id) in stage.inbox.events)  # type: ignore[misc]
        stage.inbox.events.clear()


async def test_what_is_not_for_us(world: WeChatServer, stage: Stage) -> None:
    news, ann = world.official(), world.user()
    group = world.group("Friends", ann)
    world.say(world.private(news), news, "buy!")
    world.say(world.private(ann), world.first, "from our own phone")
    world.say(group, world.first, "from our own phone, to all")
    world.say(world.private(world.filehelper), world.first, "a note")
    world.look(group)
    world.note(group, '"Ann" invited "Bob"')
    world.ask_friend(world.user("Stranger", friend=False))
    world.say(world.private(ann), ann, "hello")
    assert await heard(stage, after="hello") == []


# --- groups


async def test_a_group_message_tells_who_speaks(world: WeChatServer, stage: Stage) -> None:
    ann, stranger = world.user("Ann"), world.user("Stranger", friend=False)
    group = world.group("Friends & 家", ann, stranger, aliases={ann: "Annie"})
    world.say(group, ann, "one")
    world.say(group, stranger, "two")
    one, two = await stage.inbox.get(2)
    assert (one.sender.id, one.sender.name) == (str(ann.seq), "Annie")
    assert (two.sender.id, two.sender.name) == ("member:Stranger", "Stranger")
    assert (one.chat.id, one.chat.title, one.chat.kind) == (f"@@{group.seq}", "Friends & 家", "group")


async def test_a_mention_by_the_name_that_we_have_in_the_group(world: WeChatServer, stage: Stage) -> None:
    ann = world.user()
    group = world.group("Friends", ann)
    alias = "My 😂 <Bot>"
    for number, name in enumerate(["", alias, "", alias], 1):
        world.say(group, ann, "before", mention=True)  # handed over together with the change
        world.rename(group, world.first, name)
        world.say(group, ann, "after", mention=True)
        world.say(group, ann, "by our own name @Gateway")
        await stage.inbox.get(3 * number)
    assert all(message.mentioned for message in stage.inbox.messages)
    assert {message.text for message in stage.inbox.messages} == {"before", "after", "by our own name"}
    world.rename(group, world.first, "")
    await until(lambda: world.first.confirmed == len(world.first.timeline))
    world.say(group, ann, f"@{alias}\u2005who is that?")
    assert not (await newest(stage, 13)).mentioned


async def test_a_mention_of_another_is_none_of_us(world: WeChatServer, stage: Stage) -> None:
    ann, bob = world.user("Ann"), world.user("Gateway Two")
    group = world.group("Friends", ann, bob)
    world.say(group, ann, "hello", mention=bob)
    assert not (await newest(stage)).mentioned


async def test_a_bare_mention_is_an_empty_question(world: WeChatServer, stage: Stage) -> None:
    ann = world.user()
    world.say(world.group("Friends", ann), ann, "", mention=True)
    message = await newest(stage)
    assert (message.text, message.mentioned, message.parts) == ("", True, ())


async def test_a_quotation_of_us_is_for_us_and_of_others_not(world: WeChatServer, stage: Stage) -> None:
    ann = world.user()
    group = world.group("Friends", ann)
    world.say(group, ann, f"「Gateway：it is five」\n{DASHES}\nreally?")
    world.say(group, ann, f"「Ann：@Gateway what time?」\n{DASHES}\nwell")
    ours, theirs = await stage.inbox.get(2)
    assert (ours.mentioned, theirs.mentioned) == (True, False)
    assert ours.text == "really?"


async def test_only_listed_groups_are_heard(world: WeChatServer, host: FakeHost) -> None:
    ann = world.user()
    async with wechat(host, world, groups=["Friends"]) as stage:
        for title in ("Family", "Friends of Ann", "friends", "Friends"):
            world.say(world.group(title, ann), ann, title, mention=True)
        world.say(world.private(ann), ann, "hello")
        assert await heard(stage, after="hello") == ["Friends"]


@pytest.mark.parametrize("saved", [True, False], ids=["saved", "unsaved"])
async def test_a_group_has_one_id_from_login_to_login(
    world: WeChatServer, host: FakeHost, saved: bool
) -> None:
    ann = world.user()
    group = world.group("Friends", ann, saved=saved)
    chats = []
    for number in range(3):
        async with wechat(host, world) as stage:
            chats.append(await asked(world, stage, group, f"hello {number}"))
            if number:
                await stage.adapter.send(chats[0], Reply(f"answer {number}"))
            if number == 1:
                world.log_out()
                await stage.up(2)
                await stage.adapter.send(chats[0], Reply("after the login"))
    assert len(set(chats)) == 1
    assert [sent.text for sent in world.sent(group)] == ["answer 1", "after the login", "answer 2"]


async def test_after_a_restart_an_unsaved_group_can_be_answered_at_once(
    world: WeChatServer, host: FakeHost
) -> None:
    ann = world.user()
    group = world.group("Friends", ann, saved=False)
    async with wechat(host, world) as stage:
        chat = await asked(world, stage, group)
    async with wechat(host, world) as stage:
        await stage.adapter.send(chat, Reply("late"))
    assert [sent.text for sent in world.sent(group)] == ["late"]


async def test_a_group_without_a_number_that_is_renamed_keeps_its_past(
    world: WeChatServer, host: FakeHost
) -> None:
    ann = world.user()
    group = world.group("Friends", ann)
    group.seq = 0
    async with wechat(host, world) as stage:
        before = await asked(world, stage, group)
        world.retitle(group, "Family")
        after = await asked(world, stage, group, "still us")
    assert (before.id, after.id) == ("room:Friends", "room:Family")
    moves = [event for event in stage.inbox.events if isinstance(event, Moved)]
    assert [(move.chat.key, move.to) for move in moves] == [(before.key, after.id)]


async def test_contacts_that_change_are_told_once_where_it_cannot_be_stored(
    world: WeChatServer, stage: Stage
) -> None:
    ann = world.user()
    group = world.group("Friends", ann)
    group.seq = 0
    await asked(world, stage, group)
    stage.inbox.failures = 2
    world.retitle(group, "Family")
    await until(lambda: any(isinstance(event, Moved) for event in stage.inbox.events))


async def test_members_are_asked_for_once(world: WeChatServer, stage: Stage) -> None:
    """No crawling: who cannot be found is not asked for again and again."""
    ann = world.user()
    group = world.group("Friends", ann)
    ghost = world.user("Ghost", friend=False)  # writes, and is in no list
    for number in range(5):
        world.say(group, ghost, str(number))
    await stage.inbox.get(5)
    assert len(world.called("webwxbatchgetcontact")) <= 2


async def test_many_messages_come_in_order(world: WeChatServer, host: FakeHost) -> None:
    """More than WeChat hands over at once."""
    ann = world.user()
    room: Room = world.private(ann)
    async with wechat(host, world) as stage:
        await stage.up()
    for number in range(70):
        world.say(room, ann, str(number))
    async with wechat(host, world, FakeInbox(host)) as stage:
        assert [message.text for message in await stage.inbox.get(70)] == [str(n) for n in range(70)]


async def test_news_of_nothing_do_not_make_us_ask_for_ever(world: WeChatServer, stage: Stage) -> None:
    world.check_answers(0, 7, times=50)
    await until(lambda: len(world.called("webwxsync")) > 2)
    asked_before = len(world.called("webwxsync"))
    world.say(world.private(ann := world.user()), ann, "hello")
    await stage.inbox.get()
    assert len(world.called("webwxsync")) - asked_before < 5


# --- friends


async def test_who_wants_to_be_a_friend_is_accepted_and_greeted(world: WeChatServer, host: FakeHost) -> None:
    async with wechat(host, world, auto_pass=True, greeting="你好！") as stage:
        stranger = world.user("Stranger", friend=False)
        request = world.ask_friend(stranger)
        await until(lambda: request.accepted)
        room = world.private(stranger)
        await world.answers(room)
        await asked(world, stage, room)
        world.replay(5)
        await asked(world, stage, room, "again")
    async with wechat(host, world, auto_pass=True, greeting="你好！") as stage:
        await asked(world, stage, room, "and again")
    assert [sent.text for sent in world.sent(room)] == ["你好！"]
    assert len(world.called("webwxverifyuser")) == 1


async def test_a_request_survives_a_restart_and_trouble(world: WeChatServer, host: FakeHost) -> None:
    request = world.ask_friend(world.user("Stranger", friend=False))
    world.fail("webwxverifyuser", status=502, times=None)
    async with wechat(host, world, auto_pass=True) as stage:
        request = world.ask_friend(world.user("Stranger", friend=False))
        await until(lambda: world.called("webwxverifyuser"))
        await stage.up()
    world.heal()
    async with wechat(host, world, auto_pass=True):
        await until(lambda: request.accepted)


async def test_nobody_is_accepted_unasked(world: WeChatServer, stage: Stage) -> None:
    request = world.ask_friend(world.user("Stranger", friend=False))
    await asked(world, stage, world.private(world.user()))
    assert not request.accepted


# --- where nothing can be said


@pytest.mark.parametrize("way", ["drop", "block", "removed"])
async def test_who_wants_no_more_of_us_is_not_written_to(world: WeChatServer, stage: Stage, way: str) -> None:
    ann = world.user()
    room = world.group("Friends", ann) if way == "removed" else world.private(ann)
    chat = await asked(world, stage, room)
    if way == "removed":
        world.note(room, '你被"Ann"移出群聊')
        await asked(world, stage, world.private(ann), "bye")
    else:
        world.drop(ann, blocks=way == "block")
        await stage.adapter.send(chat, Reply("taken, and for nobody"))
        await until(lambda: world.unconfirmed() == 0)

    async def refused() -> bool:
        try:
            await stage.adapter.send(chat, Reply("anybody?"))
        except ChatGone:
            return True
        return False

    assert await refused()
    world.first.lost.clear()
    await asked(world, stage, room, "it was a mistake")
    assert not await refused()
