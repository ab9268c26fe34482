"""What people can tell the gateway itself: one table of commands."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from gateway.adapter import ChannelState
from gateway.backend.models import Models
from gateway.calendar import clock
from gateway.case import Case
from gateway.message import Chat, Message
from gateway.statement import statement
from gateway.stops import Stops
from gateway.store.archive import Archive
from gateway.store.channels import Status
from gateway.store.store import Store
from gateway.texts import Language, Sentence

_LONGEST_PERSONA = 4000  # characters


@dataclass(frozen=True, slots=True)
class Tools:
    """What stands at a command's service.

    `drop`: nobody wants any more what waits in a chat for its person to write or to fetch it; true where
    something did. Raises `StoreError`.
    """

    store: Store
    archive: Archive
    stops: Stops
    models: Models
    drop: Callable[[Chat], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a command: on what occasion, and what stood after its name."""

    case: Case
    args: str
    tools: Tools

    @property
    def chat(self) -> str:
        """The key of the chat."""
        return self.case.message.chat.key

    def say(self, sentence: Sentence, **values: object) -> str:
        """One of the gateway's sentences, in the chat's language."""
        return sentence.say(self.case.language, **values)

    async def set(self, key: str, value: str | None) -> None:
        """Keep a setting of the chat; None takes it back."""
        await self.tools.archive.set(self.chat, key, value)


@dataclass(frozen=True, slots=True)
class Export:
    """An answer that is a file, where the platform takes files."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Again:
    """The wish to have the last question answered anew."""


Answering = Callable[[Call], Awaitable[str | Export | Again]]


@dataclass(frozen=True, slots=True)
class Command:
    """A command by its names: with a slash before them, or, the Chinese ones, as a message alone.

    An *urgent* one does not wait behind the chat's other messages. In a group, one that *changes* the chat
    for everybody is for admins, but where nothing stands after it and it only *shows* something. *private*:
    for admins, and in private chats alone. *group*: in groups alone.
    """

    names: tuple[str, ...]
    english: str
    chinese: str
    run: Answering
    urgent: bool = False
    changes: bool = False
    shows: bool = False
    private: bool = False
    group: bool = False

    def describe(self, language: Language) -> str:
        """What it does, in a line."""
        return self.chinese if language == "zh" else self.english

    def fits(self, case: Case) -> bool:
        """True where it is of use on this occasion."""
        in_group = case.message.chat.kind == "group"
        if self.private:
            return not in_group and case.conversation.rules.is_admin(case.message)
        return in_group or not self.group


async def show_help(call: Call) -> str:
    """List the commands."""
    language = call.case.language
    lines = [call.say(Sentence.HELP), ""]
    for command in COMMANDS:
        if command.fits(call.case):
            names = [f"/{name}" for name in command.names if name.isascii()]
            names += [name for name in command.names if not name.isascii() and language == "zh"]
            lines.append(f"- {' '.join(names)} — {command.describe(language)}")
    if token := call.case.conversation.session_clear_token:
        lines += ["", call.say(Sentence.HELP_CLEAR_TOKEN, token=token)]
    return "\n".join(lines)


async def reset(call: Call) -> str:
    """Begin the context anew."""
    await call.tools.archive.clear(call.case.record.session, call.chat)
    return call.say(Sentence.CLEARED)


async def stop(call: Call) -> str:
    """End the answer that is being given, also where the rest of it waits."""
    stopped = call.tools.stops.stop(call.chat)
    dropped = await call.tools.drop(call.case.message.chat)
    return call.say(Sentence.STOPPED if stopped or dropped else Sentence.NOTHING_TO_STOP)


async def retry(call: Call) -> str | Again:
    """Have the last question answered again."""
    return Again() if call.case.last is not None else call.say(Sentence.NOTHING_TO_RETRY)


async def choose_model(call: Call) -> str:
    """Show the models, or choose one for this chat."""
    names, wanted = call.tools.models.names(), call.args.strip()
    current = call.case.conversation.model
    if not wanted:
        lines = [f"- **{name}**" if name == current else f"- {name}" for name in names]
        return "\n".join([call.say(Sentence.MODELS), "", *lines])
    if wanted not in names:
        return call.say(Sentence.NO_SUCH_MODEL, name=wanted, names=", ".join(names))
    await call.set("model", wanted)
    return call.say(Sentence.MODEL_CHOSEN, name=wanted)


async def choose_persona(call: Call) -> str:
    """Show who the model is in this chat, or say who it is to be."""
    if not call.args:
        persona = call.case.conversation.system_prompt
        return call.say(Sentence.PERSONA, text=persona) if persona else call.say(Sentence.NO_PERSONA)
    if len(call.args) > _LONGEST_PERSONA:
        return call.say(Sentence.PERSONA_TOO_LONG, most=_LONGEST_PERSONA)
    taken_back = call.args.lower() in ("-", "default", "默认")
    await call.set("system", None if taken_back else call.args)
    return call.say(Sentence.PERSONA_TAKEN_BACK if taken_back else Sentence.PERSONA_CHOSEN)


async def choose_context(call: Call) -> str:
    """Choose whether the members of a group share one context."""
    if call.args not in ("chat", "member"):
        return call.say(Sentence.CONTEXT, context=call.case.conversation.group_context)
    await call.set("context", call.args)
    chosen = Sentence.CONTEXT_OF_MEMBERS if call.args == "member" else Sentence.CONTEXT_OF_CHAT
    return call.say(chosen)


async def show_usage(call: Call) -> str:
    """Tell what the person and the chat have used."""
    case = call.case
    return await statement(case.message, case.conversation, call.tools.archive, case.language)


async def status(call: Call) -> str:
    """Tell what this chat talks to, how much of it is remembered, and who is who."""
    case = call.case
    session = case.session().current(time.time())
    return call.say(
        Sentence.STATUS,
        model=case.conversation.model,
        turns=len(session.turns),
        tokens=sum(turn.tokens for turn in session.turns),
        chat=f"{case.message.chat.channel}:{case.message.chat.id}",
        person=f"{case.message.chat.channel}:{case.message.sender.id}",
    )


async def export(call: Call) -> str | Export:
    """Give out what was said in this chat."""
    said = await call.tools.archive.transcript(call.chat, waiting=False)
    if not said:
        return call.say(Sentence.NOTHING_SAID)
    zone = call.tools.archive.zone
    names = {"person": call.say(Sentence.PERSON), "bot": call.say(Sentence.BOT)}
    parts = [f"**{names[entry.author]}** ({clock(entry.time, zone)})\n\n{entry.text}" for entry in said]
    return Export("chat.md", "\n\n---\n\n".join(parts))


async def forget(call: Call) -> str:
    """Delete everything that is stored about this chat."""
    await call.tools.archive.forget(call.chat)
    await call.tools.drop(call.case.message.chat)
    return call.say(Sentence.FORGOTTEN)


async def choose_history(call: Call) -> str:
    """Choose whether this chat is remembered."""
    if call.args not in ("on", "off"):
        state = "on" if call.case.conversation.remembers else "off"
        return call.say(Sentence.HISTORY, state=state)
    await call.set("history", call.args)
    return call.say(Sentence.HISTORY_ON if call.args == "on" else Sentence.HISTORY_OFF)


async def administrate(call: Call) -> str:
    """Show an admin how the channels are, and what was used today."""
    overview = await call.tools.archive.overview()
    lines = [
        f"- {known.name}: {known.state}{f' ({known.last_error})' if _is_in_trouble(known) else ''}"
        for known in overview.channels
    ]
    used = [f"- {total.name}: {total.answers}, {total.tokens} token" for total in overview.today]
    return "\n".join([call.say(Sentence.CHANNELS), *lines, "", call.say(Sentence.TODAY), *(used or ["–"])])


def _is_in_trouble(channel: Status) -> bool:
    return channel.state is not ChannelState.UP and bool(channel.last_error)


COMMANDS = (
    Command(("help", "start", "帮助"), "show this help", "显示帮助", show_help),
    Command(
        ("new", "reset", "清空", "新话题"),
        "begin anew, the context is cleared",
        "清空上下文，开始新话题",
        reset,
    ),
    Command(("stop", "停止"), "stop the answer being given", "停止正在进行的回答", stop, urgent=True),
    Command(("retry", "重试"), "answer the last question again", "重新回答上一个问题", retry),
    Command(
        ("model", "模型"),
        "show or choose the model",
        "查看或选择模型",
        choose_model,
        changes=True,
        shows=True,
    ),
    Command(
        ("system", "人设"),
        "show or set the persona of this chat",
        "查看或设置本聊天的人设",
        choose_persona,
        changes=True,
        shows=True,
    ),
    Command(
        ("context", "上下文"),
        "chat or member: one context for all, or one each",
        "chat 或 member：共用上下文，或每人各自一个",
        choose_context,
        changes=True,
        shows=True,
        group=True,
    ),
    Command(("usage", "用量"), "show what you have used", "查看用量", show_usage),
    Command(("status", "状态"), "show the model, the context and the ids", "查看模型、上下文和 ID", status),
    Command(("export", "导出"), "get this chat's history", "导出聊天记录", export),
    Command(
        ("forget", "忘记"),
        "delete everything stored about this chat",
        "删除本聊天的全部存储内容",
        forget,
        changes=True,
    ),
    Command(
        ("history", "记忆"),
        "on or off: whether this chat is remembered",
        "on 或 off：是否记住本聊天",
        choose_history,
        changes=True,
        shows=True,
    ),
    Command(("admin", "管理"), "show channels and usage", "查看各通道和用量", administrate, private=True),
)

_BY_NAME = {name: command for command in COMMANDS for name in command.names}
_HELP = _BY_NAME["help"]
_RESET = _BY_NAME["reset"]


async def obey(call: Call, command: Command) -> str | Export | Again:
    """Do what a command says, or say why not: some are for admins, by the platform's id."""
    case = call.case
    in_group = case.message.chat.kind == "group"
    changes = command.changes and not (command.shows and not call.args)
    if command.private and in_group:
        return call.say(Sentence.ADMINS_ONLY)
    if (command.private or (changes and in_group)) and not case.conversation.rules.is_admin(case.message):
        return call.say(Sentence.ADMINS_ONLY)
    if command.group and not in_group:
        return call.say(Sentence.GROUPS_ONLY)
    return await command.run(call)


def menu() -> Mapping[str, Sequence[tuple[str, str]]]:
    """The commands for a platform that shows a menu, by language: name and description."""
    shown = [command for command in COMMANDS if not command.private]
    languages: tuple[Language, ...] = ("en", "zh")
    return {at: [(command.names[0], command.describe(at)) for command in shown] for at in languages}


def find(text: str) -> tuple[Command, str] | None:
    """The command that *text* is, and what stands after its name."""
    if text.startswith("/"):
        name, *args = text.split(maxsplit=1)
        command = _BY_NAME.get(name[1:].lower())
        return (command, "".join(args)) if command else None
    if text.isascii():
        return None
    name, *args = text.split(maxsplit=1) or [""]
    command = _BY_NAME.get(name)
    # Without a slash, a command that is followed by anything is a sentence.
    return (command, "") if command and not args else None


def match(message: Message, clear_token: str) -> tuple[Command, str] | None:
    """The command that *message* is: by name, by the clear token, or, where it says nothing, help.

    The token counts anywhere in what is said to us; in a group, what is not said to us must be it alone.
    """
    text = message.text
    if found := find(text):
        return found
    to_us = message.mentioned or message.chat.kind == "private"
    if clear_token and (clear_token in text if to_us else clear_token == text):
        return _RESET, ""
    if to_us and not text and not message.media:
        return _HELP, ""
    return None


def is_urgent(message: Message) -> bool:
    """True where *message* must not wait behind others of its chat."""
    found = find(message.text)
    return found is not None and found[0].urgent


def lane(message: Message) -> str:
    """The lane in which *message* is worked: its chat's, or one beside it for what is urgent."""
    return f"{message.chat.key}:urgent" if is_urgent(message) else message.chat.key
