"""A message of a bot's, as sendmessage takes it and as the person's phone shows it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .cdn import decipher, hex_key, padded
from .refusals import bad_argument
from .world import Bot, Json, Medium, Sent, World

LONGEST_TEXT = 2000
_BOT, _FINISHED = 2, 2


@dataclass(frozen=True, slots=True)
class _Kind:
    """How an item of a type looks: where its content is, and which of its fields say its size."""

    name: str
    field: str
    cipher_size: str = ""


_KINDS = {
    1: _Kind("text", "text_item"),
    2: _Kind("image", "image_item", "mid_size"),
    3: _Kind("voice", "voice_item"),
    4: _Kind("file", "file_item"),
    5: _Kind("video", "video_item", "video_size"),
    11: _Kind("tool", "tool_call_start_item"),
    12: _Kind("tool", "tool_call_result_item"),
}


def read(world: World, bot: Bot, message: Json, number: int) -> Sent:
    """The one thing that *message* shows. Raises `Refusal`."""
    if message.get("message_type") != _BOT or message.get("message_state") != _FINISHED:
        raise bad_argument("message_type and message_state must be 2")
    if message.get("from_user_id", "") not in ("", bot.id):
        raise bad_argument("from_user_id is not the bot's")
    items = message.get("item_list")
    if not isinstance(items, list) or len(items) != 1 or not isinstance(items[0], dict):
        raise bad_argument("item_list must hold exactly one item")
    token, client_id = message.get("context_token") or "", message.get("client_id") or ""
    if not isinstance(token, str) or not isinstance(client_id, str):
        raise bad_argument("context_token and client_id must be strings")
    kind, item = _item(items[0])
    sent = Sent(kind.name, "", "", bot, token, client_id, item, number)
    if kind.name == "text":
        return _text(sent)
    return sent if kind.name == "tool" else _medium(world, sent, kind)


def _item(item: Json) -> tuple[_Kind, Json]:
    kind = _KINDS.get(item.get("type", 0))
    content: Any = item.get(kind.field) if kind else None
    if kind is None or not isinstance(content, dict):
        raise bad_argument("an item needs a known type and the field of that type")
    return kind, content


def _text(sent: Sent) -> Sent:
    """What is too long is cut, and nobody is told."""
    text = sent.item.get("text")
    if not isinstance(text, str) or not text:
        raise bad_argument("text_item.text must say something")
    return replace(sent, text=text[:LONGEST_TEXT], written=text)


def _medium(world: World, sent: Sent, kind: _Kind) -> Sent:
    """A file: the phone fetches it and deciphers it with the key in the message, or shows it as broken."""
    media = sent.item.get("media")
    if not isinstance(media, dict):
        raise bad_argument("a file needs its media")
    stored = world.media.get(str(media.get("encrypt_query_param")))
    if stored is None:
        raise bad_argument("encrypt_query_param is not what an upload gave")
    name = sent.item.get("file_name", "")
    if kind.name == "file" and not (isinstance(name, str) and name):
        raise bad_argument("file_item.file_name is mandatory")
    _check_sizes(world, sent, kind, stored)
    key = hex_key(media.get("aes_key"))
    content = decipher(stored.stored, key) if key else None
    if content is None:
        world.complain(f"the {kind.name} cannot be opened: aes_key must be base64 of the key's hex digits")
    return replace(sent, name=name, content=content)


def _check_sizes(world: World, sent: Sent, kind: _Kind, stored: Medium) -> None:
    """The phone shows sizes and progress by these; what is wrong is shown wrong."""
    size = len(stored.plain)
    if kind.cipher_size and sent.item.get(kind.cipher_size) != padded(size):
        world.complain(f"{kind.field}.{kind.cipher_size} is not the ciphertext's size")
    if kind.name == "file" and sent.item.get("len") != str(size):
        world.complain("file_item.len is not the file's size, as a string")
