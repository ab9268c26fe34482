"""From our replies to the Bot API's parameters: pure. https://core.telegram.org/bots/api#sendmessage"""

from __future__ import annotations

from typing import Any

from gateway import Chat, Entity, Reply, Sender
from gateway.text import length

MAX_LENGTH = 4096
"""UTF-16 units in a message."""
_MAX_CAPTION = 1024  # UTF-16 units beside a file
_REMEDIES = (  # what a refusal's text speaks of, and what can go without harm to the message
    ("thread not found", "message_thread_id"),
    ("topic_deleted", "message_thread_id"),
    ("entit", "entities"),
    ("entit", "caption_entities"),
    ("replied not found", "reply_parameters"),
    ("reply message not found", "reply_parameters"),
)


def target(chat: Chat, reply: Reply | None = None) -> dict[str, Any]:
    """Where a message goes: the chat, its topic, the message it answers."""
    parameters: dict[str, Any] = {"chat_id": int(chat.id)}
    if chat.thread:
        parameters["message_thread_id"] = int(chat.thread)
    if reply is not None and (answered := _message_id(reply.reply_to)):
        parameters["reply_parameters"] = {"message_id": answered, "allow_sending_without_reply": True}
    return parameters


def content(chat: Chat, reply: Reply) -> dict[str, Any]:
    """What a message says; in a group after the name of whom *reply* mentions, if there is room."""
    text, entities = reply.text, [_entity(entity) for entity in reply.entities]
    if reply.mention is not None and chat.kind == "group":
        text, entities = _addressed(reply.mention, text, entities)
    parameters: dict[str, Any] = {"text": text, "link_preview_options": {"is_disabled": True}}
    if entities:
        parameters["entities"] = entities
    return parameters


def caption(chat: Chat, reply: Reply) -> dict[str, Any] | None:
    """What a file's message says; None where it is more than such a message holds."""
    if not reply.text:
        return {}
    said = content(chat, reply)
    if length(said["text"], "utf16") > _MAX_CAPTION:
        return None
    entities = {"caption_entities": said["entities"]} if "entities" in said else {}
    return {"caption": said["text"], **entities}


def remedy(refusal: str, parameters: dict[str, Any]) -> str | None:
    """The parameter to leave out after *refusal*, or None: nothing helps."""
    refusal = refusal.lower()
    return next((name for sign, name in _REMEDIES if sign in refusal and name in parameters), None)


def _message_id(id: str | None) -> int:
    """Telegram's number for our id; a correction's is "<number>~<update>"."""
    number = (id or "").partition("~")[0]
    return int(number) if number.isdecimal() else 0


def _entity(entity: Entity) -> dict[str, Any]:
    parameters: dict[str, Any] = {"type": entity.type, "offset": entity.offset, "length": entity.length}
    if entity.url:
        parameters["url"] = entity.url
    if entity.language:
        parameters["language"] = entity.language
    return parameters


def _addressed(person: Sender, text: str, entities: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    name = person.name or person.id
    size = length(name, "utf16")
    if length(text, "utf16") + size + 1 > MAX_LENGTH:
        return text, entities
    moved = [{**entity, "offset": entity["offset"] + size + 1} for entity in entities]
    if person.id.isdecimal():  # channels and anonymous administrators have no user to point at
        user = {"id": int(person.id), "is_bot": person.bot, "first_name": name}
        moved.insert(0, {"type": "text_mention", "offset": 0, "length": size, "user": user})
    return f"{name} {text}", moved
