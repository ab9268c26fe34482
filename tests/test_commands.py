"""What people can tell the gateway itself."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.access import Rules
from gateway.adapter import ChannelState
from gateway.commands import COMMANDS, find, lane, match, menu
from gateway.errors import StoreError
from gateway.inbox import rows
from gateway.limits import Limits
from gateway.message import Attachment, Chat, Image, Sender
from gateway.session import Summary
from gateway.store.answers import Answer
from gateway.store.channels import Status, save
from gateway.store.history import Exchange, move_chat
from gateway.store.quota import Counted
from gateway.store.summaries import Summaries
from gateway.texts import Sentence
from tests.adapters.host import until
from tests.scene import ABLE, Scene, staged
from tests.servers.model import Fault
from tests.words import ANN, BOB, GROUP, PRIVATE, said

ADMINS = Rules(admins=frozenset({"shop:ann"}))
EVE = Sender("eve", "ann")  # who is called like an admin's id
LOOK = re.compile(r"[a-z0-9_]{1,32}")


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with staged(tmp_path) as scene:
        scene.talk = replace(scene.talk, rules=ADMINS)
        yield scene


# --- what is a command


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.names[0])
def test_a_command_is_known_by_each_of_its_names(command: object) -> None:
    names = next(known.names for known in COMMANDS if known is command)
    assert any(name.isascii() for name in names)
    assert not all(name.isascii() for name in names)
    for name in names:
        assert find(f"/{name}") == (command, "")
        assert find(f"/{name.upper()}  on \n off ") == (command, "on \n off ")
        assert find(name) == (None if name.isascii() else (command, ""))
        assert find(f"{name} on") is None


@pytest.mark.parametrize("text", ["", "/", "/ help", "//help", "/helpless", "help", "帮助我", "😀"])
def test_other_texts_are_no_commands(text: str) -> None:
    assert find(text) is None


def test_what_says_nothing_to_us_asks_for_help_and_what_we_cannot_read_does_not() -> None:
    assert match(said(""), "") == (find("/help"))
    assert match(said("", where=GROUP), "") is None
    assert match(said("", parts=(Image("ref"),)), "") is None


def test_only_stop_overtakes_its_chat() -> None:
    urgent = [command.names[0] for command in COMMANDS if lane(said(f"/{command.names[0]}")) != PRIVATE.key]
    assert urgent == ["stop"]


def test_the_menu_has_every_command_for_people_in_both_languages() -> None:
    shown = menu()
    assert [name for name, _ in shown["en"]] == [name for name, _ in shown["zh"]]
    assert {name for name, _ in shown["en"]} == {
        command.names[0] for command in COMMANDS if not command.private
    }
    assert all(LOOK.fullmatch(name) and 1 <= len(text) <= 256 for name, text in [*shown["en"], *shown["zh"]])
    assert all(text.isascii() for _, text in shown["en"])
    assert not any(text.isascii() for _, text in shown["zh"])


# --- who may


@pytest.mark.parametrize(
    ("where", "who", "has", "has_not"),
    [
        (PRIVATE, ANN, ["/admin", "/model", "/forget"], ["/context"]),
        (PRIVATE, BOB, ["/model", "/forget"], ["/context", "/admin"]),
        (GROUP, ANN, ["/context", "/model"], ["/admin"]),
        (GROUP, BOB, ["/context"], ["/admin"]),
    ],
    ids=["an admin", "anybody", "an admin in a group", "anybody in a group"],
)
async def test_help_lists_what_is_of_use_here(
    scene: Scene, where: Chat, who: Sender, has: list[str], has_not: list[str]
) -> None:
    found = await scene.say("/help", where, who)
    assert [name for name in has if name not in found] == []
    assert [name for name in has_not if name in found] == []
    assert "/帮助" not in (await scene.say("帮助", where, who))
    assert "清空" in (await scene.say("帮助", where, who))


@pytest.mark.parametrize(
    "command", ["model cheap", "system Be rude.", "context member", "forget", "history off"]
)
@pytest.mark.parametrize("who", [BOB, EVE], ids=["a member", "somebody called like an admin"])
async def test_a_group_is_changed_by_its_admins_alone(scene: Scene, command: str, who: Sender) -> None:
    await scene.say("hello", GROUP)
    assert await scene.say(f"/{command}", GROUP, who) == Sentence.ADMINS_ONLY.say("en")
    record = await scene.store.open(said("?", "unknown", GROUP))
    assert (record.settings, len(record.exchanges)) == ({}, 1)
    assert await scene.say(f"/{command}", GROUP, ANN) != Sentence.ADMINS_ONLY.say("en")


async def test_everybody_changes_their_own_private_chat(scene: Scene) -> None:
    assert await scene.say("/model cheap", who=BOB) == "This chat now talks to cheap."


@pytest.mark.parametrize(
    ("where", "who", "may"),
    [(PRIVATE, ANN, True), (GROUP, ANN, False), (PRIVATE, BOB, False), (PRIVATE, EVE, False)],
)
async def test_admin_is_for_admins_in_private(scene: Scene, where: Chat, who: Sender, may: bool) -> None:
    await scene.say("hello")
    found = await scene.say("/admin", where, who)
    assert found.startswith("Channels:") == may
    assert (found == Sentence.ADMINS_ONLY.say("en")) == (not may)
    assert not may or re.search(r"default: 1, \d+ token", found)
    assert (await scene.say("管理", where, who)).startswith("通道" if may else "只有管理员")


async def test_admin_hears_of_trouble_that_there_is_not_of_what_has_passed(scene: Scene) -> None:
    """A channel that was up again was "up (no network)"."""
    known = [
        Status("cellar", ChannelState.DOWN, 1.0, last_error="no network"),
        Status("shop", ChannelState.UP, 1.0, last_error="no network"),
    ]
    await scene.database.run(lambda connection: save(connection, known))
    lines = (await scene.say("/admin")).split("\n")
    assert [line for line in lines if ":" in line][1:3] == ["• cellar: down (no network)", "• shop: up"]


# --- the model and the persona


@pytest.mark.parametrize(("name", "where"), [("model", PRIVATE), ("模型", PRIVATE), ("model", GROUP)])
async def test_a_model_is_chosen_for_a_chat(scene: Scene, name: str, where: Chat) -> None:
    zh = name == "模型"
    shown = await scene.say(f"/{name}", where)
    assert shown.startswith("可用模型" if zh else "Models;")
    assert ("default" in shown, "cheap" in shown) == (True, True)
    assert await scene.say(f"/{name} cheap", where) == (
        "本聊天现在使用 cheap。" if zh else "This chat now talks to cheap."
    )
    await scene.say("hello", where)
    await scene.say("hello", replace(where, id="8"))
    assert [request.body["model"] for request in scene.model.requests] == ["cheap-1", "test"]
    assert "cheap" in await scene.say("/status", where)


async def test_a_model_that_there_is_not_is_not_chosen(scene: Scene) -> None:
    assert await scene.say("/model gpt-9") == "There is no model gpt-9. There are: default, cheap"
    await scene.say("hello")
    assert scene.model.requests[0].body["model"] == "test"


async def test_a_model_that_was_taken_out_of_the_configuration_harms_nobody(scene: Scene) -> None:
    await scene.archive.set(PRIVATE.key, "model", "gone")
    assert await scene.say("hello") == "hello (1 turns)"
    assert scene.model.requests[0].body["model"] == "test"


@pytest.mark.parametrize("back", ["-", "default", "Default", "默认"])
async def test_a_persona_is_set_shown_and_taken_back(scene: Scene, back: str) -> None:
    assert await scene.say("/system") == Sentence.NO_PERSONA.say("en")
    assert await scene.say("/system You are a pirate.\n\nBe rude.") == Sentence.PERSONA_CHOSEN.say("en")
    await scene.say("hello")
    assert scene.asked()[0] == ("system", "You are a pirate.\n\nBe rude.")
    assert "You are a pirate." in await scene.say("/system")
    await scene.say(f"/system {back}")
    await scene.say("hello")
    assert scene.asked()[0] == ("user", "hello")


async def test_a_persona_stands_for_the_configured_one(scene: Scene) -> None:
    scene.talk = replace(scene.talk, system_prompt="Be brief.")
    assert "Be brief." in await scene.say("/人设")
    assert await scene.say("/人设 你是海盗") == "已设置本聊天的人设。"
    await scene.say("hello")
    await scene.say("/人设 -")
    await scene.say("again")
    assert [scene.asked(number)[0] for number in (0, 1)] == [("system", "你是海盗"), ("system", "Be brief.")]


async def test_a_persona_has_room_but_not_all_there_is(scene: Scene) -> None:
    assert await scene.say("/system " + "x" * 4001) == "That is too long: at most 4000 characters."
    assert await scene.say("/system") == Sentence.NO_PERSONA.say("en")
    assert await scene.say("/system " + "长" * 4000) == "已设置本聊天的人设。"


# --- the context


@pytest.mark.parametrize("name", ["context", "上下文"])
async def test_members_can_have_contexts_of_their_own(scene: Scene, name: str) -> None:
    await scene.say("one", GROUP)
    assert "chat" in await scene.say(f"/{name}", GROUP)
    await scene.say(f"/{name} member", GROUP)
    assert "member" in await scene.say(f"/{name} nonsense", GROUP)
    assert await scene.say("two", GROUP) == "two (1 turns)"
    assert await scene.say("three", GROUP, BOB) == "three (1 turns)"
    await scene.say(f"/{name} chat", GROUP)
    assert await scene.say("four", GROUP, BOB) == "Bob: four (3 turns)"


async def test_a_private_chat_has_one_context(scene: Scene) -> None:
    assert await scene.say("/context member") == "This is for groups."
    assert await scene.say("上下文") == "此命令用于群聊。"


@pytest.mark.parametrize(
    ("name", "off", "on"),
    [
        ("history", Sentence.HISTORY_OFF.say("en"), Sentence.HISTORY_ON.say("en")),
        ("记忆", Sentence.HISTORY_OFF.say("zh"), Sentence.HISTORY_ON.say("zh")),
    ],
)
async def test_a_chat_need_not_be_remembered(scene: Scene, name: str, off: str, on: str) -> None:
    await scene.say("one")
    assert await scene.say(f"/{name} off") == off
    assert await scene.say("two") == "two (1 turns)"
    assert "off" in await scene.say(f"/{name}")
    assert "Context: 0 messages" in await scene.say("/status")
    assert await scene.say(f"/{name} on") == on
    assert await scene.say("three") == "three (3 turns)"
    assert await scene.history() == ["one", "one (1 turns)", "three", "three (3 turns)"]


async def test_what_is_not_remembered_is_not_asked_again(scene: Scene) -> None:
    """Regression: /retry asked the last question from before the memory was off."""
    await scene.say("one")
    await scene.say("/history off")
    await scene.say("two")
    assert await scene.say("/retry") == "There is no question to answer again."


async def test_what_is_stopped_is_not_remembered_either(scene: Scene) -> None:
    """Regression: a stopped answer was kept though the memory was off."""
    await scene.say("/history off")
    scene.model.faults.append(Fault(after=2, end="hang"))
    answering = asyncio.create_task(scene.respond(scene.message("count")))
    await until(lambda: len(scene.adapter.messages) == 2)
    await scene.say("/stop")
    await answering
    assert await scene.history() == []


async def test_settings_last(tmp_path: Path) -> None:
    async with staged(tmp_path) as scene:
        for text in ("/model cheap", "/system Be rude.", "/history off"):
            await scene.say(text)
    async with staged(tmp_path) as scene:
        await scene.respond(scene.message("hello"))
        found = await scene.store.open(said("?", "unknown"))
        assert found.settings == {"model": "cheap", "system": "Be rude.", "history": "off"}


# --- once more


@pytest.mark.parametrize("name", ["/retry", "/重试", "重试"])
async def test_the_last_question_is_answered_again(scene: Scene, name: str) -> None:
    await scene.say("one")
    await scene.say("two")
    scene.model.answer = "better"
    assert await scene.say(name) == "better"
    assert scene.asked() == [("user", "one"), ("assistant", "one (1 turns)"), ("user", "two")]
    assert await scene.history() == ["one", "one (1 turns)", "two", "better"]


async def test_the_last_question_of_a_group_is_its_speaker_s(scene: Scene) -> None:
    await scene.say("one", GROUP, BOB)
    await scene.say("/retry", GROUP, ANN)
    assert scene.asked() == [("user", "Bob: one")]


@pytest.mark.parametrize("before", [[], ["one", "/reset"], ["/help"]], ids=["nothing", "a reset", "help"])
async def test_there_may_be_nothing_to_answer_again(scene: Scene, before: list[str]) -> None:
    for text in before:
        await scene.say(text)
    assert await scene.say("/retry") == "There is no question to answer again."
    assert await scene.say("重试") == "没有可以重新回答的问题。"


async def test_the_last_question_is_known_after_a_restart(tmp_path: Path) -> None:
    async with staged(tmp_path) as scene:
        await scene.say("one")
    async with staged(tmp_path) as scene:
        scene.model.answer = "better"
        await scene.respond(said("/retry", "after the restart"))
        assert scene.adapter.texts() == ["better"]
        assert await scene.history() == ["one", "better"]


async def test_an_answer_given_again_and_stopped_replaces_the_exchange(scene: Scene) -> None:
    await scene.say("one")
    scene.model.answer = "first second third fourth fifth"
    scene.model.faults.append(Fault(after=2, end="hang"))
    answering = asyncio.create_task(scene.respond(scene.message("/retry")))
    await until(lambda: len(scene.adapter.messages) == 2)
    seen = scene.adapter.texts()[1]
    await scene.say("/stop")
    await answering
    assert await scene.history() == ["one", seen]


async def test_answering_again_is_a_question_to_the_limits(scene: Scene) -> None:
    """Regression: /retry was free."""
    scene.talk = replace(scene.talk, limits=Limits(messages_per_day=2), rules=Rules())
    await scene.say("one")
    await scene.say("/retry")
    assert (await scene.say("/retry")).startswith("You have used up")
    assert len(scene.model.requests) == 2
    assert (await scene.archive.account(said("?"))).counted.messages == 2


async def test_a_correction_that_asks_for_the_last_answer_again(scene: Scene) -> None:
    """Regression: the model was asked "/retry"."""
    await scene.ask("one")
    wrong = await scene.ask("/rety")
    await scene.correct(wrong, "/retry")
    assert scene.asked()[-1] == ("user", "/rety")
    assert "/retry" not in await scene.history()


# --- what is stored


@pytest.mark.parametrize("name", ["export", "导出"])
async def test_a_chat_is_given_out_as_a_file(scene: Scene, name: str) -> None:
    scene.adapter.capabilities = replace(ABLE, files=True)
    await scene.say("one **bold**")
    await scene.say("/reset")
    assert await scene.say(f"/{name}") == ""
    file = scene.adapter.messages[-1].reply.file
    assert isinstance(file, Attachment)
    assert file.name == "chat.md"
    written = file.data.decode()
    assert re.fullmatch(
        r"\*\*(Person|用户)\*\* \(.+\)\n\none \*\*bold\*\*\n\n---\n\n"
        r"\*\*(Bot|助手)\*\* \(.+\)\n\none .* \(1 turns\)",
        written,
    )
    assert ("助手" in written) == (name == "导出")


async def test_where_there_are_no_files_it_is_a_text(scene: Scene) -> None:
    await scene.say("one")
    found = await scene.say("/export")
    assert re.search(r"Person \(.*\)\s+one\s.*Bot \(.*\)\s+one \(1 turns\)", found, re.DOTALL)


async def test_nothing_said_is_nothing_to_give_out(scene: Scene) -> None:
    scene.adapter.capabilities = replace(ABLE, files=True)
    assert await scene.say("/export") == "Nothing is stored of this chat."
    assert await scene.say("/export", replace(PRIVATE, id="8")) == "Nothing is stored of this chat."


async def test_a_file_that_was_decided_on_is_sent_after_a_crash(scene: Scene) -> None:
    scene.adapter.capabilities = replace(ABLE, files=True)
    message = said("/export")
    await scene.store.commit(message, Answer("# all of it", file="chat.md"))
    await scene.respond(message)
    assert scene.adapter.messages[0].reply.file == Attachment("chat.md", b"# all of it")


SECRET = "xyzzy"
OLD = replace(GROUP, id="-8")


async def fill(scene: Scene) -> None:
    """Every table knows something of the group, by its old name or its new one."""
    scene.talk = replace(scene.talk, recent=5, limits=Limits(messages_per_day=9))
    for where in (OLD, GROUP):
        await scene.say(f"{SECRET} one", where, BOB)
        await scene.say("/reset", where)
        await scene.say(f"{SECRET} two", where, BOB)
        await scene.say(f"/system {SECRET}", where)
        await scene.say(f"{SECRET} beside us", where, BOB, mentioned=False)
    await scene.say("/context member", GROUP)
    await scene.say(f"{SECRET} three", GROUP, BOB)
    dead = said(f"{SECRET} dead", "dead", GROUP)

    def work(connection: sqlite3.Connection) -> None:
        (newest,) = connection.execute(
            "SELECT max(id) FROM exchanges WHERE session = ?", (GROUP.key,)
        ).fetchone()
        connection.execute(
            "INSERT INTO summaries VALUES (?, ?, ?, ?, 1)", (GROUP.key, GROUP.key, newest, SECRET)
        )
        rows.add(connection, "shop", [(GROUP.key, dead)])
        (seq,) = connection.execute("SELECT max(seq) FROM inbox").fetchone()
        rows.bury(connection, seq, f"RuntimeError: {SECRET}")
        move_chat(connection, OLD.key, GROUP.key)

    await scene.database.run(work)
    await scene.store.commit(replace(dead, id="late", chat=OLD), Answer(SECRET))
    await scene.store.commit(
        said(f"{SECRET} four", "four", BOTHER), Answer("kept"), Exchange(BOTHER.key, "q", "a", 1, 2)
    )


BOTHER = replace(GROUP, id="-7")  # another group, of which nothing is forgotten


@pytest.mark.parametrize("name", ["/forget", "忘记"])
async def test_nothing_of_a_forgotten_chat_is_left(scene: Scene, name: str) -> None:
    await fill(scene)
    found = await scene.say(name, GROUP)
    assert found in (Sentence.FORGOTTEN.say("en"), Sentence.FORGOTTEN.say("zh"))

    def look(connection: sqlite3.Connection) -> dict[str, list[str]]:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            table: [str(tuple(row)) for row in connection.execute(f"SELECT * FROM {table}")]
            for table in tables
        }

    left = await scene.database.run(look)
    assert {"exchanges", "sessions", "summaries", "settings", "talk", "usage", "answers", "inbox"} < set(left)
    assert not [row for found in left.values() for row in found if SECRET in row]
    # ids of messages stay, so that one that comes twice is not answered twice; and who asked how much today
    knows = {
        table for table, found in left.items() if any(GROUP.key in row or OLD.key in row for row in found)
    }
    assert knows <= {"answers", "inbox", "moves"}
    assert (await scene.archive.account(said("?", who=BOB))).counted.messages == 5
    assert len(left["exchanges"]) == 1
    assert await scene.say("what?", GROUP, BOB) == "Bob: what? (1 turns)"


async def test_what_waits_while_a_chat_is_forgotten_is_answered(scene: Scene) -> None:
    """Regression: a message that was counted, but had no answer yet, was taken for answered."""
    waiting = scene.message("hello")
    await scene.store.admit(waiting, Limits(messages_per_day=5))
    await scene.say("/forget")
    await scene.respond(waiting)
    assert scene.adapter.texts()[-1] == "hello (1 turns)"


async def test_a_summary_in_the_making_does_not_survive_the_forgetting(scene: Scene) -> None:
    await scene.say("one")
    await scene.say("/forget")
    assert not await Summaries(scene.database).save(PRIVATE.key, PRIVATE.key, Summary("one", 1, 1.0))


async def test_usage_is_told(scene: Scene) -> None:
    scene.talk = replace(scene.talk, limits=Limits(messages_per_day=3), rules=Rules())
    await scene.say("hello")
    found = await scene.say("/usage")
    assert found.startswith("You, today: answers 1, tokens ")
    assert found.endswith(": 2 of 3")
    assert (await scene.say("用量")).startswith("您今天：回答 1 次")
    assert (await scene.archive.account(said("?"))).counted == Counted(1, (await used(scene)))


async def used(scene: Scene) -> int:
    return (await scene.archive.account(said("?"))).today.tokens


async def test_a_database_that_cannot_keep_a_setting_is_heard_of(tmp_path: Path) -> None:
    async with staged(tmp_path) as scene:
        await scene.database.run(lambda connection: connection.execute("DROP TABLE settings"))
        with pytest.raises(StoreError):
            await scene.say("/model cheap")
