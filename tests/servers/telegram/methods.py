"""The methods of the Bot API, each checking what the real server checks.

Every function takes the world and the call's parameters and returns the result; it raises `ApiError`
with the real server's words. Parameters that are not known are ignored, as there.
https://core.telegram.org/bots/api
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .entities import MAX_CAPTION, MAX_TEXT, ApiError, Json, bad_request, decoded, formatted, units
from .world import Room, World

GENERAL = 1  # the topic that cannot be named when sending
MAX_PHOTO = 10 << 20
MAX_UPLOAD = 50 << 20
MAX_DOWNLOAD = 20 << 20
_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)
_ACTIONS = frozenset(
    [
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    ]
)
_PICTURES = (b"\xff\xd8", b"\x89PNG\r\n", b"GIF8", b"RIFF")  # how files begin that can be a photo
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")


class Upload(bytes):
    """A file in a multipart request, with its name."""

    name: str = "file"
    mime_type: str = "application/octet-stream"


def get_me(world: World, params: Json) -> Json:
    """The bot itself."""
    return {
        **world.bot,
        "can_join_groups": True,
        "can_read_all_group_messages": world.reads_all,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "has_topics_enabled": any(room.private and room.topics for room in world.rooms.values()),
    }


def send_message(world: World, params: Json) -> Json:
    """Send a text."""
    text, entities = formatted(params, "text", "entities")
    if not params.get("text"):
        raise bad_request("message text is empty")
    room = _room(world, params)
    thread = _thread(room, params)
    replied = _replied(room, params)
    if not text:
        raise bad_request("text must be non-empty")
    if units(text) > MAX_TEXT:
        raise bad_request("message is too long")
    _count(world, room)
    return world.publish(room, "text", text, entities, **world.place(room, thread, replied))


def send_photo(world: World, params: Json) -> Json:
    """Send a photo: an upload, or a file_id."""
    file = _file(world, params, "photo", MAX_PHOTO, "photos", "jpg", width=1280, height=853)
    if not world.files[file["file_id"]].content.startswith(_PICTURES):
        raise bad_request("IMAGE_PROCESS_FAILED")
    return _send_file(world, params, "photo", [file])


def send_document(world: World, params: Json) -> Json:
    """Send a document: an upload, or a file_id."""
    file = _file(world, params, "document", MAX_UPLOAD, "documents", "bin")
    return _send_file(world, params, "document", file)


def edit_message_text(world: World, params: Json) -> Json:
    """Replace the text of one of the bot's messages."""
    text, entities = formatted(params, "text", "entities")
    if not params.get("text"):
        raise bad_request("message text is empty")
    room = _room(world, params)
    number = _integer(params, "message_id")
    message = room.messages.get(number)
    if message is None:
        raise bad_request("message to edit not found")
    if number not in room.sent:
        raise bad_request("message can't be edited")
    if "text" not in message:
        raise bad_request("there is no text in the message to edit")
    if not text:
        raise bad_request("text must be non-empty")
    if units(text) > MAX_TEXT:
        raise bad_request("MESSAGE_TOO_LONG")
    if text == message["text"] and entities == message.get("entities", []):
        raise bad_request(_NOT_MODIFIED)
    _count(world, room)
    message = {**message, "text": text, "entities": entities, "edit_date": int(time.time())}
    if not entities:
        del message["entities"]
    room.messages[number] = message
    old = room.sent[number]
    history = (*old.history, text)
    room.sent[number] = replace(old, text=text, entities=entities, edits=old.edits + 1, history=history)
    world.heard(room, room.sent[number])
    return message


def send_message_draft(world: World, params: Json) -> bool:
    """Show a text being written, in a private chat, for 30 seconds."""
    text, _ = formatted(params, "text", "entities")
    room = _room(world, params)
    if not room.private:
        raise bad_request("TEXTDRAFT_PEER_INVALID")
    _thread(room, params)
    if not _integer(params, "draft_id"):
        raise bad_request("draft identifier must be non-zero")
    if units(text) > MAX_TEXT:
        raise bad_request("message is too long")
    _count(world, room, draft=True)
    room.live_draft = (time.monotonic(), text)
    room.drafts.append(room.live_draft)
    return True


def send_chat_action(world: World, params: Json) -> bool:
    """Show what the bot is doing."""
    if params.get("action") not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    room = _room(world, params)
    _thread(room, params, general=True)
    room.actions.append(params["action"])
    return True


def delete_message(world: World, params: Json) -> bool:
    """Delete one of the bot's messages."""
    room = _room(world, params)
    number = _integer(params, "message_id")
    if number not in room.messages:
        raise bad_request("message to delete not found")
    if number not in room.sent:
        raise bad_request("message can't be deleted")
    del room.messages[number], room.sent[number]
    return True


def get_file(world: World, params: Json) -> Json:
    """Where a file can be downloaded."""
    number = params.get("file_id")
    if not number:
        raise bad_request("file_id not specified")
    stored = world.files.get(str(number))
    if stored is None:
        raise bad_request("invalid file_id")
    if len(stored.content) > MAX_DOWNLOAD:
        raise bad_request("file is too big")
    return stored.info


def set_my_commands(world: World, params: Json) -> bool:
    """Set the menu of commands."""
    commands = decoded(params.get("commands"))
    if not isinstance(commands, list):
        raise bad_request("can't parse commands: expected an Array of BotCommand")
    if len(commands) > 100:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not _COMMAND.fullmatch(str(command.get("command", "")).removeprefix("/")):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(str(command.get("description", ""))) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    world.commands = commands
    return True


def get_my_commands(world: World, params: Json) -> list[Json]:
    """The menu of commands."""
    return world.commands


METHODS: dict[str, Callable[[World, Json], Any]] = {
    "getme": get_me,
    "sendmessage": send_message,
    "sendphoto": send_photo,
    "senddocument": send_document,
    "editmessagetext": edit_message_text,
    "sendmessagedraft": send_message_draft,
    "sendchataction": send_chat_action,
    "deletemessage": delete_message,
    "getfile": get_file,
    "setmycommands": set_my_commands,
    "getmycommands": get_my_commands,
}


def _room(world: World, params: Json) -> Room:
    number = params.get("chat_id", "")
    if number == "" or number is None:
        raise bad_request("chat_id is empty")
    room = world.rooms.get(_integer(params, "chat_id"))
    if room is None:
        raise bad_request("chat not found")
    if room.moved_to is not None:
        moved = {"migrate_to_chat_id": room.moved_to}
        raise bad_request("group chat was upgraded to a supergroup chat", moved)
    if room.blocked:
        kind = room.chat["type"]
        by = "bot was blocked by the user" if room.private else f"bot was kicked from the {kind} chat"
        raise ApiError(403, f"Forbidden: {by}")
    return room


def _thread(room: Room, params: Json, *, general: bool = False) -> int | None:
    thread = _integer(params, "message_thread_id")
    if not thread or not (room.forum or room.private):
        return None  # elsewhere it is ignored
    if thread == GENERAL and room.forum and general:
        return None
    if thread == GENERAL or thread not in room.topics:
        raise bad_request("message thread not found")
    return thread


def _replied(room: Room, params: Json) -> Json | None:
    reply = decoded(params.get("reply_parameters")) or {}
    if not isinstance(reply, dict):
        raise bad_request("can't parse reply parameters: expected an Object")
    number = _integer(reply, "message_id") or _integer(params, "reply_to_message_id")
    if not number:
        return None
    message = room.messages.get(number)
    loose = reply.get("allow_sending_without_reply") or params.get("allow_sending_without_reply")
    if message is None and str(loose).lower() not in ("true", "1"):
        raise bad_request("message to be replied not found")
    return message


def _integer(params: Json, key: str) -> int:
    try:
        return int(params.get(key) or 0)
    except (TypeError, ValueError):
        return 0  # as the real server reads it


def _count(world: World, room: Room, *, draft: bool = False) -> None:
    if world.flood is not None:
        world.flood.take(room.chat["id"], draft=draft)


def _file(world: World, params: Json, key: str, most: int, folder: str, ending: str, **info: Any) -> Json:
    given = params.get(key)
    if isinstance(given, str) and given.startswith("attach://"):
        given = params.get(given.removeprefix("attach://"))
    if isinstance(given, Upload):
        if len(given) > most:
            raise ApiError(413, "Request Entity Too Large")
        if not given:
            raise bad_request("file must be non-empty")
        if key == "document":
            info = {"file_name": given.name, "mime_type": given.mime_type}
        return world.store(bytes(given), folder, ending, **info)
    stored = world.files.get(str(given or ""))
    if stored is None:
        raise bad_request(
            f"there is no {key} in the request" if not given else "wrong file identifier specified"
        )
    return {key: value for key, value in stored.info.items() if key != "file_path"} | info


def _send_file(world: World, params: Json, kind: str, file: Any) -> Json:
    caption, entities = formatted(params, "caption", "caption_entities")
    room = _room(world, params)
    thread = _thread(room, params)
    replied = _replied(room, params)
    if units(caption) > MAX_CAPTION:
        raise bad_request("message caption is too long")
    _count(world, room)
    return world.publish(room, kind, caption, entities, **{kind: file}, **world.place(room, thread, replied))
