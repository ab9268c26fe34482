"""Every command over Telegram, in private chats and in groups, in English and Chinese."""

from __future__ import annotations

import itertools
import json

from gateway.commands import COMMANDS
from gateway.texts import Language, Sentence
from tests.flows.commands import MODELS, Chatting, every_command, models_at, play
from tests.flows.conftest import Configure, House, in_house
from tests.flows.test_talk import asked
from tests.servers.model import ModelServer
from tests.servers.telegram import SentMessage, TelegramServer

_admins = itertools.count(601)
CONFIG = {
    "models": MODELS,
    "channels": {"telegram": {"access": {"admins": [f"telegram:{id}" for id in range(601, 700)]}}},
}


class Phone(Chatting):
    """An admin's phone, in a new private chat or a new group."""

    def __init__(self, house: House, language: Language, *, group: bool) -> None:
        telegram, code = house.telegram, "zh-hans" if language == "zh" else "en"
        self._person = telegram.user("Ann", id=next(_admins), language_code=code)
        room = telegram.group("Friends", self._person) if group else telegram.private(self._person)
        super().__init__(telegram, room, house.model, group=group)

    async def tell(self, text: str) -> None:
        to_us = "@gateway_bot " if self.group and not text.startswith("/") else ""
        self.platform.say(self.room, self._person, to_us + text)

    def read(self, message: SentMessage) -> str:
        if message.kind != "document":
            return message.text
        world = self.platform.world
        document = world.rooms[self.room["id"]].messages[message.id]["document"]
        assert document["file_name"] == "chat.md"
        content: bytes = world.files[document["file_id"]].content
        return content.decode()


@in_house
@every_command
async def test_a_command_in_a_private_chat(house: House, command: str, language: Language) -> None:
    await play(command, Phone(house, language, group=False), language)


@in_house
@every_command
async def test_a_command_in_a_group(house: House, command: str, language: Language) -> None:
    await play(command, Phone(house, language, group=True), language)


@in_house
async def test_a_group_is_changed_by_admins_alone(house: House) -> None:
    telegram, model = house.telegram, house.model
    ann = telegram.user("Ann", language_code="en")
    group = telegram.group("Friends", ann)
    changing = [command.names[0] for command in COMMANDS if command.changes or command.private]
    for number, name in enumerate(changing, 1):
        telegram.say(group, ann, f"/{name} off")
        sent = await telegram.answers(group, number, timeout=20)
        assert sent[-1].text == Sentence.ADMINS_ONLY.say("en"), name
    assert len(changing) == 6
    telegram.say(group, ann, "/usage")
    sent = await telegram.answers(group, 7)
    assert sent[-1].text.startswith("You, today")
    assert not model.requests


@in_house
async def test_the_menu_of_commands_is_registered_in_both_languages(house: House) -> None:
    telegram = house.telegram
    await telegram.until(lambda: len(telegram.called("setMyCommands")) >= 2, timeout=20)
    english, chinese = (call.params for call in telegram.called("setMyCommands")[:2])
    names = [command.names[0] for command in COMMANDS if not command.private]
    for shown in (english, chinese):
        assert [entry["command"] for entry in shown["commands"]] == names
    assert "language_code" not in english
    assert chinese["language_code"] == "zh"
    assert chinese["commands"][0]["description"] == "显示帮助"


@in_house
async def test_usage_in_the_chat_and_on_the_command_line_agree(house: House) -> None:
    phone = Phone(house, "en", group=False)
    for text in ("one", "two", "three"):
        await phone.say(text)
    said = await phone.say("/usage")
    usage = json.loads(house.process.tells("usage", "--by", "user", "--json"))
    person = f"telegram:{phone.room['id']}"
    (line,) = [entry for entry in usage if entry["user"] == person]
    used = f"answers {line['answers']}, tokens {line['prompt_tokens'] + line['completion_tokens']}"
    assert line["answers"] == 3
    assert said.split("\n") == [f"You, today: {used}", f"You, this month: {used}", f"This chat: {used}"]


async def test_settings_survive_a_restart(
    telegram: TelegramServer, model: ModelServer, gateway: Configure
) -> None:
    ann = telegram.user("Ann", id=601)
    models = models_at(model)
    chat, group = telegram.private(ann), telegram.group("Friends", ann)
    async with gateway(models=models, access={"admins": ["telegram:601"]}) as process:
        telegram.say(chat, ann, "/model cheap")
        telegram.say(chat, ann, "/system Be a pirate.")
        telegram.say(chat, ann, "/history off")
        telegram.say(group, ann, "/context member")
        await telegram.answers(chat, 3, timeout=20)
        await telegram.answers(group, 1)
        await process.idle()
        await process.kill()
        await process.start()
        for number, text in enumerate(("one", "two"), 4):
            telegram.say(chat, ann, text)
            await telegram.answers(chat, number, timeout=20)
        assert model.requests[-1].body["model"] == "cheap-1"
        assert asked(model) == ["Be a pirate.", "two"]
        telegram.say(group, ann, "@gateway_bot one")
        await telegram.answers(group, 2)
        assert asked(model) == ["one"]
