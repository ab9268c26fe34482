"""What a group says: who speaks, and what is said beside us."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.access import Rules
from gateway.conversation import Conversation
from gateway.errors import TooManyAnswers
from gateway.limiter import Limiter
from gateway.limits import Limits
from gateway.message import Chat, Image, Quote, Sender, Text
from gateway.store.answers import Answer
from tests.scene import Scene, correction, staged, working
from tests.servers.model import Rules as ModelRules
from tests.words import ANN, BOB, GROUP, PRIVATE, said

HEARD = "Recently said in this group:"


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with staged(tmp_path) as scene:
        scene.talk = replace(scene.talk, recent=3)
        yield scene


async def aside(scene: Scene, text: str, who: Sender = ANN, where: Chat = GROUP) -> None:
    assert await scene.say(text, where, who, mentioned=False) == ""


# --- who speaks


async def test_in_a_group_the_model_knows_who_speaks(scene: Scene) -> None:
    await scene.say("one", GROUP, ANN)
    await scene.say("two", GROUP, BOB)
    await scene.say("three", GROUP, Sender("x"))
    await scene.say("four", GROUP, Sender("y", "  Eve:\n Bob"))
    said_so = [text for role, text in scene.asked() if role == "user"]
    assert said_so == ["Ann: one", "Bob: two", "three", "Eve: Bob: four"]


async def test_who_speaks_is_known_beside_what_is_quoted(scene: Scene) -> None:
    await scene.say("", GROUP, parts=(Quote("1", "Bob", "that"), Image("ref"), Text("why?")))
    assert scene.asked() == [("user", "> that\n[image]\nAnn: why?")]


async def test_where_there_is_one_speaker_no_name_is_needed(scene: Scene) -> None:
    await scene.say("one")
    scene.talk = replace(scene.talk, group_context="member")
    await scene.say("two", GROUP)
    assert [scene.asked(number)[-1][1] for number in (0, 1)] == ["one", "two"]


# --- what is said beside us


async def test_the_model_is_told_what_was_said_beside_us(scene: Scene) -> None:
    scene.talk = replace(scene.talk, system_prompt="Be brief.")
    await aside(scene, "lunch at noon?")
    await aside(scene, "sure", BOB)
    await scene.say("when is lunch?", GROUP)
    assert scene.asked() == [
        ("system", f"Be brief.\n\n{HEARD}\nAnn: lunch at noon?\nBob: sure"),
        ("user", "Ann: when is lunch?"),
    ]
    assert await scene.history(GROUP) == ["Ann: when is lunch?", "Ann: when is lunch? (2 turns)"]


async def test_it_is_told_so_in_its_language(scene: Scene) -> None:
    await aside(scene, "中午吃饭？")
    await scene.say("几点吃饭？", GROUP)
    assert scene.asked()[0] == ("system", "群里最近的聊天：\nAnn: 中午吃饭？")


async def test_only_the_newest_is_kept(scene: Scene) -> None:
    for number in range(6):
        await aside(scene, str(number))
    await scene.say("what?", GROUP)
    assert scene.asked()[0][1] == f"{HEARD}\nAnn: 3\nAnn: 4\nAnn: 5"
    rows = await scene.database.run(lambda connection: connection.execute("SELECT * FROM talk").fetchall())
    assert len(rows) == 3


async def test_nothing_is_kept_of_bots_of_other_groups_and_where_it_is_not_wished(scene: Scene) -> None:
    scene.talk = replace(scene.talk, rules=Rules(groups=frozenset({f"shop:{GROUP.id}"})))
    await aside(scene, "I am a bot", Sender("r2", "R2", bot=True))
    await aside(scene, "I am you", Sender("me"))
    await aside(scene, "elsewhere", where=replace(GROUP, id="-8"))
    await scene.say("", GROUP, mentioned=False, parts=(Image("ref"),))
    await scene.say("to you", GROUP)
    scene.talk = replace(scene.talk, recent=0)
    await aside(scene, "not wished")
    rows = await scene.database.run(lambda connection: connection.execute("SELECT * FROM talk").fetchall())
    assert rows == []


async def test_groups_do_not_hear_of_each_other(scene: Scene) -> None:
    await aside(scene, "secret")
    await scene.say("what?", replace(GROUP, id="-8"))
    assert len(scene.asked()) == 1
    await scene.say("what?", PRIVATE)
    assert len(scene.asked()) == 1


async def test_what_was_said_beside_us_and_corrected_is_told_right(scene: Scene) -> None:
    """Regression: the model was told what was said first."""
    async with working(scene) as line:
        message = scene.message("lunch at noon", GROUP, mentioned=False)
        await line.put(message)
        await line.idle()
        await line.put(replace(correction(message, "lunch at one"), mentioned=False))
        await line.put(scene.message("when?", GROUP))
        await line.idle()
    assert scene.asked()[0][1] == f"{HEARD}\nAnn: lunch at one"


async def test_it_takes_half_of_the_room_at_most(tmp_path: Path) -> None:
    async with staged(tmp_path, context_tokens=200) as scene:
        scene.talk = replace(scene.talk, recent=50)
        for number in range(20):
            await aside(scene, f"{number} " + "blah " * 10)
        await scene.say("what?", GROUP)
        heard = scene.asked()[0][1].splitlines()[1:]
        assert heard[-1].startswith("Ann: 19 ")
        assert 2 <= len(heard) < 10
        await scene.say("and now?", GROUP)
        assert len(scene.asked()) == 4  # there is room for the exchange before


async def test_where_the_model_finds_it_too_long_less_of_it_is_told(scene: Scene) -> None:
    """Regression: the talk was never cut, so that the question was found too long."""
    scene.talk = replace(scene.talk, recent=50)
    for number in range(20):
        await aside(scene, f"{number} " + "blah " * 10)
    scene.model.rules = ModelRules(context_tokens=260)
    assert await scene.say("what?", GROUP) == "Ann: what? (2 turns)"
    first, second = (scene.asked(number)[0][1].splitlines() for number in (0, 1))
    assert len(second) < len(first)
    assert second[-1] == first[-1]


# --- not too much of it


async def test_a_group_that_is_too_fast_is_answered_later(scene: Scene) -> None:
    scene.talk = Conversation(limits=Limits(chat_per_minute=2))
    scene.limiter = Limiter({"shop": scene.talk}, scene.store)
    for text in ("one", "/help"):
        await scene.say(text, GROUP)
    with pytest.raises(TooManyAnswers) as caught:
        await scene.say("three", GROUP)
    assert caught.value.retry_after is not None
    assert await scene.say("/stop", GROUP) == "There is nothing to stop."
    assert await scene.say("four", PRIVATE) == "four (1 turns)"
    await aside(scene, "just talking")
    decided = said("decided", "x", GROUP, mentioned=True)
    await scene.store.commit(decided, Answer("what was decided is sent"))
    await scene.respond(decided)
    assert scene.adapter.texts(GROUP.id)[-1] == "what was decided is sent"


async def test_a_question_that_came_too_fast_is_parked_and_not_lost(scene: Scene) -> None:
    scene.talk = Conversation(limits=Limits(chat_per_minute=1))
    scene.limiter = Limiter({"shop": scene.talk}, scene.store)
    async with working(scene) as line:
        await line.put(scene.message("one", GROUP), scene.message("two", GROUP))
        await line.idle()
    rows = await scene.database.run(
        lambda connection: connection.execute("SELECT state, not_before FROM inbox ORDER BY seq").fetchall()
    )
    assert [row["state"] for row in rows] == ["done", "waiting"]
    assert rows[1]["not_before"] > 0
