"""What every command does, told once: a scene for each, played on every channel by whoever sits there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import pytest

from gateway.texts import Language, Sentence
from tests.servers.model import Body, ModelServer

MODELS = {"cheap": {"model": "cheap-1"}}
Test = TypeVar("Test", bound=Callable[..., Any])


class Seat(Protocol):
    """Where a person sits: a chat of their own on some channel. `group`: others listen there."""

    group: bool
    admin: bool
    model: ModelServer

    async def say(self, text: str) -> str:
        """Say something to the bot; everything it answers."""

    async def tell(self, text: str) -> None:
        """The same without waiting for an answer."""


class Chatting:
    """An admin's seat in one *room* of a simulated platform."""

    admin = True

    def __init__(self, platform: Any, room: Any, model: ModelServer, *, group: bool = False) -> None:
        self.platform = platform
        self.room = room
        self.model = model
        self.group = group

    async def say(self, text: str) -> str:
        before = len(self.platform.sent(self.room))
        await self.tell(text)
        sent = await self.platform.answers(self.room, before + 1, 20)
        return "\n".join(map(self.read, sent[before:]))

    async def tell(self, text: str) -> None:
        raise NotImplementedError

    def read(self, message: Any) -> str:
        """What a message says, without the call of the asker; of a file, what is in it."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Scene:
    """One play of one command: where, and in which language."""

    seat: Seat
    language: Language

    async def command(self, english: str, chinese: str, args: str = "") -> str:
        """Give a command; what is answered, its white space made one space each."""
        name = f"/{english}" if self.language == "en" else f"/{chinese}"
        return " ".join((await self.seat.say(f"{name} {args}".rstrip())).split())

    async def ask(self, text: str) -> str:
        """Ask a question whose language is the scene's; the answer."""
        return await self.seat.say(text if self.language == "en" else f"问：{text}")

    def expect(self, sentence: Sentence, **values: object) -> str:
        """How the gateway words a sentence, its white space made one space each."""
        return " ".join(sentence.say(self.language, **values).split())

    @property
    def asked(self) -> list[str]:
        """What the model was sent last, turn by turn."""
        return [str(turn["content"]) for turn in self.seat.model.requests[-1].body["messages"]]


def spoken(body: Body) -> str:
    """A model whose answers say which question they answer."""
    said = str(body["messages"][-1]["content"]).rpartition(": ")[2].removeprefix("问：")
    return f"answer to {said}"


async def show_help(scene: Scene) -> None:
    said = await scene.command("help", "帮助")
    assert said.startswith(scene.expect(Sentence.HELP))
    assert "/retry" in said
    assert ("/context" in said) == scene.seat.group
    assert ("/admin" in said) == (scene.seat.admin and not scene.seat.group)


async def begin_anew(scene: Scene) -> None:
    await scene.ask("one")
    assert await scene.command("new", "清空") == scene.expect(Sentence.CLEARED)
    await scene.ask("two")
    assert len(scene.asked) == 1
    assert await scene.command("reset", "新话题") == scene.expect(Sentence.CLEARED)


async def stop(scene: Scene) -> None:
    assert await scene.command("stop", "停止") == scene.expect(Sentence.NOTHING_TO_STOP)
    model = scene.seat.model
    model.latency = 60.0
    before = len(model.requests)
    await scene.seat.tell("something long")
    await model.until(lambda: len(model.requests) > before)
    assert scene.expect(Sentence.STOPPED) in await scene.command("stop", "停止")
    model.latency = 0.0
    assert await scene.ask("again") == "answer to again"


async def retry(scene: Scene) -> None:
    assert await scene.command("retry", "重试") == scene.expect(Sentence.NOTHING_TO_RETRY)
    await scene.ask("one")
    await scene.ask("two")
    scene.seat.model.answer = "something better"
    assert await scene.command("retry", "重试") == "something better"
    assert len(scene.asked) == 3
    assert scene.asked[2].endswith("two")
    await scene.ask("three")
    assert len(scene.asked) == 5
    assert scene.asked[3] == "something better"


async def choose_a_model(scene: Scene) -> None:
    said = await scene.command("model", "模型")
    assert said.startswith(scene.expect(Sentence.MODELS))
    assert "cheap" in said
    unknown = await scene.command("model", "模型", "nosuch")
    assert unknown == scene.expect(Sentence.NO_SUCH_MODEL, name="nosuch", names="cheap, default")
    said = await scene.command("model", "模型", "cheap")
    assert said == scene.expect(Sentence.MODEL_CHOSEN, name="cheap")
    await scene.ask("one")
    assert scene.seat.model.requests[-1].body["model"] == "cheap-1"


async def choose_a_persona(scene: Scene) -> None:
    assert await scene.command("system", "人设") == scene.expect(Sentence.NO_PERSONA)
    said = await scene.command("system", "人设", "You are a pirate.")
    assert said == scene.expect(Sentence.PERSONA_CHOSEN)
    await scene.ask("one")
    assert scene.asked[0] == "You are a pirate."
    said = await scene.command("system", "人设")
    assert said == scene.expect(Sentence.PERSONA, text="You are a pirate.")
    assert await scene.command("system", "人设", "-") == scene.expect(Sentence.PERSONA_TAKEN_BACK)
    await scene.ask("two")
    assert len(scene.asked) == 3


async def choose_a_context(scene: Scene) -> None:
    said = await scene.command("context", "上下文", "member")
    if not scene.seat.group:
        assert said == scene.expect(Sentence.GROUPS_ONLY)
        return
    assert said == scene.expect(Sentence.CONTEXT_OF_MEMBERS)
    assert await scene.command("context", "上下文") == scene.expect(Sentence.CONTEXT, context="member")
    await scene.ask("one")
    assert ": one" not in scene.asked[-1], "in a context of their own, a speaker need not be named"
    assert await scene.command("context", "上下文", "chat") == scene.expect(Sentence.CONTEXT_OF_CHAT)


async def show_usage(scene: Scene) -> None:
    before = await scene.command("usage", "用量")
    await scene.ask("one")
    after = await scene.command("usage", "用量")
    assert before.endswith(scene.expect(Sentence.USED, answers=0, tokens=0))
    assert scene.expect(Sentence.USED, answers=1, tokens="x").partition(" x")[0].split(",")[0] in after
    assert after != before


async def show_status(scene: Scene) -> None:
    await scene.ask("one")
    said = await scene.command("status", "状态")
    assert "default" in said
    assert (" 2 " in said) == (scene.language == "en") or "2 条" in said


async def export(scene: Scene) -> None:
    assert await scene.command("export", "导出") == scene.expect(Sentence.NOTHING_SAID)
    await scene.ask("one")
    said = await scene.command("export", "导出")
    assert "answer to one" in said
    assert scene.expect(Sentence.BOT) in said


async def forget(scene: Scene) -> None:
    await scene.command("system", "人设", "You are a pirate.")
    await scene.ask("one")
    assert await scene.command("forget", "忘记") == scene.expect(Sentence.FORGOTTEN)
    assert await scene.command("export", "导出") == scene.expect(Sentence.NOTHING_SAID)
    await scene.ask("two")
    assert len(scene.asked) == 1


async def choose_memory(scene: Scene) -> None:
    await scene.ask("one")
    assert await scene.command("history", "记忆", "off") == scene.expect(Sentence.HISTORY_OFF)
    await scene.ask("two")
    assert len(scene.asked) == 1
    assert await scene.command("history", "记忆") == scene.expect(Sentence.HISTORY, state="off")
    assert await scene.command("history", "记忆", "on") == scene.expect(Sentence.HISTORY_ON)
    await scene.ask("three")
    assert len(scene.asked) == 3
    assert "one" in scene.asked[0]


async def administrate(scene: Scene) -> None:
    said = await scene.command("admin", "管理")
    if scene.seat.admin and not scene.seat.group:
        assert said.startswith(scene.expect(Sentence.CHANNELS))
        assert scene.expect(Sentence.TODAY) in said
    else:
        assert said == scene.expect(Sentence.ADMINS_ONLY)


SCENES: dict[str, Callable[[Scene], Awaitable[None]]] = {
    "help": show_help,
    "new": begin_anew,
    "stop": stop,
    "retry": retry,
    "model": choose_a_model,
    "system": choose_a_persona,
    "context": choose_a_context,
    "usage": show_usage,
    "status": show_status,
    "export": export,
    "forget": forget,
    "history": choose_memory,
    "admin": administrate,
}


def models_at(model: ModelServer) -> dict[str, dict[str, str]]:
    """The models that the scenes speak of, all of them at *model*, as a configuration names them."""
    return {name: {"base_url": model.base_url, **options} for name, options in MODELS.items()}


def every_command(test: Test) -> Test:
    """Run *test* with each *command* there is, in each *language*."""
    by_command = pytest.mark.parametrize("command", SCENES)
    by_language = pytest.mark.parametrize("language", ["en", "zh"])
    decorated: Test = by_language(by_command(test))
    return decorated


async def play(command: str, seat: Seat, language: Language) -> None:
    """Play the scene of *command*."""
    seat.model.answer = spoken
    await SCENES[command](Scene(seat, language))
